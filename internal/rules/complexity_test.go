package rules

import (
	"strings"
	"testing"
	"time"
)

// TestBombs: what is small to write and large to evaluate is refused by its name, and quickly.
func TestBombs(t *testing.T) {
	const regexps, depth = "regular expressions that are too costly", "nested deeper than 250 levels"
	for name, tt := range map[string]struct{ expr, want string }{
		"repetitions":           {`up{a=~"` + strings.Repeat("x{999}", 600) + `"}`, regexps},
		"in many matchers":      {`up{` + strings.Repeat(`a!~"x{999}",`, 300) + `}`, regexps},
		"repeated repetitions":  {`up{a=~"((((a{1,9}){1,9}){1,9}){1,9}){1,9}"}`, "invalid repeat count"},
		"more than Go repeats":  {`up{a=~"x{1001}"}`, "invalid repeat count"},
		"parentheses of a text": {`up{a=~"` + strings.Repeat("(", 1500) + strings.Repeat(")", 1500) + `"}`, "nests too deeply"},
		"parentheses":           {strings.Repeat("(", 2000) + "up" + strings.Repeat(")", 2000), depth},
		"signs":                 {strings.Repeat("-", 4000) + "up", depth},
		"calls":                 {strings.Repeat("abs(", 800) + "up" + strings.Repeat(")", 800), depth},
		"sums":                  {"up" + strings.Repeat("+1", 2000), depth},
		"subqueries":            {strings.Repeat("max_over_time(", 150) + "up" + strings.Repeat("[9d:1s])", 150), depth},
		"years":                 {"rate(up[9999999y])", "duration out of range"},
		"emojis":                {strings.Repeat("\U0001F600", 4096), "unexpected character"},
		"histogram":             {"{{schema:0 buckets:[" + strings.Repeat("1 ", 2000) + "]}}", "parse error"},
		"a plain text":          {`up{a="` + strings.Repeat("x{999}", 600) + `"}`, ""},
		"alternatives":          {`up{a=~"` + strings.Repeat("one|two|", 400) + `x{100}"}`, ""},
		"a long chain":          {"up" + strings.Repeat(" or up", 200), ""},
	} {
		t.Run(name, func(t *testing.T) {
			at := threshold(t, `{alert: A, expr: up, levels: [{severity: w, above: 5}]}`)
			at.Spec.Expr = tt.expr
			began := time.Now()
			_, errs := Resolve(at)
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %s", took)
			}
			if (len(errs) == 0) != (tt.want == "") || len(errs) > 0 && !strings.Contains(errs.ToAggregate().Error(), tt.want) {
				t.Errorf("errors are %.300v, want %q", errs, tt.want)
			}
		})
	}
}
