package promapi

import (
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
)

// Set is the group's rules, without annotations. The rules API does not tell a group's query offset, so that is the server's.
func (g Group) Set() (set alert.Set) {
	evaluation := alert.Evaluation{Interval: seconds(g.Interval), Limit: g.Limit, At: g.evaluatedAt()}
	for i, rule := range g.Rules {
		ref := alert.Ref{Object: g.File, Group: g.Name, Index: i, Name: rule.Name}
		ruleLabels := map[string]string{}
		for name, value := range rule.Labels {
			ruleLabels[string(name)] = string(value)
		}
		if rule.Type == prometheusv1.RuleTypeRecording {
			set.Records = append(set.Records, alert.Record{Ref: ref, Evaluation: evaluation, Expr: rule.Query, Labels: ruleLabels})
			continue
		}
		set.Alerts = append(set.Alerts, alert.Rule{
			Ref: ref, Evaluation: evaluation, Expr: rule.Query, Labels: ruleLabels,
			For: seconds(rule.Duration), KeepFiringFor: seconds(rule.KeepFiringFor),
		})
	}
	return set
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// evaluatedAt is the time of the group's last evaluation; zero before the first. Prometheus spreads its groups over the
// interval by a hash of their names, and says only when it began to evaluate: shortly after, unless it hashes otherwise.
func (g Group) evaluatedAt() time.Time {
	interval := seconds(g.Interval)
	if g.LastEvaluation.IsZero() || g.LastEvaluation.Unix() <= 0 || interval <= 0 {
		return time.Time{}
	}
	phase := int64(labels.FromStrings("name", g.Name, "file", g.File).Hash() % uint64(interval)) //nolint:gosec // below the interval
	since := (g.LastEvaluation.UnixNano() - phase) % int64(interval)
	if late := time.Duration(since); late < interval/4 {
		return g.LastEvaluation.Add(-late)
	}
	return g.LastEvaluation
}
