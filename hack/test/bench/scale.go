package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// What is extrapolated to.
const (
	manyThresholds = 10_000
	manyClusters   = 100
	manyReplicas   = 1_000
)

// load is what a number of thresholds cost, all of them together.
type load struct {
	thresholds int
	values     []float64 // of loadNames
}

// loadNames are what is measured, in the order of the table.
var loadNames = []string{
	"API objects", "bytes of them, as JSON", "etcd's file, MiB", "series in Prometheus", "rules",
	"rule evaluations per second", "time of all evaluations, ms", "questions to Prometheus per second, new ones being tried on the past", "controller's memory, MiB",
}

// benchScale measures what thresholds and replicas of the assistant cost a control plane and a Prometheus, and says what
// more of them will.
func benchScale(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	steps := flags.String("thresholds", "100,1000", "how many thresholds, in ascending order, with commas between them")
	counted := flags.Duration("counted", time.Minute, "for how long evaluations and questions are counted")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var sizes []int
	for text := range strings.SplitSeq(*steps, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n <= 0 || len(sizes) > 0 && n <= sizes[len(sizes)-1] {
			return fmt.Errorf("-thresholds %q: want numbers in ascending order", *steps)
		}
		sizes = append(sizes, n)
	}
	if len(sizes) < 2 {
		return errors.New("-thresholds: two numbers are the fewest from which growth can be told")
	}
	if err := scaleReplicas(ctx, out); err != nil {
		return err
	}
	rig, err := newControllerBench(ctx, controllerSizes{clients: 8}, out)
	if err != nil {
		return err
	}
	b := &observeBench{controllerBench: rig, counted: *counted, out: out}
	defer func() { err = errors.Join(err, b.close(context.WithoutCancel(ctx))) }()
	if err := b.prometheus(ctx, 1); err != nil {
		return err
	}
	b.flags = []string{"--prometheus-url", b.past.url, "--prometheus-interval", observeInterval.String(), "--backtest-window", "1h"}
	if err := b.start(ctx); err != nil {
		return err
	}
	var loads []load
	have := 0
	for _, n := range sizes {
		first := have
		if err := b.each(ctx, n-first, func(ctx context.Context, i int) error { return b.client.Create(ctx, noisyThreshold(first+i)) }); err != nil {
			return err
		}
		have = n
		l, err := b.load(ctx, n)
		if err != nil {
			return err
		}
		loads = append(loads, l)
	}
	return printScale(out, loads)
}

// load measures, once Prometheus has the rules of n thresholds and has evaluated them a few times.
func (b *observeBench) load(ctx context.Context, n int) (load, error) {
	limit := time.Now().Add(20 * time.Minute)
	for {
		p, err := b.sums(ctx)
		if err != nil {
			return load{}, err
		}
		if p["prometheus_rule_group_rules"] >= float64(3*n) { // as many has a threshold of one level
			break
		}
		if time.Now().After(limit) {
			return load{}, fmt.Errorf("prometheus has %v rules, want those of %d thresholds", p["prometheus_rule_group_rules"], n)
		}
		if err := sleep(ctx, time.Second); err != nil {
			return load{}, err
		}
	}
	if err := sleep(ctx, 3*observeInterval); err != nil {
		return load{}, err
	}
	fmt.Fprintf(b.out, "%d thresholds are loaded; counting for %s\n", n, b.counted)
	before, err := b.sums(ctx)
	if err != nil {
		return load{}, err
	}
	asked, err := b.questions(ctx)
	if err != nil {
		return load{}, err
	}
	if err := sleep(ctx, b.counted); err != nil {
		return load{}, err
	}
	after, err := b.sums(ctx)
	if err != nil {
		return load{}, err
	}
	askedThen, err := b.questions(ctx)
	if err != nil {
		return load{}, err
	}
	questions := 0.0
	for _, path := range []string{"/api/v1/rules", "/api/v1/query", "/api/v1/status/runtimeinfo", "/api/v1/query_range"} {
		questions += askedThen[path] - asked[path]
	}
	objects, size, err := b.objects(ctx)
	if err != nil {
		return load{}, err
	}
	stored, err := scrape(ctx, b.cfg, b.cfg.Host+"/metrics")
	if err != nil {
		return load{}, err
	}
	var file float64
	for _, m := range stored["apiserver_storage_size_bytes"].GetMetric() {
		file += m.GetGauge().GetValue()
	}
	memory, _, err := b.resident()
	const evaluated = "prometheus_rule_evaluations_total"
	return load{n, []float64{
		float64(objects), float64(size), file / (1 << 20), after["prometheus_tsdb_head_series"], after["prometheus_rule_group_rules"],
		(after[evaluated] - before[evaluated]) / b.counted.Seconds(), 1000 * after["prometheus_rule_group_last_duration_seconds"],
		questions / b.counted.Seconds(), memory,
	}}, err
}

