//go:build integration

package main

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// conventions are the programs of OpenTelemetry's conventions: whose instruments they have, and which their latencies are.
var conventions = []struct {
	name      string
	files     []string
	latencies map[string]string
	lacks     []string
}{
	{"new", []string{"opentelemetry"}, newLatencies, nil},
	{"old", []string{"opentelemetry-old"}, map[string]string{
		signal.ModelLatency:          "gen_ai.client.operation.duration",
		signal.ModelTimeToFirstToken: "gen_ai.client.operation.time_to_first_chunk",
		signal.TimePerOutputToken:    "gen_ai.client.operation.time_per_output_chunk",
	}, nil},
	{"both", []string{"opentelemetry", "opentelemetry-old"}, newLatencies, nil}, // counted once
	{"server", []string{"opentelemetry-server"}, map[string]string{
		signal.ModelTimeToFirstToken: "gen_ai.server.time_to_first_token", signal.TimePerOutputToken: "gen_ai.server.time_per_output_token",
	}, []string{signal.ModelErrorRatio, signal.ModelLatency, signal.TokenRate}},
}

var newLatencies = map[string]string{
	signal.ModelLatency:          "gen_ai.client.inference.duration",
	signal.ModelTimeToFirstToken: "gen_ai.client.inference.time_to_first_chunk",
	signal.TimePerOutputToken:    "gen_ai.client.inference.time_per_output_chunk",
}

// aggregations are OpenTelemetry's classic and native histograms.
var aggregations = []struct {
	name, scrape string
	views        []sdkmetric.View
}{
	{"explicit", "", nil},
	{"exponential", "scrape_native_histograms: true", []sdkmetric.View{sdkmetric.NewView(
		sdkmetric.Instrument{Kind: sdkmetric.InstrumentKindHistogram},
		sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}},
	)}},
}

