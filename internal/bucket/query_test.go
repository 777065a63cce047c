package bucket

import "testing"

func TestQueryOf(t *testing.T) {
	const one = `label_replace(count by (le) (rate(x_bucket[5m])), "histogram", "0", "", "")`
	for name, tc := range map[string]struct{ expr, want string }{
		"plain":           {`histogram_quantile(0.9, sum by (le, pod) (rate(x_bucket[5m])))`, one},
		"not summed":      {`histogram_quantile(0.9, rate(x_bucket[5m]))`, one},
		"with traffic":    {`histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m]))) and sum(rate(x_count[5m])) > 0`, one},
		"filtered":        {`(histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m]))) > 2)`, one},
		"filtered, other": {`2 < histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))`, one},
		"relabelled":      {`label_replace(histogram_quantile(0.9, sum without (pod) (rate(x_bucket[5m]))), "a", "b", "", "")`, one},
		"the worst":       {`max by (a) (histogram_quantile(0.9, sum by (le, a) (rate(x_bucket[5m]))))`, one},
		"else 0":          {`histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m]))) or vector(0)`, one},
		"classic or native": {`histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m]))) or histogram_quantile(0.9, sum(rate(x[5m])))`,
			one + ` or label_replace(count by (le) (rate(x[5m])), "histogram", "1", "", "")`},
		"else something else": {`histogram_quantile(0.9, rate(x_bucket[5m])) or y`, ""},
		"else 7":              {`histogram_quantile(0.9, rate(x_bucket[5m])) or vector(7)`, ""},
		"another scale":       {`1000 * histogram_quantile(0.9, rate(x_bucket[5m]))`, ""},
		"a condition only":    {`up and histogram_quantile(0.9, rate(x_bucket[5m])) > 2`, ""},
		"a truth":             {`histogram_quantile(0.9, rate(x_bucket[5m])) > bool 2`, ""},
		"a mean":              {`avg(histogram_quantile(0.9, rate(x_bucket[5m])))`, ""},
		"no quantile":         {`rate(x_sum[5m]) / rate(x_count[5m])`, ""},
		"nothing but 0":       {`vector(0)`, ""},
		"no PromQL":           {`histogram_quantile(`, ""},
	} {
		q, ok := QueryOf(tc.expr)
		if q.Expr != tc.want || ok != (tc.want != "") || ok && q.Metric != "x" {
			t.Errorf("%s: query is %+v, %v, want %s", name, q, ok, tc.want)
		}
	}
}
