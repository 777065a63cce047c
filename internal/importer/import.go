// Package importer turns alerting rules into AlertThresholds, and says which cannot be one, and why. It is pure: what a replay
// gives is handed to it.
package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// defaultSeverity is that of a rule without one.
const defaultSeverity = "warning"

// Import is what became of a rule, or of several that are levels of one value.
type Import struct {
	// Rules are those that were imported, in the order of the threshold's levels.
	Rules []alert.Rule
	// Threshold and its Plan are nil when Because says why the rules are left.
	Threshold *v1alpha1.AlertThreshold
	Plan      *rules.Plan
	Because   string
	// Notes say what is not in the threshold as it is in the rules.
	Notes []string
	// Proof is nil when nothing was replayed.
	Proof *Proof

	namespace string
	// exprs are the rules' expressions, with the records put in, of which readsRecords says whether there are any.
	exprs        []string
	readsRecords []bool
}

// String names the rules in a sentence.
func (i Import) String() string {
	var names []string
	for _, r := range i.Rules {
		if name := r.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func (i *Import) addNote(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(i.Notes, text) {
		i.Notes = append(i.Notes, text)
	}
}

// Leave says why the rules are not imported.
func (i *Import) Leave(because string) { i.Threshold, i.Plan, i.Because = nil, nil, because }

// source is what rules are imported from, and to where.
type source struct {
	set       alert.Set
	namespace string
	options   rules.Options
	interval  time.Duration
}

// FromRules imports all alerting rules of the set into the namespace, in their order. Records that they read are put in. interval is the
// server's own between evaluations; zero when it is not known.
func FromRules(set alert.Set, namespace string, options rules.Options, interval time.Duration) []Import {
	s := source{set, namespace, options, interval}
	var all []Import
	byKey := map[string][]int{}
	for _, r := range set.Alerts {
		imported := s.draft(r)
		if imported.Threshold == nil {
			all = append(all, imported)
			continue
		}
		key := valueKey(imported.Threshold)
		if !s.merge(all, byKey[key], imported) {
			byKey[key] = append(byKey[key], len(all))
			all = append(all, imported)
		}
	}
	s.resolve(all) // so that those that are left take no names
	nameAll(all)
	s.resolve(all)
	return all
}

// valueKey tells thresholds apart by all but their levels' severities, values and times.
func valueKey(t *v1alpha1.AlertThreshold) string {
	spec := t.Spec
	spec.Levels = []v1alpha1.Level{{}}
	if t.Spec.Levels[0].Below != "" {
		spec.Levels[0].Below = "-"
	}
	key, _ := json.Marshal(spec) // a spec can always be encoded
	return string(key)
}

// merge makes the rule a level of one of the candidates; false when it can be one of none.
func (s source) merge(all []Import, candidates []int, imported Import) bool {
	for _, n := range candidates {
		merged := all[n].Threshold.DeepCopy()
		merged.Spec.Levels = append(merged.Spec.Levels, imported.Threshold.Spec.Levels...)
		if _, errs := s.options.Resolve(merged); len(errs) > 0 {
			continue
		}
		all[n].Threshold = merged
		all[n].Rules = append(all[n].Rules, imported.Rules...)
		all[n].exprs = append(all[n].exprs, imported.exprs...)
		all[n].readsRecords = append(all[n].readsRecords, imported.readsRecords...)
		for _, text := range imported.Notes {
			all[n].addNote("%s", text)
		}
		return true
	}
	return false
}

// resolve plans the thresholds, and leaves those that are not valid.
func (s source) resolve(all []Import) {
	for n := range all {
		i := &all[n]
		if i.Threshold == nil {
			continue
		}
		plan, errs := s.options.Resolve(i.Threshold)
		if len(errs) > 0 {
			i.Leave(errs.ToAggregate().Error())
			continue
		}
		i.Plan = plan
		for _, text := range plan.Warnings {
			i.addNote("%s", text)
		}
	}
}

// maxName is the longest name of a threshold that leaves room for what tells it apart, in characters.
const maxName = 40

// nameAll names the thresholds by their alert; of several with one alert, by their first severity, too, and then by a number.
func nameAll(all []Import) {
	count, taken := map[string]int{}, map[string]bool{}
	base := func(t *v1alpha1.AlertThreshold) string {
		name := rules.ThresholdName(t.Spec.Alert)
		return strings.Trim(name[:min(len(name), maxName)], "-")
	}
	for _, i := range all {
		if i.Threshold != nil {
			count[base(i.Threshold)]++
		}
	}
	for _, i := range all {
		if i.Threshold == nil {
			continue
		}
		name := base(i.Threshold)
		if severity := i.Threshold.Spec.Levels[0].Severity; count[name] > 1 && len(severity) < 16 {
			name += "-" + rules.ThresholdName(severity)
		}
		free := name
		for n := 2; taken[free]; n++ {
			free = name + "-" + strconv.Itoa(n)
		}
		taken[free], i.Threshold.Name = true, free
	}
}

// Rendered returns the rule that the controller writes for the level of that index, to be replayed at the evaluations of the imported one.
func (i Import) Rendered(level int) (alert.Rule, error) {
	set, err := alert.FromPrometheusRule(i.Plan.Rule(nil))
	if err != nil {
		return alert.Rule{}, err
	}
	rendered := set.Alerts[level]
	q, err := set.Query(rendered, func(string) bool { return true }) // the recorded value's expression is put in
	if err != nil {
		return alert.Rule{}, err
	}
	rendered.Expr = q.Expr
	rendered.Ref, rendered.Evaluation = i.Rules[level].Ref, i.Rules[level].Evaluation
	rendered.QueryOffset = nil // it is in the expression
	return rendered, nil
}
