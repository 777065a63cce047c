package expression

import (
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// TestOutside: what is asked about series outside a namespace tells nothing of others' labels.
func TestOutside(t *testing.T) {
	const inside = ` unless count({__name__="x",namespace="ai"})`
	named := func(count, metric, kind string) string {
		return `label_replace(label_replace(count(` + count + `)` + strings.ReplaceAll(inside, `"x"`, `"`+metric+`"`) +
			`, "plimsoll_metric", "` + metric + `", "", ""), "plimsoll_outside", "` + kind + `", "", "")`
	}
	for expr, want := range map[string]string{
		`x`:                                  named(`{__name__="x",exported_namespace="ai"}`, "x", "exported") + " or " + named(`{__name__="x",namespace=""}`, "x", "nowhere"),
		`rate(x{code=~"5.."}[5m] offset 1h)`: named(`{__name__="x",exported_namespace="ai",code=~"5.."}`, "x", "exported") + " or " + named(`{__name__="x",namespace=""}`, "x", "nowhere"),
		`x / x{a="b"}`:                       named(`{__name__="x",exported_namespace="ai"}`, "x", "exported") + " or " + named(`{__name__="x",namespace=""}`, "x", "nowhere"),
		`vector(1)`:                          "", `{__name__=~"x.*"}`: "", `ALERTS`: "", `plimsoll:signal`: "",
	} {
		confined, err := EnforceNamespace(expr, "ai")
		if err != nil {
			t.Fatal(err)
		}
		got := Outside(confined.String(), "ai")
		if got != want {
			t.Errorf("of %s is asked\n%s, want\n%s", expr, got, want)
		}
		if _, err := parser.NewParser(parser.Options{}).ParseExpr(got); err != nil && got != "" {
			t.Errorf("%s: %v", got, err)
		}
	}
	many := ""
	for name := 'a'; name <= 'z'; name++ {
		many += " + " + string(name)
	}
	confined, err := EnforceNamespace("sum(up)"+many, "ai")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(Outside(confined.String(), "ai"), `"plimsoll_metric"`); got != 2*maxOutside {
		t.Errorf("asked of %d metrics, want %d at most", got/2, maxOutside)
	}
	for _, other := range []string{`x{namespace="other"}`, `x`, `not PromQL (`} {
		if got := Outside(other, "ai"); got != "" {
			t.Errorf("of %s, which is not confined, is asked %s", other, got)
		}
	}
}

func TestOutsideNotes(t *testing.T) {
	sample := func(metric, kind string) *model.Sample {
		return &model.Sample{Metric: model.Metric{outsideMetric: model.LabelValue(metric), outsideKind: model.LabelValue(kind)}}
	}
	for name, tc := range map[string]struct {
		answer model.Vector
		want   []string
	}{
		"none":     {nil, nil},
		"exported": {model.Vector{sample("x", exported)}, []string{`x has series with exported_namespace="ai", whose label namespace is that of what exposes them: set honorLabels: true`}},
		"nowhere":  {model.Vector{sample("y", nowhere), sample("x", nowhere)}, []string{"x, y has series without the label namespace"}},
		"both":     {model.Vector{sample("x", nowhere), sample("x", exported)}, []string{"x has series with exported_namespace", "x has series without the label namespace"}},
	} {
		got := OutsideNotes(tc.answer, "ai")
		if len(got) != len(tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
			continue
		}
		for i, note := range got {
			if !strings.HasPrefix(note, tc.want[i]) || !strings.Contains(note, "ai") {
				t.Errorf("%s: %q, want %q", name, note, tc.want[i])
			}
		}
	}
}
