//go:build integration

package main

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
)

// past is when the history of the tests ends.
var past = time.Now().Add(-3 * time.Hour).UTC().Truncate(30 * time.Second)

// serverWithCPU runs a Prometheus that has a week of system_cpu_usage_percent, every 30 s until past, as the function gives it.
func serverWithCPU(t *testing.T, config string, cpu func(pod string, at time.Time) float64) *prometheusserver.Server {
	t.Helper()
	return prometheusserver.StartWithHistory(t, config, func(w io.Writer) {
		fmt.Fprintln(w, "# TYPE system_cpu_usage_percent gauge")
		for _, pod := range []string{"one", "two"} {
			for at := past.Add(-7 * 24 * time.Hour); !at.After(past); at = at.Add(30 * time.Second) {
				fmt.Fprintf(w, "system_cpu_usage_percent{namespace=\"ai\",pod=%q} %g %d\n", pod, cpu(pod, at), at.Unix())
			}
		}
	})
}

// spikes is a load of 50% with seven hours of 90%: on pod one, beginning 12 hours before past and every day before that,
// so that none is cut by an end of the week; on pod two never.
func spikes(pod string, at time.Time) float64 {
	if ago := past.Sub(at) % (24 * time.Hour); pod == "one" && 11*time.Hour < ago && ago <= 12*time.Hour {
		return 90
	}
	return 50
}
