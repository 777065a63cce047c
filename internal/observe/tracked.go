package observe

import (
	"hash/fnv"
	"math"
	"slices"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// What is published again at most that often, for each threshold: a value that has changed, by little or by much.
const (
	SmallChanges = 10 * time.Minute
	LargeChanges = time.Minute
)

// TrackedThreshold is one whose rule is in the cluster: what Prometheus should hold for it, and what was last published of it.
// It is not safe for several goroutines.
type TrackedThreshold struct {
	key types.NamespacedName
	// title names the rule in a sentence.
	title    string
	unit     unit.Unit
	levels   []rules.Level
	sides    []rules.Level // those of the levels, to which a value has a distance
	expected []expectedRule
	// shadow: there are no alerts in Prometheus, so they are evaluated here.
	shadow bool
	// emptyWhenHealthy: no value is a good state.
	emptyWhenHealthy bool
	// unconfined: the rule is meant to read series of every namespace.
	unconfined bool
	// foreign: the rule is no threshold's; see NewTrackedRule. valueless: it has no level that a value is compared with.
	foreign, valueless bool
	// ofFile: nothing says whether, and when, it was applied.
	ofFile bool

	// published is what was last published, nil before the first time, and changed when that was.
	published *Observation
	changed   time.Time
	absence   absence
	// resumed is the condition Loaded that the status had at a start, until it is known how many servers there are.
	resumed Condition
	// contradicted is since when alerts and values have contradicted each other; zero while they do not.
	contradicted time.Time
	// alerts are those of a shadow that are active, as the snapshot at evaluatedAt left them.
	alerts      map[alertKey]backtest.LiveAlert
	evaluatedAt time.Time
	// alertRules tell, for each level of a shadow, which series are one alert; nil when none are. failing are the levels whose
	// evaluation would have failed at evaluatedAt, for two would be.
	alertRules []alert.Rule
	failing    []string
}

// NewTrackedThreshold returns the threshold of that plan, of which nothing is known yet.
func NewTrackedThreshold(plan *rules.Plan) *TrackedThreshold {
	all := expectedRules(plan)
	var sides []rules.Level
	for _, level := range plan.Levels {
		sides = append(sides, level.Sides()...)
	}
	alerting := func(w expectedRule) bool { return w.kind == prometheusv1.RuleTypeAlerting }
	s := &TrackedThreshold{
		key:      types.NamespacedName{Namespace: plan.Namespace, Name: plan.Name},
		title:    "PrometheusRule " + rules.Name(plan.Name),
		unit:     plan.Value.Unit,
		levels:   plan.Levels,
		sides:    sides,
		expected: all,
		shadow:   !slices.ContainsFunc(all, alerting),

		emptyWhenHealthy: plan.Value.EmptyWhenHealthy, unconfined: plan.Value.IsUnconfined,
	}
	if s.shadow && plan.SharesAlerts() {
		for _, level := range plan.Levels {
			s.alertRules = append(s.alertRules, replay.AlertOf(plan, level))
		}
	}
	return s
}

// Resume continues from the status of that generation, so that a controller that starts writes nothing. Small changes of many
// thresholds are then published spread over time.
func (s *TrackedThreshold) Resume(status *v1alpha1.AlertThresholdStatus, generation int64, now time.Time) {
	before, ok := observationOf(status, generation)
	if !ok {
		return
	}
	s.published, s.resumed = &before, before.Loaded
	hash := fnv.New32a()
	hash.Write([]byte(s.key.String()))
	s.changed = now.Add(-time.Duration(hash.Sum32()) % SmallChanges)
	s.ResumeLevels(status, generation)
	if reason := before.Loaded.Reason; before.Loaded.Status == metav1.ConditionFalse && slices.Contains(absenceReasons, reason) {
		s.absence = absence{now.Add(-Grace), reason} // it has had its time
	}
}

// SetOfFile says that the rule is one of a file, so that nothing is on its way into Prometheus.
func (s *TrackedThreshold) SetOfFile() { s.ofFile = true }

// SetAbsentSince sets since when Prometheus should have the rule.
func (s *TrackedThreshold) SetAbsentSince(at time.Time) { s.absence = absence{since: at} }

// ResumeLevels continues only since when the levels of a shadow are crossed, which no alert tells.
func (s *TrackedThreshold) ResumeLevels(status *v1alpha1.AlertThresholdStatus, generation int64) {
	if before, ok := observationOf(status, generation); ok && s.shadow {
		s.restoreAlerts(before.Levels)
	}
}

// Published returns what to tell of the threshold; nil while nothing is known.
func (s *TrackedThreshold) Published() *Observation { return s.published }

// Observe evaluates a snapshot and reports whether what is published has changed. Snapshots must come in order of time; the same
// one may come again.
func (s *TrackedThreshold) Observe(snap *Snapshot) bool {
	now := s.evaluate(snap)
	if !s.shouldPublish(now, snap.At) {
		return false
	}
	s.published, s.changed = &now, snap.At
	return true
}

func (s *TrackedThreshold) shouldPublish(now Observation, at time.Time) bool {
	if s.published == nil {
		return true
	}
	// Prometheus was restarted: what it found before holds until it has evaluated the rule.
	if now.warmingUp && s.published.Loaded.Status == metav1.ConditionTrue && at.Sub(s.absence.since) < Grace {
		return false
	}
	// It was asked while the rule was evaluated, or answered by several servers in turn: it is not known what holds.
	if now.contradictory && at.Sub(s.contradicted) < Grace {
		return false
	}
	switch now.changeSince(*s.published) {
	case stateChange:
		return true
	case largeChange:
		return at.Sub(s.changed) >= LargeChanges
	case smallChange:
		return at.Sub(s.changed) >= SmallChanges
	default:
		return false
	}
}

// evaluate returns what holds according to the snapshot.
func (s *TrackedThreshold) evaluate(snap *Snapshot) Observation {
	if snap.Failure != "" {
		s.absence = absence{}
		return s.unknown(unreachable(snap.Failure))
	}
	h := snap.thresholds[s.key]
	if h == nil {
		h = &loaded{}
	}
	f := s.matchRules(h)
	o := Observation{headroom: math.NaN(), Loaded: s.loadedCondition(snap, h, f), warmingUp: f.complete(h, len(s.expected)) && notEvaluated(h.rules)}
	if f.evaluated(h) || h.asked {
		o.setCurrent(s.unit, s.sides, h.series, f.signal)
	}
	o.Levels, o.contradictory = s.levelStates(snap, h, f)
	if o.Loaded.Status == metav1.ConditionTrue {
		o.Loaded.Message += s.valueNotes(h)
	}
	switch {
	case !o.contradictory:
		s.contradicted = time.Time{}
	case s.contradicted.IsZero():
		s.contradicted = snap.At
	}
	if o.contradictory && o.Loaded.Status == metav1.ConditionTrue {
		o.Loaded.Message += contradictionNote
	} else {
		o.Loaded = s.unlessResumed(snap, o.Loaded)
	}
	o.State = worstState(o.Levels)
	return o
}