// sums are Prometheus' own counters and gauges, each over all its labels.
func (b *observeBench) sums(ctx context.Context) (map[string]float64, error) {
	families, err := scrape(ctx, nil, b.past.url+"/metrics")
	if err != nil {
		return nil, err
	}
	sums := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			sums[name] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sums, nil
}

// objects are the thresholds and rules there are, and their size in bytes.
func (b *observeBench) objects(ctx context.Context) (n, size int, err error) {
	var thresholds v1alpha1.AlertThresholdList
	var rules monitoringv1.PrometheusRuleList
	for _, list := range []client.ObjectList{&thresholds, &rules} {
		if err := b.client.List(ctx, list); err != nil {
			return 0, 0, err
		}
		text, err := json.Marshal(list)
		if err != nil {
			return 0, 0, err
		}
		size += len(text)
	}
	return len(thresholds.Items) + len(rules.Items), size, nil
}

// printScale prints what was measured, what each further threshold adds, and what that comes to.
func printScale(out io.Writer, loads []load) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "measured with thresholds:\t")
	for _, l := range loads {
		fmt.Fprintf(table, "%d\t", l.thresholds)
	}
	fmt.Fprintf(table, "each more\tat %d, extrapolated\tin %d clusters of them\t\n", manyThresholds, manyClusters)
	first, last := loads[0], loads[len(loads)-1]
	for i, name := range loadNames {
		fmt.Fprintf(table, "%s\t", name)
		for _, l := range loads {
			fmt.Fprintf(table, "%s\t", plainNumber(l.values[i]))
		}
		each := (last.values[i] - first.values[i]) / float64(last.thresholds-first.thresholds)
		at := extrapolate(last.values[i], each, last.thresholds)
		fmt.Fprintf(table, "%s\t%s\t%s\t\n", plainNumber(each), plainNumber(at), plainNumber(at*manyClusters))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "extrapolated = at %d + (%d - %d) * each more; each more = (at %d - at %d) / (%d - %d); clusters share nothing, so times %d\n",
		last.thresholds, manyThresholds, last.thresholds, last.thresholds, first.thresholds, last.thresholds, first.thresholds, manyClusters)
	return err
}

// plainNumber is a number with the digits that matter.
func plainNumber(v float64) string {
	digits := 2
	if math.Abs(v) >= 100 {
		digits = 0
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

func extrapolate(last, each float64, thresholds int) float64 {
	return last + float64(manyThresholds-thresholds)*each
}

// scaleReplicas counts the series of an assistant that has been used in every way, for they are the same in each replica.
func scaleReplicas(ctx context.Context, out io.Writer) error {
	return withRig(ctx, func(r *rig) error {
		s := r.service(askerClient())
		if times, failed := s.steady(ctx, 50, 200); len(failed) > 0 {
			return fmt.Errorf("%d of %d chats failed: %w", len(failed), len(times)+len(failed), failed[0])
		}
		var series, size int
		for range 2 { // the first scrape adds the series of scrapes
			resp, err := open(ctx, http.DefaultClient, r.assistant+"/metrics")
			if err != nil {
				return err
			}
			page, err := io.ReadAll(resp)
			resp.Close()
			if err != nil {
				return err
			}
			series, size = 0, len(page)
			for lines := bufio.NewScanner(bytes.NewReader(page)); lines.Scan(); {
				if !strings.HasPrefix(lines.Text(), "#") {
					series++
				}
			}
		}
		interval := observeInterval.Seconds()
		fmt.Fprintf(out, "one assistant: %d series, %d bytes a scrape\n", series, size)
		fmt.Fprintf(out, "%d assistants: %d series, %.0f samples a second, %.1f MiB scraped a second (times %d; every %s)\n", manyReplicas,
			series*manyReplicas, float64(series)*manyReplicas/interval, float64(size)*manyReplicas/interval/(1<<20), manyReplicas, observeInterval)
		return nil
	})
}
