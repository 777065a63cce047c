// Package observe says what holds for a threshold, given what Prometheus answered: whether the rule is loaded, where each
// level stands, what the value is. It is pure: it takes promapi's data and asks nothing itself.
package observe

import (
	"slices"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/sample"
)

// RuleSelector matches the rules of all thresholds in the rules API.
const RuleSelector = "{" + rules.ThresholdLabel + `!=""}`

// Snapshot is what a Prometheus answered at one time, by threshold. It is not changed once it is filled.
type Snapshot struct {
	At time.Time
	// Fault is why Prometheus could not be asked, in words that stay the same while it lasts; empty if it could be.
	Failure string
	// Selection is what the Prometheus objects select; nil when that is not known.
	Selection *Selection
	// Servers says whether the URL leads to several Prometheus servers.
	Servers Servers
	// Interval is the time between two evaluations of thresholds' rules, which is Prometheus' own, for their groups ask for
	// none; zero when there are none.
	Interval time.Duration
	// Evaluated is when the last of thresholds' groups was evaluated, by Prometheus' clock; zero when none was.
	Evaluated time.Time

	thresholds map[types.NamespacedName]*loaded
}

// held is what Prometheus holds for one threshold. It is kept small: there may be thousands.
type loaded struct {
	rules []loadedRule
	// series are the recorded values that are numbers, without the labels that all of them have; kind is the greatest of all.
	series []series
	kind   sample.Kind
	// levels is how many levels are recorded: none before the first evaluation is stored.
	levels int
	// asked: the values are not recorded ones, but were asked for beside the rules.
	asked bool
}

type loadedRule struct {
	kind prometheusv1.RuleType
	name string
	// labels are the rule's own.
	labels                     labels.Labels
	query                      string
	forDuration, keepFiringFor time.Duration
	health                     prometheusv1.RuleHealth
	lastError                  string
	// state is the worst of the alerts; since is when the oldest of them became active.
	state prometheusv1.AlertState
	since time.Time
}

type series struct {
	labels labels.Labels
	value  float64
}

// NewSnapshot is an empty snapshot of that time.
func NewSnapshot(at time.Time) *Snapshot {
	return &Snapshot{At: at, thresholds: map[types.NamespacedName]*loaded{}}
}

// AddGroup adds what is of use of a rule group; nothing if it is not of a threshold.
func (s *Snapshot) AddGroup(group promapi.Group) {
	key, ok := rules.GroupThreshold(group.Name)
	if !ok {
		return
	}
	s.addEvaluation(group)
	h := s.threshold(key)
	h.rules = make([]loadedRule, len(group.Rules))
	for i, rule := range group.Rules {
		h.rules[i] = newLoadedRule(rule)
	}
}

func (s *Snapshot) addEvaluation(group promapi.Group) {
	s.Interval = time.Duration(group.Interval * float64(time.Second))
	if group.LastEvaluation.After(s.Evaluated) {
		s.Evaluated = group.LastEvaluation
	}
}

func newLoadedRule(rule promapi.Rule) loadedRule {
	h := loadedRule{
		kind:          rule.Type,
		name:          rule.Name,
		labels:        compact(model.Metric(rule.Labels)),
		query:         rule.Query,
		forDuration:   time.Duration(rule.Duration * float64(time.Second)),
		keepFiringFor: time.Duration(rule.KeepFiringFor * float64(time.Second)),
		health:        rule.Health,
		lastError:     rule.LastError,
		state:         prometheusv1.AlertStateInactive,
	}
	for _, alert := range rule.Alerts {
		if alert.State == prometheusv1.AlertStateInactive {
			continue
		}
		if h.state != prometheusv1.AlertStateFiring {
			h.state = alert.State
		}
		if h.since.IsZero() || alert.ActiveAt.Before(h.since) {
			h.since = alert.ActiveAt
		}
	}
	return h
}

// AddSignals adds the samples of plimsoll:signal.
func (s *Snapshot) AddSignals(samples model.Vector) { s.addSeries(thresholdOf, samples) }

func (s *Snapshot) addSeries(of func(model.Metric) types.NamespacedName, samples model.Vector) {
	for _, one := range samples {
		h, kind := s.threshold(of(one.Metric)), sample.KindOf(one)
		h.kind = max(h.kind, kind)
		if kind != sample.Number {
			continue
		}
		h.series = append(h.series, series{
			labels: compact(one.Metric, model.MetricNameLabel, rules.NamespaceLabel, rules.ThresholdLabel),
			value:  float64(one.Value),
		})
	}
}

// AddThresholds adds the samples of plimsoll:threshold.
func (s *Snapshot) AddThresholds(samples model.Vector) {
	for _, sample := range samples {
		s.threshold(thresholdOf(sample.Metric)).levels++
	}
}

// ValuesAt is the time to ask for the values of, so that they are those by which the alerts of the groups were evaluated, and
// not of an evaluation since; zero, which is now, when evaluation stands still or the clocks differ.
func (s *Snapshot) ValuesAt() time.Time {
	if away := s.At.Sub(s.Evaluated).Abs(); away > time.Minute+2*s.Interval {
		return time.Time{}
	}
	return s.Evaluated
}

// Holds reports whether Prometheus has any rules of the threshold.
func (s *Snapshot) Holds(threshold types.NamespacedName) bool {
	h := s.thresholds[threshold]
	return h != nil && len(h.rules) > 0
}

func (s *Snapshot) threshold(key types.NamespacedName) *loaded {
	h := s.thresholds[key]
	if h == nil {
		h = &loaded{}
		s.thresholds[key] = h
	}
	return h
}

func thresholdOf(metric model.Metric) types.NamespacedName {
	return types.NamespacedName{
		Namespace: string(metric[rules.NamespaceLabel]),
		Name:      string(metric[rules.ThresholdLabel]),
	}
}

// compact is the metric as one string, without some labels.
func compact(metric model.Metric, without ...model.LabelName) labels.Labels {
	builder := labels.NewScratchBuilder(len(metric))
	for name, value := range metric {
		if !slices.Contains(without, name) {
			builder.Add(string(name), string(value))
		}
	}
	builder.Sort()
	return builder.Labels()
}
