package replay

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// BenchmarkThreshold replays a day of 100 series every 30 seconds at three levels: with an alert for each series, and where an alert may be
// that of several. It reports samples a second.
func BenchmarkThreshold(b *testing.B) {
	w := backtest.Window{Start: start, End: start.Add(24 * time.Hour), Step: 30 * time.Second}
	rng := rand.New(rand.NewPCG(1, 2))
	var part model.Matrix
	for i := range 100 {
		s := &model.SampleStream{Metric: model.Metric{"__name__": "x", "namespace": "ai", "pod": model.LabelValue(fmt.Sprint(i))}}
		for at := w.Start; !at.After(w.End); at = at.Add(w.Step) {
			s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(at.UnixNano()), Value: model.SampleValue(rng.Float64() * 3)})
		}
		part = append(part, s)
	}
	for _, expr := range []string{"sum by (pod) (x)", "x"} {
		b.Run(expr, func(b *testing.B) {
			at := &v1alpha1.AlertThreshold{}
			at.Namespace, at.Name = "ai", "x"
			at.Spec.Alert, at.Spec.Expr = "X", expr
			at.Spec.Levels = []v1alpha1.Level{{Severity: "info", Above: "2.9"}, {Severity: "warning", Above: "2.95", For: "1m"}, {Severity: "critical", Above: "2.99", For: "1m"}}
			plan, errs := rules.Resolve(at)
			if len(errs) > 0 {
				b.Fatal(errs.ToAggregate())
			}
			for b.Loop() {
				r, err := New(w, plan, plan.Levels)
				if err != nil {
					b.Fatal(err)
				}
				if err := r.Ingest(part, w.End); err != nil {
					b.Fatal(err)
				}
				r.Result()
			}
			b.ReportMetric(float64(100*w.Evaluations()*b.N)/b.Elapsed().Seconds(), "samples/s")
		})
	}
}
