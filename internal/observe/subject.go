package observe

import (
	"hash/fnv"
	"slices"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// What is published again at most that often, for each threshold: a value that has changed, by little or by much.
const (
	SmallChanges = 10 * time.Minute
	LargeChanges = time.Minute
)

// Subject is one threshold whose rule is in the cluster: what Prometheus should hold for it, and what people were last told
// of it. It is not safe for several goroutines.
type Subject struct {
	key    types.NamespacedName
	unit   signal.Unit
	levels []rules.Level
	wanted []want
	// shadow: there are no alerts in Prometheus, so it is worked out here what they would do.
	shadow bool

	// published is what people are to see, and changed when that last changed; nil before the first time.
	published *Observation
	changed   time.Time
	missing   missing
	// contradicted is since when alerts and values have contradicted each other; zero while they do not.
	contradicted time.Time
	// standing are the series beyond a line, of a shadow, as the snapshot of that time left them.
	standing map[place]standing
	at       time.Time
}

// NewSubject is the threshold of that plan, of which nothing is known yet.
func NewSubject(plan *rules.Plan) *Subject {
	all := wanted(plan)
	alerting := func(w want) bool { return w.kind == prometheusv1.RuleTypeAlerting }
	return &Subject{
		key:    types.NamespacedName{Namespace: plan.Namespace, Name: plan.Name},
		unit:   plan.Value.Unit,
		levels: plan.Levels,
		wanted: all,
		shadow: !slices.ContainsFunc(all, alerting),
	}
}

// Resume takes over what the status of that generation says, so that a controller that starts anew neither writes nor waits
// anew. Thresholds get their turn to publish small changes spread over the time that lies between two.
func (s *Subject) Resume(status *v1alpha1.AlertThresholdStatus, generation int64, now time.Time) {
	before, ok := recorded(status, generation)
	if !ok {
		return
	}
	s.published = &before
	hash := fnv.New32a()
	hash.Write([]byte(s.key.String()))
	s.changed = now.Add(-time.Duration(hash.Sum32()) % SmallChanges)
	s.ResumeLevels(status, generation)
	if reason := before.Loaded.Reason; before.Loaded.Status == metav1.ConditionFalse && slices.Contains(missingReasons, reason) {
		s.missing = missing{now.Add(-Grace), reason} // it has had its time
	}
}

// MissingSince says since when Prometheus should have had the rule, when it was not observed since.
func (s *Subject) MissingSince(at time.Time) { s.missing = missing{since: at} }

// ResumeLevels takes over only since when the lines have been crossed of a threshold that has no alerts to tell it.
func (s *Subject) ResumeLevels(status *v1alpha1.AlertThresholdStatus, generation int64) {
	if before, ok := recorded(status, generation); ok && s.shadow {
		s.seed(before.Levels)
	}
}

// Published is what people are to see; nil while nothing is known.
func (s *Subject) Published() *Observation { return s.published }

// Observe takes in a snapshot and reports whether what is published has changed. Snapshots must come in order of time; the
// same one may come again.
func (s *Subject) Observe(snap *Snapshot) bool {
	now := s.judge(snap)
	if !s.worthTelling(now, snap.At) {
		return false
	}
	s.published, s.changed = &now, snap.At
	return true
}

func (s *Subject) worthTelling(now Observation, at time.Time) bool {
	if s.published == nil {
		return true
	}
	// Prometheus has been started anew. What it will find is not known, but nothing speaks against what it found before.
	if now.settling && s.published.Loaded.Status == metav1.ConditionTrue && at.Sub(s.missing.since) < Grace {
		return false
	}
	// It was asked while the rule was evaluated, or answered by several servers in turn: it is not known what holds.
	if now.contradictory && at.Sub(s.contradicted) < Grace {
		return false
	}
	switch now.since(*s.published) {
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

// judge says what holds according to the snapshot.
func (s *Subject) judge(snap *Snapshot) Observation {
	if snap.Fault != "" {
		s.missing = missing{}
		return s.unknown(unreachable(snap.Fault))
	}
	h := snap.thresholds[s.key]
	if h == nil {
		h = &held{}
	}
	f := s.find(h)
	o := Observation{Loaded: s.loaded(snap, h, f), settling: f.complete(h, len(s.wanted)) && pending(h.rules)}
	if f.evaluated(h) {
		o.setCurrent(s.unit, s.levels, h.series, f.signal)
	}
	o.Levels, o.contradictory = s.levelStates(snap, h, f)
	switch {
	case !o.contradictory:
		s.contradicted = time.Time{}
	case s.contradicted.IsZero():
		s.contradicted = snap.At
	}
	if o.contradictory && o.Loaded.Status == metav1.ConditionTrue {
		o.Loaded.Message += contradictionNote
	}
	o.State = worst(o.Levels)
	return o
}
