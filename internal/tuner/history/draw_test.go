package history

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestSeriesAreDrawn: each bucket has the least and the greatest of its values.
func TestSeriesAreDrawn(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 9))
		w, whole := history(rng)
		s := NewSamples(w)
		if err := s.Ingest(slices.DeleteFunc(whole, func(one *model.SampleStream) bool { return len(one.Values) == 0 }), w.End); err != nil {
			t.Fatal(err)
		}
		width := 1 + rng.IntN(100)
		drawn, times := s.Draw(rules.Level{Comparison: rules.Above}, width, 10)
		n := w.Evaluations()
		for _, one := range drawn {
			i := slices.IndexFunc(whole, func(stream *model.SampleStream) bool { return stream.Metric.Equal(one.Labels) })
			for bucket := range times {
				least, greatest := math.NaN(), math.NaN()
				for _, v := range whole[i].Values {
					at := int(v.Timestamp.Time().Sub(w.Start) / w.Step)
					if x := float64(v.Value); at >= bucket*n/len(times) && at < (bucket+1)*n/len(times) && !math.IsNaN(x) {
						if !(x >= least) {
							least = x
						}
						if !(x <= greatest) {
							greatest = x
						}
					}
				}
				if got := [2]float64{one.Min[bucket], one.Max[bucket]}; fmt.Sprint(got) != fmt.Sprint([2]float64{least, greatest}) {
					t.Fatalf("seed %d, bucket %d of %s: %v, want %g and %g", seed, bucket, one.Name, got, least, greatest)
				}
			}
		}
	}
}
