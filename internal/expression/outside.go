package expression

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Labels by which an answer to Outside tells what was found of which metric. No metric has them.
const (
	outsideMetric = "plimsoll_metric"
	outsideKind   = "plimsoll_outside"
)

// Where series can be that a threshold of their namespace does not find.
const (
	exported = "exported"
	nowhere  = "nowhere"
)

// maxOutside is of how many metrics Outside asks.
const maxOutside = 10

// Outside returns PromQL that has a sample for each metric of a confined expression that has no series in its namespace, but some
// that are meant for it: with exported_namespace, or without any namespace. It is empty when there is nothing to ask. Of series
// without a namespace it asks for the name only, so that nobody learns what labels of others' have.
func Outside(expr, namespace string) string {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return ""
	}
	var asked, parts []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		selector, is := node.(*parser.VectorSelector)
		if !is {
			return nil
		}
		confined := labels.MustNewMatcher(labels.MatchEqual, "namespace", namespace).String()
		isConfined, name, others := false, "", []string{}
		for _, m := range selector.LabelMatchers {
			switch {
			case m.String() == confined:
				isConfined = true
			case m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual:
				name = m.Value
			default:
				others = append(others, m.String())
			}
		}
		if !isConfined || name == "" || ownLabels[name] != nil || slices.Contains(asked, name) || len(asked) == maxOutside {
			return nil
		}
		asked = append(asked, name)
		named := labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, name).String()
		inside := fmt.Sprintf("count({%s,%s})", named, confined)
		for kind, matchers := range map[string][]string{
			exported: append([]string{named, labels.MustNewMatcher(labels.MatchEqual, "exported_namespace", namespace).String()}, others...),
			nowhere:  {named, `namespace=""`},
		} {
			parts = append(parts, fmt.Sprintf(`label_replace(label_replace(count({%s}) unless %s, %q, %q, "", ""), %q, %q, "", "")`,
				strings.Join(matchers, ","), inside, outsideMetric, name, outsideKind, kind))
		}
		return nil
	})
	slices.Sort(parts)
	return strings.Join(parts, " or ")
}

// OutsideNotes say what to do about the series that the answer to Outside tells of.
func OutsideNotes(answer model.Vector, namespace string) (notes []string) {
	metrics := map[string][]string{}
	for _, s := range answer {
		kind := string(s.Metric[outsideKind])
		metrics[kind] = append(metrics[kind], string(s.Metric[outsideMetric]))
	}
	say := func(kind, format string) {
		if names := metrics[kind]; len(names) > 0 {
			slices.Sort(names)
			notes = append(notes, fmt.Sprintf(format, strings.Join(names, ", "), namespace))
		}
	}
	say(exported, `%s has series with exported_namespace=%[2]q, whose label namespace is that of what exposes them: set honorLabels: true in the `+
		"endpoint of its ServiceMonitor or PodMonitor, so that they are of namespace %[2]s")
	say(nowhere, "%s has series without the label namespace, and a threshold reads its own only: keep the label in by (...) of the rule that records "+
		"them, have Prometheus promote k8s.namespace.name of what is pushed by OTLP and the program or a relabeling name it namespace, or have the "+
		"administrator list %s in controller.unconfinedNamespaces (the controller's --unconfined-namespaces)")
	return notes
}
