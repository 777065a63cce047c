package observe

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// crowd is n thresholds of three series each, and what Prometheus answers about them.
type crowd struct {
	plans  []*rules.Plan
	groups []promapi.Group
	levels model.Vector
	values model.Vector
}

func newCrowd(b *testing.B, n int) crowd {
	b.Helper()
	var c crowd
	for i := range n {
		t := &v1alpha1.AlertThreshold{}
		t.Namespace, t.Name = "ai", fmt.Sprintf("threshold-%d", i)
		t.Spec = v1alpha1.AlertThresholdSpec{
			Alert:  "Slow",
			Signal: &v1alpha1.Signal{Name: "HTTPLatency", By: []string{"endpoint"}},
			Levels: []v1alpha1.Level{{Severity: "warning", Above: "2s", For: "10m"}, {Severity: "critical", Above: "5s", For: "10m"}},
		}
		plan, errs := rules.Resolve(t)
		if len(errs) > 0 {
			b.Fatal(errs.ToAggregate())
		}
		c.plans, c.groups = append(c.plans, plan), append(c.groups, answer(plan))
		identity := func(name string) model.Metric {
			return model.Metric{model.MetricNameLabel: model.LabelValue(name), "namespace": "ai", "alertthreshold": model.LabelValue(t.Name)}
		}
		for _, level := range plan.Levels {
			c.levels = append(c.levels, &model.Sample{Metric: identity(rules.ThresholdMetric), Value: model.SampleValue(level.Value)})
		}
		for _, endpoint := range []string{"/chat", "/stats", "/v1/chat/completions"} {
			metric := identity(rules.SignalMetric)
			metric["endpoint"] = model.LabelValue(endpoint)
			c.values = append(c.values, &model.Sample{Metric: metric, Value: 1})
		}
	}
	return c
}

func (c crowd) snapshot(at time.Time) *Snapshot {
	snap := NewSnapshot(at)
	for _, group := range c.groups {
		snap.AddGroup(group)
	}
	snap.AddSignals(c.values)
	snap.AddThresholds(c.levels)
	return snap
}

// BenchmarkObserve5000 is one round over 5,000 thresholds: to index the answer and to judge every threshold by it. It
// reports what stays in memory of both.
func BenchmarkObserve5000(b *testing.B) {
	c := newCrowd(b, 5000)
	subjects := make([]*TrackedThreshold, len(c.plans))
	before := heap()
	for i, plan := range c.plans {
		subjects[i] = NewTrackedThreshold(plan)
	}
	withSubjects := heap()
	snap := c.snapshot(noon)
	withSnapshot := heap()
	b.ReportAllocs()
	for b.Loop() {
		snap = c.snapshot(snap.At.Add(time.Second))
		for _, s := range subjects {
			s.Observe(snap)
		}
	}
	b.ReportMetric(float64(withSubjects-before)/1e6, "MB/subjects")
	b.ReportMetric(float64(withSnapshot-withSubjects)/1e6, "MB/snapshot")
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
