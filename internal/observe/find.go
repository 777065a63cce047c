package observe

import (
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// found is what Prometheus holds of the wanted rules.
type found struct {
	// signal is the rule that records the value, and alerts are those of the levels, by severity. Only rules that are as
	// they should be are among them.
	signal *heldRule
	alerts map[string]*heldRule
	// absent is the first rule that is not there; different the first that differs, and other what is in its place.
	absent, different *want
	other             *heldRule
}

func (s *Subject) find(h *held) found {
	f := found{alerts: make(map[string]*heldRule, len(s.levels))}
	for i := range s.wanted {
		w := &s.wanted[i]
		rule := w.in(h.rules)
		switch {
		case rule == nil:
			if f.absent == nil {
				f.absent = w
			}
		case !w.same(rule):
			if f.different == nil {
				f.different, f.other = w, rule
			}
		case w.name == rules.SignalMetric:
			f.signal = rule
		case w.kind == prometheusv1.RuleTypeAlerting && w.labels[rules.NoDataLabel] == "":
			f.alerts[w.labels[rules.SeverityLabel]] = rule
		}
	}
	return f
}

// complete reports whether Prometheus holds every rule as it should be, and no other.
func (f found) complete(h *held, wanted int) bool {
	return f.absent == nil && f.different == nil && len(h.rules) == wanted
}

// evaluated reports whether Prometheus has worked out the value, or found that there is none, and has stored that.
func (f found) evaluated(h *held) bool {
	return f.signal != nil && f.signal.health == prometheusv1.RuleHealthGood && h.lines > 0
}
