package observe

import (
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// match is what Prometheus holds of the wanted rules.
type match struct {
	// signal is the rule that records the value, or compares it, and alerts are those of the levels, by severity. Only rules that are as
	// they should be are among them.
	signal *loadedRule
	alerts map[string]*loadedRule
	// noData is the alert on missing data; nil when there is none.
	noData *loadedRule
	// absent is the first rule that is not there; different the first that differs, and other what is in its place.
	absent, different *expectedRule
	other             *loadedRule
}

func (s *TrackedThreshold) matchRules(h *loaded) match {
	f := match{alerts: make(map[string]*loadedRule, len(s.levels))}
	for i := range s.expected {
		w := &s.expected[i]
		rule := w.findIn(h.rules)
		switch {
		case rule == nil:
			if f.absent == nil {
				f.absent = w
			}
		case !w.matches(rule):
			if f.different == nil {
				f.different, f.other = w, rule
			}
		case w.labels[rules.NoDataLabel] != "":
			f.noData = rule
		default:
			if w.givesValue {
				f.signal = rule
			}
			if w.kind == prometheusv1.RuleTypeAlerting {
				f.alerts[w.labels[rules.SeverityLabel]] = rule
			}
		}
	}
	return f
}

// complete reports whether Prometheus holds every rule as it should be, and no other.
func (f match) complete(h *loaded, wanted int) bool {
	return f.absent == nil && f.different == nil && len(h.rules) == wanted
}

// evaluated reports whether Prometheus has worked out the value, or found that there is none, and has stored that.
func (f match) evaluated(h *loaded) bool {
	return f.signal != nil && f.signal.health == prometheusv1.RuleHealthGood && h.levels > 0
}

// noDataFires reports whether the alert on missing data fires.
func (f match) noDataFires() bool {
	return f.noData != nil && f.noData.state == prometheusv1.AlertStateFiring
}
