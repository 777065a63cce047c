package signal

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	// MinTraffic is the least traffic per second, in each group, below which the signal has no value; with 0, a ratio or
	// quantile of nothing has none.
	MinTraffic float64
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

// Absent is PromQL that has one sample, 1, when none of the series that the signal is made of for q is there.
func (s Signal) Absent(q Query) string {
	first := s.Metrics[0]
	name := first.Name
	if first.Type == metric.Histogram {
		name = first.Count()
	}
	return "absent(" + q.selector(name) + ")"
}

// selector is the PromQL selector of the series of that name, with further matchers.
func (q Query) selector(series string, more ...string) string {
	matchers := []string{equal("namespace", q.Namespace)}
	for _, name := range slices.Sorted(maps.Keys(q.Match)) {
		if name != "namespace" {
			matchers = append(matchers, equal(name, q.Match[name]))
		}
	}
	return series + "{" + strings.Join(append(matchers, more...), ",") + "}"
}

func equal(name, value string) string {
	return labels.MustNewMatcher(labels.MatchEqual, name, value).String()
}

// rates is a counter's increase per second, over all series of a group together.
func (q Query) rates(counter string, more ...string) string {
	return fmt.Sprintf("sum%s(rate(%s[%s]))", grouping(q.By...), q.selector(counter, more...), q.Window)
}

// enough compares a group's traffic with the least: only groups with enough are left.
func (q Query) enough(counter string) string {
	if q.MinTraffic > 0 {
		return q.rates(counter) + " >= " + strconv.FormatFloat(q.MinTraffic, 'f', -1, 64)
	}
	return q.rates(counter) + " > 0"
}

// grouping is the aggregation's by clause; empty when there is nothing to group by.
func grouping(names ...string) string {
	if len(names) == 0 {
		return ""
	}
	return " by (" + strings.Join(names, ", ") + ") "
}

// histogramQuantile estimates a quantile from a histogram's classic buckets, as the source document does, over all
// series of a group together. See https://prometheus.io/docs/practices/histograms/#quantiles. Without observations it is
// NaN, which no alert and no table can do anything with: `and` leaves such groups out.
func histogramQuantile(m metric.Metric) func(Query) string {
	return func(q Query) string {
		return fmt.Sprintf("histogram_quantile(%s, sum%s(rate(%s[%s]))) and %s",
			q.Quantile, grouping(append([]string{"le"}, q.By...)...), q.selector(m.Bucket()), q.Window, q.enough(m.Count()))
	}
}

// shareOf is the part of a counter's increase that the matcher picks. Groups in which it picks nothing have 0: `or`
// takes them from the whole, which also has the picked series that are not there before the first error.
func shareOf(m metric.Metric, matcher string) func(Query) string {
	return func(q Query) string {
		return fmt.Sprintf("(%s or 0 * %s) / (%s)", q.rates(m.Name, matcher), q.rates(m.Name), q.enough(m.Name))
	}
}

// sumOfRates is a counter's increase per second, over all series of a group together.
func sumOfRates(m metric.Metric) func(Query) string {
	return func(q Query) string { return q.rates(m.Name) }
}

// ratesTimes is a counter's increase per that many seconds, at the pace of the window.
func ratesTimes(m metric.Metric, seconds string) func(Query) string {
	return func(q Query) string { return seconds + " * " + q.rates(m.Name) }
}

// meanOverTime is a gauge's mean over the window and all series of a group together.
func meanOverTime(m metric.Metric) func(Query) string {
	return func(q Query) string {
		return fmt.Sprintf("avg%s(avg_over_time(%s[%s]))", grouping(q.By...), q.selector(m.Name), q.Window)
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
