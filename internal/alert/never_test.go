package alert

import (
	"strings"
	"testing"
)

func TestContradiction(t *testing.T) {
	for expr, want := range map[string]string{
		"x > 5 < 3":                       "x > 5 < 3",
		"x > 5 and x < 3":                 "x > 5 and x < 3",
		"(x > 5) and (3 >= x)":            "(x > 5) and (3 >= x)",
		"x == 1 and x == 2":               "x == 1 and x == 2",
		"x >= 5 <= 5":                     "",
		"x > 5 < 5":                       "x > 5 < 5",
		"x > 5 < 6":                       "",
		"x > 5 and y < 3":                 "",
		`x{a="1"} > 5 and x < 3`:          "",
		"x > 5 and on (job) x < 3":        "",
		"x > 5 and ignoring (job) x < 3":  "",
		"x > 5 or x < 3":                  "",
		"x > bool 5 < 3":                  "",
		"x > bool 5 > 1":                  "x > bool 5 > 1",
		"x > 5 < 3 or y > 1":              "",
		"x > 5 < 3 or count(y) == 0":      "x > 5 < 3",
		"sum by (job) (x > 5 < 3) > 0":    "x > 5 < 3",
		"y unless x > 5 < 3":              "",
		"y and (x > 5 < 3)":               "x > 5 < 3",
		"absent(x > 5 < 3)":               "",
		"rate(x[5m]) < 0":                 "rate(x[5m]) < 0",
		"sum(rate(x[5m])) / 5 < 0":        "sum(rate(x[5m])) / 5 < 0",
		"rate(x[5m]) <= 0":                "",
		"rate(x[5m]) - rate(y[5m]) < 0":   "",
		"rate(x[5m]) / rate(y[5m]) > 1":   "",
		"deriv(x[5m]) < 0":                "",
		"count(up == 1) == 0":             "count(up == 1) == 0",
		"count(up) < 1":                   "count(up) < 1",
		"count(up) by (job) <= 1":         "",
		"absent(x) == 0":                  "absent(x) == 0",
		"absent(x) != 1":                  "absent(x) != 1",
		"x != 1":                          "",
		"x != x":                          "",
		"x > x":                           "x > x",
		"x > y":                           "",
		"x > on (job) x":                  "",
		"x > x offset 5m":                 "",
		"hour() > 23":                     "hour() > 23",
		"vector(1) == 1":                  "",
		"vector(0) == 1":                  "vector(0) == 1",
		"vector(1)":                       "",
		"x > Inf":                         "x > +Inf",
		"x > NaN":                         "",
		"x > scalar(y)":                   "",
		"sum(x) < 0":                      "",
		"max_over_time((x > 5 < 3)[5m:])": "x > 5 < 3",
		"x >":                             "",
	} {
		if got := Contradiction(expr); got != want {
			t.Errorf("%s contradicts itself in %q, want %q", expr, got, want)
		}
	}
}

func TestMissing(t *testing.T) {
	for expr, want := range map[string]string{
		"gone > 1":                              "gone",
		"here > 1":                              "",
		`rate(gone{job="x"}[5m] offset 1h) > 1`: `gone{job="x"}`,
		"sum(rate(gone[5m])) / sum(rate(here[5m])) > 1": "gone",
		"here / gone > 1":                   "gone",
		"here or gone":                      "",
		"gone or gone{a=\"b\"}":             `gone gone{a="b"}`,
		"here unless gone":                  "",
		"gone unless here":                  "gone",
		"here and gone":                     "gone",
		"absent(gone)":                      "",
		"here and absent(gone)":             "",
		"here > scalar(gone)":               "",
		"clamp_max(gone, scalar(here))":     "gone",
		"histogram_quantile(0.9, gone) > 1": "gone",
		"max_over_time((gone > 1)[1h:])":    "gone",
		"-(gone)":                           "gone",
		"time() - gone > 5":                 "gone",
		"here + fill (0) gone":              "",
		"ALERTS{a=\"gone\"}":                "",
		"vector(1)":                         "",
		`{__name__=~"gone.*"}`:              `{__name__=~"gone.*"}`,
		"gone >":                            "",
	} {
		var got []string
		for _, s := range Missing(expr, func(s Selector) bool { return strings.Contains(s.Text, "gone") }) {
			got = append(got, s.Text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s misses %q, want %q", expr, got, want)
		}
	}
	got := Selectors(`rate(a{b="c"}[5m] @ 5 offset 1m) / a{b="c"} > ALERTS or {__name__=~"x.*"}`)
	if len(got) != 2 || got[0] != (Selector{"a", `a{b="c"}`}) || got[1] != (Selector{"", `{__name__=~"x.*"}`}) {
		t.Errorf("selectors = %q", got)
	}
}
