package signal

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Query narrows a signal down to what one threshold watches.
type Query struct {
	// Namespace is always matched; Match cannot take it back.
	Namespace string
	// NamespaceLabel is the label that holds the namespace; "namespace" when empty.
	NamespaceLabel string
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

// DefaultNamespaceLabel is the label that a scraped target's namespace is in.
const DefaultNamespaceLabel = "namespace"

// Expr is the PromQL of the signal for q. It does not check q: an invalid one gives PromQL that does not parse.
func (s Signal) Expr(q Query) string {
	q.Window, q.Quantile = cmp.Or(q.Window, s.Window), cmp.Or(q.Quantile, s.Quantile)
	b := builder{emitter: s.emitter, Query: q}
	switch r := s.reading; r.form {
	case quantileForm:
		return b.quantile(r.of)
	case shareForm:
		all := b.rates(r.of)
		return fmt.Sprintf("(%s or 0 * %s) / (%s)", b.rates(r.picked), all, b.enough(all))
	case rateForm:
		if r.factor != "" {
			return r.factor + " * " + b.rates(r.of)
		}
		return b.rates(r.of)
	case meanForm:
		return b.aggregate("avg", b.join(r.of, meanPart))
	case totalForm:
		return b.gauge("sum", r.of)
	default:
		return b.gauge("max", r.of)
	}
}

// TrafficExpr is PromQL for q, which needs a window, of what the signal is a ratio or quantile of, per second.
func (s Signal) TrafficExpr(q Query) string {
	return builder{emitter: s.emitter, Query: q}.rates(s.reading.of)
}

// Absent is PromQL that has one sample, 1, when none of the series that the signal is made of for q is there.
func (s Signal) Absent(q Query) string {
	b := builder{emitter: s.emitter, Query: q}
	var all []string
	for _, g := range s.reading.of {
		for _, st := range b.wanted(g) {
			for _, series := range seriesOf(st) {
				all = append(all, "absent("+b.selector(series, st)+")")
			}
		}
	}
	expr := strings.Join(all, " and on () ")
	if b.namespaceLabel() == DefaultNamespaceLabel {
		return expr
	}
	return fmt.Sprintf("label_replace(%s, %q, %s, \"\", \"\")", expr, DefaultNamespaceLabel, strconv.Quote(q.Namespace))
}

// NoNamespace is PromQL that has one sample when the signal's series are there and none of them says which namespace it is of.
func (s Signal) NoNamespace() string {
	series := fmt.Sprintf("{__name__=~%q,%s", strings.Join(s.reading.series(), "|"), DefaultNamespaceLabel)
	return fmt.Sprintf(`count(%[1]s=""}) unless on () count(%[1]s!=""})`, series)
}

// seriesOf are the series without which the stream has no data: a histogram's count, or the native histogram.
func seriesOf(st stream) []string {
	if st.Type == metric.Histogram {
		return []string{st.Count(), st.Name}
	}
	return []string{st.Name}
}

// builder writes PromQL for a query of an emitter's metrics.
type builder struct {
	Query

	emitter emitter
}

func (b builder) namespaceLabel() string { return cmp.Or(b.NamespaceLabel, DefaultNamespaceLabel) }

// part is what of a stream is read.
type part int

const (
	// ratePart is the rate of a counter, or of a histogram's count or sum, be it classic or native.
	ratePart part = iota
	// bucketPart and countPart are the rates of a classic histogram's buckets and count.
	bucketPart
	countPart
	// nativePart is the rate of a native histogram.
	nativePart
	// valuePart is the value, and meanPart its mean over the window.
	valuePart
	meanPart
)

// read is the PromQL of a part of a stream, with the labels as the stream has them.
func (b builder) read(st stream, p part) string {
	rate := func(series string) string { return fmt.Sprintf("rate(%s[%s])", b.selector(series, st), b.Window) }
	switch {
	case p == valuePart:
		return b.selector(st.Name, st)
	case p == meanPart:
		return fmt.Sprintf("avg_over_time(%s[%s])", b.selector(st.Name, st), b.Window)
	case p == bucketPart:
		return rate(st.Bucket())
	case p == countPart:
		return rate(st.Count())
	case p == nativePart, st.Type != metric.Histogram:
		return rate(st.Name)
	case st.sum:
		return fmt.Sprintf("%s or histogram_sum(%s)", rate(st.Sum()), rate(st.Name))
	default:
		return fmt.Sprintf("%s or histogram_count(%s)", rate(st.Count()), rate(st.Name))
	}
}

// selector is the PromQL selector of the series of that name that the stream and the query choose.
func (b builder) selector(series string, st stream) string {
	matchers := []string{is(b.namespaceLabel(), b.Namespace).String()}
	for _, name := range slices.Sorted(maps.Keys(b.Match)) {
		if name == b.namespaceLabel() || name == DefaultNamespaceLabel || name == typeWord && st.kind != "" {
			continue
		}
		value := b.Match[name]
		if theirs, ok := b.emitter.values(name)[value]; ok {
			value = theirs
		}
		matchers = append(matchers, is(cmp.Or(b.emitter.label(st.Metric, name), name), value).String())
	}
	for _, matcher := range st.match {
		matchers = append(matchers, matcher.String())
	}
	return series + "{" + strings.Join(matchers, ",") + "}"
}

// wanted are the generation's streams but those of another type of tokens than the query's.
func (b builder) wanted(g generation) generation {
	kind, ok := b.Match[typeWord]
	if !ok {
		return g
	}
	return slices.DeleteFunc(slices.Clone(g), func(st stream) bool { return st.kind != "" && st.kind != kind })
}

// join is the part of all streams as one vector, with the catalogue's labels, which all streams name alike.
func (b builder) join(all []generation, p part) string {
	texts := make([]string, 0, len(all))
	for _, g := range all {
		var alternatives []string
		for _, st := range b.wanted(g) {
			alternatives = append(alternatives, b.labelType(st, b.read(st, p), len(g) > 1))
		}
		text := strings.Join(alternatives, " or ")
		if len(all) > 1 && strings.Contains(text, " or ") {
			text = "(" + text + ")"
		}
		texts = append(texts, text)
	}
	first := all[0][0]
	return b.label(first, strings.Join(texts, " or "+b.sameTarget(first)+" "))
}

// sameTarget matches what one target says of one model, so that only one of its generations counts.
func (b builder) sameTarget(st stream) string {
	on := append([]string{"job", "instance", "pod"}, b.emitter.target...)
	if label := b.emitter.label(st.Metric, "model"); label != "" {
		on = append(on, label)
	}
	return "on (" + strings.Join(on, ", ") + ")"
}

// labelType says which type of tokens a stream counts, if the query asks for it. When several streams are joined, it keeps them
// apart.
func (b builder) labelType(st stream, expr string, several bool) string {
	asked := slices.Contains(b.By, typeWord)
	if st.kind != "" {
		if several || asked {
			expr = fmt.Sprintf(`label_replace(%s, %q, %q, "", "")`, expr, typeWord, st.kind)
		}
		return expr
	}
	label, values := b.emitter.label(st.Metric, typeWord), b.emitter.values(typeWord)
	if !asked || label == "" {
		return expr
	}
	for _, ours := range slices.Sorted(maps.Keys(values)) {
		expr = fmt.Sprintf("label_replace(%s, %q, %q, %q, %q)", expr, typeWord, ours, label, values[ours])
	}
	return expr
}

// label gives the catalogue's names to the other labels that the query asks for.
func (b builder) label(st stream, expr string) string {
	for _, name := range b.replaceOrder(st) {
		expr = fmt.Sprintf(`label_replace(%s, %q, "$1", %q, "(.*)")`, expr, name, b.emitter.label(st.Metric, name))
	}
	return expr
}

// replaceOrder are the query's labels that have another name at the stream, those first whose new name no other one reads.
func (b builder) replaceOrder(st stream) []string {
	var first, last []string
	for _, name := range b.By {
		label := b.emitter.label(st.Metric, name)
		switch {
		case label == "" || label == name || name == typeWord:
		case slices.ContainsFunc(b.By, func(other string) bool { return b.emitter.label(st.Metric, other) == name }):
			last = append(last, name)
		default:
			first = append(first, name)
		}
	}
	return append(first, last...)
}

func (b builder) aggregate(operator, expr string, more ...string) string {
	return operator + grouping(append(more, b.By...)...) + "(" + expr + ")"
}

// rates are the streams' increase per second, over all series of a group together.
func (b builder) rates(all []generation) string { return b.aggregate("sum", b.join(all, ratePart)) }

// enough compares a group's traffic with the least: only groups with enough are left.
func (b builder) enough(traffic string) string {
	if b.MinTraffic > 0 {
		return traffic + " >= " + strconv.FormatFloat(b.MinTraffic, 'f', -1, 64)
	}
	return traffic + " > 0"
}

// quantile estimates a quantile from a histogram's classic buckets, and where a group has none, from native histograms. See
// https://prometheus.io/docs/practices/histograms/#quantiles. Without observations it is NaN, which no alert and no table can do
// anything with: `and` leaves such groups out.
func (b builder) quantile(all []generation) string {
	native := b.aggregate("sum", b.join(all, nativePart))
	return fmt.Sprintf("histogram_quantile(%s, %s) and %s or histogram_quantile(%s, %s) and %s",
		b.Quantile, b.aggregate("sum", b.join(all, bucketPart), "le"), b.enough(b.aggregate("sum", b.join(all, countPart))),
		b.Quantile, native, b.enough("histogram_count("+native+")"))
}

// gauge is a gauge as it is, each series by itself and with its model's name; grouped, what the operator makes of the group.
func (b builder) gauge(operator string, all []generation) string {
	if len(b.By) > 0 {
		return b.aggregate(operator, b.join(all, valuePart))
	}
	if b.emitter.label(all[0][0].Metric, "model") != "" {
		b.By = []string{"model"}
	}
	return b.join(all, valuePart)
}

// grouping is the aggregation's by clause; empty when there is nothing to group by.
func grouping(names ...string) string {
	if len(names) == 0 {
		return ""
	}
	return " by (" + strings.Join(names, ", ") + ") "
}
