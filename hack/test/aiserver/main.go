// Command aiserver serves the metrics of a model's server or gateway as the real one exposes them: one of the sources that a
// signal can be read from. Every scrape adds one round of calls to two models, so that rates are known.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/plimsoll-dev/plimsoll/hack/program"
)

func main() { program.Main("aiserver", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("aiserver", flag.ContinueOnError)
	fs.SetOutput(out)
	listen := fs.String("listen", ":9001", "`address` to listen on")
	source := fs.String("source", "vLLM", "whose `metrics`: of vLLM, LiteLLM, Bifrost, agentgateway or EnvoyAIGateway")
	native := fs.Float64("native", 0, "histograms have native buckets, each wider by at most this `factor`")
	classic := fs.Bool("classic", true, "histograms have classic buckets")
	if err := fs.Parse(args); err != nil {
		return err
	}
	families, err := load(*source)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	handler := eachScrape(registry, register(registry, families, *classic, *native), []string{"large", "small"}, 0)
	srv := &http.Server{Addr: *listen, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	_, _ = fmt.Fprintf(out, "aiserver: %s's metrics are on %s\n", *source, *listen)
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", *listen, err)
	}
	return nil
}

// player plays a round of calls to the models, the first of which has the rank.
type player func(models []string, rank int)

// register makes the metrics. Histograms have classic buckets, native ones by a factor, or both.
func register(registry *prometheus.Registry, families []family, classic bool, native float64) player {
	var all []player
	for _, f := range families {
		var record func(labels map[string]string, value float64)
		help := "As the real one's."
		switch f.Type {
		case "counter":
			vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: f.Name, Help: help}, f.labelNames())
			registry.MustRegister(vec)
			record = func(labels map[string]string, value float64) { vec.With(labels).Add(value) }
		case "gauge":
			vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: f.Name, Help: help}, f.labelNames())
			registry.MustRegister(vec)
			record = func(labels map[string]string, value float64) { vec.With(labels).Set(value) }
		default:
			opts := prometheus.HistogramOpts{Name: f.Name, Help: help, NativeHistogramBucketFactor: native}
			if classic {
				opts.Buckets = f.Buckets
			}
			vec := prometheus.NewHistogramVec(opts, f.labelNames())
			registry.MustRegister(vec)
			record = func(labels map[string]string, value float64) { vec.With(labels).Observe(value) }
		}
		all = append(all, func(models []string, rank int) { f.play(models, rank, record) })
	}
	return func(models []string, rank int) {
		for _, play := range all {
			play(models, rank)
		}
	}
}

// eachScrape plays a round before it serves the registry.
func eachScrape(registry *prometheus.Registry, play player, models []string, rank int) http.Handler {
	scrape := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		play(models, rank)
		scrape.ServeHTTP(w, r)
	})
}
