//go:build tuner

package tuner

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "take the README's picture again")

// TestPicture takes the README's picture, of a history that is easy to read.
func TestPicture(t *testing.T) {
	if !*update {
		t.Skip("go test -tags tuner -run Picture ./hack/test/tuner -update takes it")
	}
	s := newStage(t, writeLatency).withCluster(t)
	slow := parse(`{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: checkout-latency, namespace: ai}, spec: {alert: CheckoutSlow,
  expr: 'max by (service) (latency_seconds)', unit: Seconds, levels: [{severity: warning, above: 2s, for: 5m}, {severity: critical, above: 8s, for: 2m, keepFiringFor: 10m}]}}`)
	s.create(t, &slow)
	s.drive(t, "picture.mjs", func(r result) string {
		if r.Error != "" {
			t.Error(r.Error)
		}
		return ""
	}, "TUNER_URL="+s.tune(t, slow.Name, "-n", slow.Namespace))
}

// writeLatency writes latencies that are calm but for an incident now and then, which grows fast and ends slowly, and what fired.
func writeLatency(w io.Writer) {
	fmt.Fprintln(w, "# TYPE latency_seconds gauge")
	var fired []int64
	for i, service := range []string{"basket", "cart", "catalogue", "checkout", "login", "payment", "search", "shipping"} {
		rng := rand.New(rand.NewPCG(11, uint64(i)))
		base, wave, incident, drift := 0.5+0.3*rng.Float64(), 0.2+0.25*rng.Float64(), 0.0, 0.0
		above := 0
		for at := start; !at.After(end); at = at.Add(step) {
			hour := float64(at.Unix()%86400)/3600 + 1
			if rng.IntN(24000) == 0 {
				incident = 1.2 + 9*rng.Float64()*rng.Float64()
			}
			incident *= 0.985
			drift += 0.02 * (0.06*rng.NormFloat64() - drift)
			v := base + wave*(1+math.Sin((hour-9)/24*2*math.Pi))/2 + incident + drift + 0.015*rng.NormFloat64()
			if above++; v <= 2 {
				above = 0
			}
			if above > 10 {
				fired = append(fired, at.Unix())
			}
			fmt.Fprintf(w, "latency_seconds{namespace=\"ai\",service=%q} %.3f %d\n", service, v, at.Unix())
		}
	}
	slices.Sort(fired)
	fmt.Fprintln(w, "# TYPE ALERTS gauge")
	for _, at := range slices.Compact(fired) {
		fmt.Fprintf(w, "ALERTS{alertname=\"CheckoutSlow\",alertstate=\"firing\",severity=\"warning\",namespace=\"ai\",alertthreshold=\"checkout-latency\"} 1 %d\n", at)
	}
}
