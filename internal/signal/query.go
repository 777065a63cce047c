package signal

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Query narrows a signal down to what one threshold watches.
type Query struct {
	// Namespace is always matched; Match cannot take it back.
	Namespace string
	// Match are further labels that a series must have, by name.
	Match map[string]string
	// By are the labels by which the signal is told apart.
	By []string
	// Window and Quantile replace the signal's defaults when not empty.
	Window, Quantile string
}

// Expr is the PromQL of the signal for q. It does not check q: an invalid one gives PromQL that does not parse.
func (s Signal) Expr(q Query) string {
	if q.Window == "" {
		q.Window = s.Window
	}
	if q.Quantile == "" {
		q.Quantile = s.Quantile
	}
	return s.expr(q)
}

// selector is the PromQL selector of the series of that name.
func (q Query) selector(series string) string {
	matchers := []string{equal("namespace", q.Namespace)}
	for _, name := range slices.Sorted(maps.Keys(q.Match)) {
		if name != "namespace" {
			matchers = append(matchers, equal(name, q.Match[name]))
		}
	}
	return series + "{" + strings.Join(matchers, ",") + "}"
}

func equal(name, value string) string {
	return labels.MustNewMatcher(labels.MatchEqual, name, value).String()
}

// grouping is the aggregation's by clause; empty when there is nothing to group by.
func grouping(names ...string) string {
	if len(names) == 0 {
		return ""
	}
	return " by (" + strings.Join(names, ", ") + ") "
}

// histogramQuantile estimates a quantile from a histogram's classic buckets, as the source document does, over all
// series of a group together. See https://prometheus.io/docs/practices/histograms/#quantiles.
func histogramQuantile(m metric.Metric) func(Query) string {
	return func(q Query) string {
		return fmt.Sprintf("histogram_quantile(%s, sum%s(rate(%s[%s])))",
			q.Quantile, grouping(append([]string{"le"}, q.By...)...), q.selector(m.Bucket()), q.Window)
	}
}

// sumOfRates is a counter's increase per second, over all series of a group together.
func sumOfRates(m metric.Metric) func(Query) string {
	return func(q Query) string {
		return fmt.Sprintf("sum%s(rate(%s[%s]))", grouping(q.By...), q.selector(m.Name), q.Window)
	}
}

// gauge is a gauge as it is, each series by itself; grouped, it is the greatest of the group.
func gauge(m metric.Metric) func(Query) string {
	return func(q Query) string {
		if len(q.By) == 0 {
			return q.selector(m.Name)
		}
		return fmt.Sprintf("max%s(%s)", grouping(q.By...), q.selector(m.Name))
	}
}
