package expression

import (
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// TestLost: what tells the series of an expression apart once labels of a rule have taken their place.
func TestLost(t *testing.T) {
	replaced := []string{"__name__", "alertname", "severity", "alertthreshold", "team"}
	for expr, want := range map[string]string{
		// Nothing else tells them apart.
		`count by (alertname, severity) (ALERTS{alertstate="firing"})`: "alertname severity, nothing else",
		`sum by (severity) (x)`:                                                                                  "severity, nothing else",
		`max by (alertthreshold) (plimsoll:signal)`:                                                              "alertthreshold, nothing else",
		`count_values("severity", x)`:                                                                            "severity, nothing else",
		`count_values by (team) ("alertname", x)`:                                                                "alertname team, nothing else",
		`sum by (team) (a) / on (team) sum by (team) (b)`:                                                        "team, nothing else",
		`sum by (severity) (rate(x[5m])) > 0 or vector(0)`:                                                       "severity, nothing else",
		`label_replace(sum by (level) (x), "severity", "$1", "level", "(.*)")`:                                   "severity, and others",
		`label_replace(vector(1), "severity", "a", "", "")`:                                                      "",
		`sum without (pod) (sum by (pod, severity) (x))`:                                                         "severity, nothing else",
		`sum by (severity) (a{severity="x"}) or sum by (severity) (b{severity="y"})`:                             "severity, nothing else",
		`absent(x{severity="a"}) or absent(x{severity="b"})`:                                                     "severity, nothing else",
		`label_replace(vector(1), "severity", "a", "", "") or label_replace(vector(2), "severity", "b", "", "")`: "severity, nothing else",
		// Something else may.
		`label_replace(x, "severity", "page", "level", "high")`: "severity, and others",
		`sum by (severity, pod) (x)`:                            "severity, and others",
		`ALERTS{alertstate="firing"}`:                           "alertname severity, and others",
		`max_over_time(ALERTS[5m])`:                             "alertname severity, and others",
		`topk(3, sum by (team, pod) (x))`:                       "team, and others",
		`{__name__=~"a|b"}`:                                     "__name__, and others",
		`rate({job="a"}[5m])`:                                   "__name__, and others",
		`plimsoll:threshold`:                                    "alertthreshold severity, and others",
		`x * on (pod) group_left (team) owner`:                  "team, and others",
		`owner * on (pod) group_right (team) x`:                 "team, and others",
		`x and on (severity) y`:                                 "",
		`ALERTS{severity="critical"}`:                           "alertname, and others",
		`label_join(x, "team", "-", "a", "b")`:                  "team, and others",
		// The same in all series, or another label keeps it.
		`count by (alertname) (ALERTS{alertname="A"})`:                                                         "",
		`sum by (severity) (x{severity="a"})`:                                                                  "",
		`a{severity="x"} + on (severity, pod) b`:                                                               "",
		`x * on (pod) group_left (team) owner{team="a"}`:                                                       "",
		`label_replace(sum by (severity) (x), "level", "$1", "severity", "(.+)")`:                              "",
		`label_join(count by (alertname, severity) (ALERTS), "what", "/", "alertname", "severity")`:            "",
		`sum by (severity, level) (label_replace(x, "level", "$1", "severity", "(.+)"))`:                       "",
		`sum by (severity) (label_replace(x, "level", "$1", "severity", "(.+)"))`:                              "severity, nothing else",
		`label_replace(label_replace(sum by (severity) (x), "a", "$1", "severity", "(.+)"), "a", "b", "", "")`: "severity, nothing else",
		`label_replace(x{level="a"}, "severity", "page", "level", "a")`:                                        "",
		`label_replace(sum by (level) (x), "severity", "page", "severity", "high")`:                            "",
		`absent(x{severity="a"}) or absent(y{severity="a"})`:                                                   "",
		// Not there, or one series.
		`x`: "", `sum(x)`: "", `count(ALERTS)`: "", `absent(ALERTS)`: "", `scalar(ALERTS)`: "", `vector(1)`: "", `time()`: "", `hour()`: "",
		`sum by (pod) (x)`: "", `sum without (severity) (x)`: "", `a or b`: "", `a / ignoring (severity) b`: "", `5 < sum(x)`: "",
		`-(sum by (pod) (x))`: "", `sum by (severity) (sum by (pod) (x))`: "", `a or on (pod) b`: "", `max_over_time(sum(x)[1h:1m])`: "",
	} {
		parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		lost, isAll := LabelsOf(parsed).Lost(replaced...)
		got := strings.Join(lost, " ")
		switch {
		case isAll:
			got += ", nothing else"
		case got != "":
			got += ", and others"
		}
		if got != want {
			t.Errorf("%s loses %q, want %q", expr, got, want)
		}
	}
}