// TestOpenTelemetry holds both generations of the conventions, by OpenTelemetry's SDK, to what was put in: scraped from its
// Prometheus exporter, and pushed by OTLP.
func TestOpenTelemetry(t *testing.T) {
	var scraped, pushed []target
	var push []func(url string)
	rank := 0
	for _, c := range conventions {
		for _, a := range aggregations {
			g := target{source: signal.OpenTelemetry, lacks: c.lacks, scrape: a.scrape, bounds: map[string]family{}, rank: rank % 5}
			var families []family
			for _, file := range c.files {
				families = append(families, instruments(t, "testdata/"+file+".yaml")...)
			}
			g.findBounds(t, families, c.latencies)
			g.namespace = "scraped-" + c.name + "-" + a.name
			registry := prometheus.NewRegistry()
			exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
			if err != nil {
				t.Fatal(err)
			}
			options := []sdkmetric.Option{sdkmetric.WithReader(exporter), sdkmetric.WithView(a.views...)}
			g.handler = eachScrape(registry, instrument(t, families, sdkmetric.NewMeterProvider(options...)), models, g.rank)
			scraped = append(scraped, g)

			g.namespace, g.namespaceLabel, g.rank = "pushed-"+c.name+"-"+a.name, "k8s_namespace_name", (rank+1)%5
			pushed = append(pushed, g)
			push = append(push, func(url string) { g.push(t, url, families, a.views) })
			rank++
		}
	}
	server, url := scrapeAll(t, scraped, "--web.enable-otlp-receiver")
	for _, push := range push {
		push(url)
	}
	for _, g := range append(scraped, pushed...) {
		t.Run(g.namespace, func(t *testing.T) {
			t.Parallel()
			g.holds(t, server)
			g.namespaceLabel = map[string]string{"": "k8s_namespace_name", "k8s_namespace_name": ""}[g.namespaceLabel]
			for _, c := range g.checks(t) { // the other label shows nothing of it
				c.want = nil
				if err := c.do(t, server); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestPushedOnly: where all series are pushed, every signal's question for those without a namespace has its sample; as soon as
// a program is scraped it has none any more.
func TestPushedOnly(t *testing.T) {
	g := target{namespace: "pushed", source: signal.OpenTelemetry}
	families := instruments(t, "testdata/opentelemetry-old.yaml")
	registry := prometheus.NewRegistry()
	var started atomic.Bool // the scraped program answers nothing before
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		t.Fatal(err)
	}
	handler := eachScrape(registry, instrument(t, families, sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter))), models, 0)
	scraped := target{namespace: "scraped", handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if started.Load() {
			handler.ServeHTTP(w, r)
		}
	})}
	server, url := scrapeAll(t, []target{scraped}, "--web.enable-otlp-receiver")
	g.push(t, url, families, nil)
	for _, want := range []bool{true, false} {
		started.Store(!want)
		for _, s := range signal.Of(g.source) {
			deadline := time.Now().Add(patience)
			for server.Holds(t.Context(), s.NoNamespace()) != want {
				if time.Now().After(deadline) {
					t.Fatalf("%s: not %v: %s", s.Name, want, s.NoNamespace())
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
	}
}

// instrument makes the instruments of the families.
func instrument(t *testing.T, families []family, provider metric.MeterProvider) player {
	t.Helper()
	meter, ctx := provider.Meter("aiserver"), context.Background()
	var all []player
	for _, f := range families {
		var record func(float64, metric.MeasurementOption)
		if f.Type == "counter" {
			counter, err := meter.Float64Counter(f.Name, metric.WithUnit(f.Unit))
			if err != nil {
				t.Fatal(err)
			}
			record = func(v float64, labels metric.MeasurementOption) { counter.Add(ctx, v, labels) }
		} else {
			histogram, err := meter.Float64Histogram(f.Name, metric.WithUnit(f.Unit), metric.WithExplicitBucketBoundaries(f.Buckets...))
			if err != nil {
				t.Fatal(err)
			}
			record = func(v float64, labels metric.MeasurementOption) { histogram.Record(ctx, v, labels) }
		}
		all = append(all, func(models []string, rank int) {
			f.play(models, rank, func(labels map[string]string, value float64) { record(value, attributes(labels)) })
		})
	}
	return func(models []string, rank int) {
		for _, play := range all {
			play(models, rank)
		}
	}
}

// attributes are the labels that have a value.
func attributes(labels map[string]string) metric.MeasurementOption {
	var all []attribute.KeyValue
	for name, value := range labels {
		if value != "" {
			all = append(all, attribute.String(name, value))
		}
	}
	return metric.WithAttributes(all...)
}

// push plays a round and pushes it to Prometheus every second until the test ends.
func (g target) push(t *testing.T, url string, families []family, views []sdkmetric.View) {
	t.Helper()
	exporter, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithEndpointURL(url+"/api/v1/otlp/v1/metrics"))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(wholeSeconds{exporter}, sdkmetric.WithInterval(time.Hour))),
		sdkmetric.WithView(views...),
		sdkmetric.WithResource(resource.NewSchemaless(attribute.String("service.name", g.namespace),
			attribute.String("service.instance.id", g.namespace+"-0"), attribute.String("k8s.namespace.name", g.namespace))),
	)
	play, done := instrument(t, families, provider), make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() {
		stop()
		<-done
		_ = provider.Shutdown(context.Background())
	})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(time.Now().Truncate(time.Second).Add(time.Second))):
			}
			play(models, g.rank)
			if err := provider.ForceFlush(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("pushing to Prometheus: %v", err)
			}
		}
	}()
}

// wholeSeconds gives points the time of their second, as Prometheus does with scrapes, so that rates are known exactly.
type wholeSeconds struct{ sdkmetric.Exporter }

func (e wholeSeconds) Export(ctx context.Context, all *metricdata.ResourceMetrics) error {
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[float64]:
				for i := range data.DataPoints {
					data.DataPoints[i].Time = data.DataPoints[i].Time.Truncate(time.Second)
				}
			case metricdata.Histogram[float64]:
				for i := range data.DataPoints {
					data.DataPoints[i].Time = data.DataPoints[i].Time.Truncate(time.Second)
				}
			case metricdata.ExponentialHistogram[float64]:
				for i := range data.DataPoints {
					data.DataPoints[i].Time = data.DataPoints[i].Time.Truncate(time.Second)
				}
			default:
				return fmt.Errorf("%s is a %T", m.Name, data)
			}
		}
	}
	return e.Exporter.Export(ctx, all)
}
