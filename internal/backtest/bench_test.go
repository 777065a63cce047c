package backtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// targetSpeed is how many samples a second the replay of three levels should take on one core.
const targetSpeed = 20e6

// benchPlan watches with three levels a signal that crosses the first now and then.
var benchPlan = &rules.Plan{
	Value: rules.Value{Unit: unit.Seconds, Max: math.Inf(1)},
	Levels: []rules.Level{
		{Severity: "info", Comparison: rules.Above, Value: 2, Unit: unit.Seconds},
		{Severity: "warning", Comparison: rules.Above, Value: 2.5, Unit: unit.Seconds, For: 5 * time.Minute},
		{Severity: "critical", Comparison: rules.Above, Value: 3, Unit: unit.Seconds, For: 5 * time.Minute, KeepFiringFor: 10 * time.Minute},
	},
}

// benchParts are a week of 100 series every 30 seconds, some with gaps, in parts as large as a range query gives.
func benchParts() (w Window, parts []model.Matrix, throughs []time.Time, samples int) {
	w = Window{Start: start, End: start.Add(week), Step: 30 * time.Second}
	rng := rand.New(rand.NewPCG(1, 2))
	whole := make(model.Matrix, 100)
	for i := range whole {
		values := make([]float64, w.Evaluations())
		v := 1.0
		for j := range values {
			v += 0.02*(1-v) + rng.NormFloat64()*0.12
			values[j] = v
			if i%10 == 0 && rng.IntN(100) == 0 {
				values[j] = gone
			}
		}
		whole[i] = series(w, fmt.Sprint("/", i), 0, values...)
		samples += len(whole[i].Values)
	}
	const points = 2750
	for next := 0; next < w.Evaluations(); next += points {
		through := w.at(min(next+points, w.Evaluations()) - 1)
		parts, throughs = append(parts, between(whole, w.at(next), through)), append(throughs, through)
	}
	return w, parts, throughs, samples
}

func BenchmarkReplay(b *testing.B) {
	w, parts, throughs, samples := benchParts()
	b.ReportAllocs()
	fires := 0
	for b.Loop() {
		r, err := NewReplay(w, benchPlan.Levels)
		if err != nil {
			b.Fatal(err)
		}
		for i, part := range parts {
			if err := r.Ingest(part, throughs[i]); err != nil {
				b.Fatal(err)
			}
		}
		fires = r.Result().Levels[0].Fires
	}
	report(b, samples)
	b.ReportMetric(targetSpeed/1e6, "target-Msamples/s")
	b.ReportMetric(float64(fires), "fires")
}

func BenchmarkSurvey(b *testing.B) {
	w, parts, throughs, samples := benchParts()
	b.ReportAllocs()
	for b.Loop() {
		s, err := NewSweep(w, benchPlan)
		if err != nil {
			b.Fatal(err)
		}
		for i, part := range parts {
			if err := s.Ingest(part, throughs[i]); err != nil {
				b.Fatal(err)
			}
		}
		if r := s.Recommend(OnceAWeek); !r[0].Found {
			b.Fatal(r[0].Because)
		}
	}
	report(b, samples)
}

// report says how many samples of series a second went through all levels.
func report(b *testing.B, samples int) {
	b.ReportMetric(float64(samples)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Msamples/s")
}
