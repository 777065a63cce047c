//go:build unix

package tuner

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// BenchmarkDrag moves one of two levels over 8 million samples, over HTTP, as the page does: four weeks of 100 series every 30 seconds, of
// noise around 1.
func BenchmarkDrag(b *testing.B) {
	resource := newResource()
	resource.Spec.Levels[1].Above = "100"
	w := backtest.Window{Step: 30 * time.Second, Start: minutes(1).Start}
	w.End = w.Start.Add(4*week - w.Step)
	rng := rand.New(rand.NewPCG(1, 1))
	whole := make(model.Matrix, 100)
	for i := range whole {
		values, v := make([]float64, w.Evaluations()), 1.0
		for j := range values {
			v += 0.02*(1-v) + rng.NormFloat64()*0.12
			values[j] = v
		}
		whole[i] = streamOf(w, fmt.Sprint("/", i), 0, values...)
	}
	s := serveHistory(b, w, whole, Options{Target: newTarget(b, resource)})
	clear(whole)
	runtime.GC()
	var before syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	var took []time.Duration
	for b.Loop() {
		body := fmt.Sprintf(`{"levels":[{"severity":"warning","above":%.3f,"for":%d},{"severity":"critical","above":100}]}`, 4*rng.Float64(), 60*rng.IntN(10))
		began := time.Now()
		resp, err := http.Post(s.url("api/replay"), "application/json", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(resp.Status, err)
		}
		resp.Body.Close()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
	var after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	b.ReportMetric(float64(after.Utime.Nano()-before.Utime.Nano())/1e6/float64(b.N), "cpu-ms/op") // of all processors, and of a busy machine too
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(memory.HeapAlloc)/(1<<20), "heap-MiB")
}
