package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// earlier are names that only earlier versions of an emitter have, which the stand-ins are not.
var earlier = []string{"gen_ai_client_token_usage_token"}

// TestContract compares the catalogue's tables with what the emitters' own code exposes: names, types, labels and buckets.
func TestContract(t *testing.T) {
	for _, source := range signal.Sources()[1:] {
		var families []family
		if source == signal.OpenTelemetry {
			families = scrapedInstruments(t)
		} else {
			var err error
			if families, err = load(string(source)); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range signal.Of(source) {
			for _, m := range s.Metrics {
				if slices.Contains(earlier, m.Name) {
					continue
				}
				i := slices.IndexFunc(families, func(f family) bool { return f.Name == m.Name })
				if i < 0 {
					t.Errorf("%s: %s reads %s, which it does not expose", source, s.Name, m.Name)
					continue
				}
				compare(t, m, families[i])
			}
		}
	}
}

func compare(t *testing.T, m metric.Metric, f family) {
	t.Helper()
	if string(m.Type) != f.Type || m.Unit == metric.Seconds && len(m.Buckets) > 0 && !slices.Equal(m.Buckets, f.Buckets) {
		t.Errorf("%s is a %s with %v, exposed as a %s with %v", m.Name, m.Type, m.Buckets, f.Type, f.Buckets)
	}
	labels := slices.DeleteFunc(f.labelNames(), func(name string) bool { return strings.HasPrefix(name, "otel_scope_") })
	if known := slices.Sorted(slices.Values(m.Labels)); !slices.Equal(known, labels) {
		t.Errorf("%s has the labels %v, exposed are %v", m.Name, known, labels)
	}
}

// scrapedInstruments are OpenTelemetry's instruments, by the names that they have once they are scraped.
func scrapedInstruments(t *testing.T) (all []family) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	escape := strings.NewReplacer(".", "_").Replace
	for _, file := range files {
		for _, f := range instruments(t, file) {
			f.Name = escape(f.Name) + map[string]string{"s": "_seconds"}[f.Unit] + map[string]string{"counter": "_total"}[f.Type]
			labels := map[string]string{}
			for _, name := range f.labelNames() {
				labels[escape(name)] = ""
			}
			f.Labels, f.Series = labels, nil
			all = append(all, f)
		}
	}
	return all
}

// instruments reads a file of OpenTelemetry's instruments.
func instruments(t *testing.T, file string) (families []family) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.UnmarshalStrict(text, &families)
	}
	if err != nil {
		t.Fatal(file, err)
	}
	return families
}

func TestFlags(t *testing.T) {
	for _, tc := range []struct{ flag, says string }{{"--help", "-source"}, {"--source=bananas", "name one of"}} {
		var out bytes.Buffer
		err := run(context.Background(), []string{tc.flag}, &out)
		if err == nil || !strings.Contains(out.String()+err.Error(), tc.says) {
			t.Errorf("%s: %v, %s", tc.flag, err, out.String())
		}
	}
}
