package expression

import "testing"

func TestEnforceNamespace(t *testing.T) {
	for name, tc := range map[string]struct{ expr, want string }{
		"bare":            {`up`, `up{namespace="ai"}`},
		"already":         {`up{namespace="ai"}`, `up{namespace="ai"}`},
		"wider":           {`up{namespace=~"ai|b"}`, `up{namespace="ai"}`},
		"both sides":      {`a / on (pod) b`, `a{namespace="ai"} / on (pod) b{namespace="ai"}`},
		"subquery":        {`max_over_time(rate(a[5m])[1h:1m])`, `max_over_time(rate(a{namespace="ai"}[5m])[1h:1m])`},
		"parameter":       {`topk(scalar(n), a)`, `topk(scalar(n{namespace="ai"}), a{namespace="ai"})`},
		"fixed time":      {`sum_over_time(a[5m] @ end()) - a @ 1700000000 offset -1h`, `sum_over_time(a{namespace="ai"}[5m] @ end()) - a{namespace="ai"} @ 1700000000.000 offset -1h`},
		"grouped sides":   {`-a * on (pod) group_left (x) b{c!="d"} > bool 1`, `-a{namespace="ai"} * on (pod) group_left (x) b{c!="d",namespace="ai"} > bool 1`},
		"set operators":   {`a unless b or vector(1) and absent(c)`, `a{namespace="ai"} unless b{namespace="ai"} or vector(1) and absent(c{namespace="ai"})`},
		"in an argument":  {`histogram_quantile(scalar(q), sum by (le) (rate(b[5m])))`, `histogram_quantile(scalar(q{namespace="ai"}), sum by (le) (rate(b{namespace="ai"}[5m])))`},
		"not a number":    {`NaN`, `NaN`},
		"name by pattern": {`{__name__=~".+"}`, `{__name__=~".+",namespace="ai"}`},
		"no selector":     {`time()`, `time()`},
	} {
		t.Run(name, func(t *testing.T) {
			expr, err := EnforceNamespace(tc.expr, "ai")
			if err != nil {
				t.Fatalf("EnforceNamespace: %v", err)
			}
			if got := expr.String(); got != tc.want {
				t.Errorf("EnforceNamespace = %s, want %s", got, tc.want)
			}
		})
	}
}
