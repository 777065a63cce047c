package alert

import (
	"fmt"
	"maps"
	"slices"
)

// ChangedRecords are the recorded metrics that one of two sets records otherwise than the other, or not at all, and those whose
// expressions read such: what Prometheus holds of them tells of one set at most.
func ChangedRecords(before, after Set) map[string]bool {
	changed := map[string]bool{}
	was, is := before.recorded(), after.recorded()
	for name := range was {
		changed[name] = !slices.Equal(was[name], is[name])
	}
	for name := range is {
		changed[name] = !slices.Equal(was[name], is[name])
	}
	for again := true; again; {
		again = false
		for _, set := range []Set{before, after} {
			for _, record := range set.Records {
				if !changed[record.Name] && set.reads(record, changed) {
					changed[record.Name], again = true, true
				}
			}
		}
	}
	maps.DeleteFunc(changed, func(_ string, is bool) bool { return !is })
	return changed
}

// recorded is what gives each recorded metric its samples, in no order of the set's.
func (s Set) recorded() map[string][]string {
	all := map[string][]string{}
	for _, r := range s.Records {
		all[r.Name] = append(all[r.Name], fmt.Sprint(r.Interval, r.Offset(), s.With(r.rule(), nil).Expr, r.Labels))
	}
	for name := range all {
		slices.Sort(all[name])
	}
	return all
}

func (s Set) reads(r Record, metrics map[string]bool) bool {
	return s.With(r.rule(), metrics).Expr != s.With(r.rule(), nil).Expr
}

// rule is a rule with the record's expression.
func (r Record) rule() Rule { return Rule{Ref: r.Ref, Evaluation: r.Evaluation, Expr: r.Expr} }

// With returns the rule with the expressions of those records of the set put in, printed as the parser does. What cannot be
// read stays as it is.
func (s Set) With(r Rule, records map[string]bool) Rule {
	if query, err := s.Query(r, func(name string) bool { return records[name] }); err == nil {
		r.Expr = query.Expr
	}
	return r
}
