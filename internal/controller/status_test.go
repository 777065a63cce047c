package controller

import (
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller/claims"
	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// settle gives a threshold of that generation the status after what was seen, without a Prometheus.
func settle(at *v1alpha1.AlertThreshold, generation int64, s seen) {
	at.Generation = generation
	setStatus(at, claims.Claim{}, conclude(at, s, plan(at, s, nil, rules.Options{}), nil), nil)
}

func TestStatusKeepsTheLevelsInForce(t *testing.T) {
	at := newThreshold()
	settle(at, 3, seen{})
	const levels = "warning > 80%, critical > 90%"
	if at.Status.Threshold != levels || len(at.Status.Levels) != 2 || at.Status.Rule.Name != "plimsoll-cpu" {
		t.Fatalf("status = %+v", at.Status)
	}

	ours := ruleOwnedBy("plimsoll.dev/v1alpha1", "AlertThreshold", "cpu", "this")
	at.Spec.Levels[0].Above = "2s"
	settle(at, 4, seen{rule: ours})
	if at.Status.Threshold != levels || at.Status.ObservedGeneration != 4 {
		t.Errorf("with a mistake in the spec, status = %+v", at.Status)
	}

	settle(at, 4, seen{err: errors.New("no answer")})
	if at.Status.Threshold != levels {
		t.Errorf("with a fault, status = %+v", at.Status)
	}

	settle(at, 4, seen{})
	if at.Status.Threshold != "" || at.Status.Levels != nil || at.Status.Rule != nil {
		t.Errorf("without a rule, status = %+v", at.Status)
	}
}

func TestStatusOfAThresholdWithoutRule(t *testing.T) {
	at := newThreshold()
	settle(at, 3, seen{})
	at.Spec.Mode = v1alpha1.ModeOff
	settle(at, 4, seen{})
	if s := at.Status; s.State != v1alpha1.StateOff || s.Rule != nil || s.Levels != nil || s.Threshold != "" {
		t.Errorf("off, status = %+v", s)
	}
	at.Spec.Mode = ""
	settle(at, 5, seen{overrides: []string{"other"}})
	if s := at.Status; s.State != v1alpha1.StateSuperseded || s.Rule != nil {
		t.Errorf("superseded, status = %+v", s)
	}
	settle(at, 6, seen{})
	if s := at.Status; s.State != "" || s.Rule == nil {
		t.Errorf("back, status = %+v", s)
	}
}

// TestStatusOfAContestedThreshold: the condition Contested is there as long as a contender is, and no longer.
func TestStatusOfAContestedThreshold(t *testing.T) {
	threshold := newThreshold()
	set := func(claim claims.Claim) { setStatus(threshold, claim, conclusion{}, nil) }
	set(claims.Claim{Self: "me/c", Contenders: []string{"other/c"}})
	contested := meta.FindStatusCondition(threshold.Status.Conditions, v1alpha1.ConditionContested)
	if contested == nil || contested.Status != metav1.ConditionTrue || threshold.Status.Controller != "me/c" {
		t.Fatalf("status is %+v", threshold.Status)
	}
	set(claims.Claim{Self: "me/c"})
	if meta.FindStatusCondition(threshold.Status.Conditions, v1alpha1.ConditionContested) != nil {
		t.Error("still contested")
	}
	set(claims.Claim{}) // without leader election
	if threshold.Status.Controller != "me/c" {
		t.Errorf("controller is %q", threshold.Status.Controller)
	}
}

// TestStatusOfWhatPrometheusSays takes a threshold from no answer over one to none again, and off.
func TestStatusOfWhatPrometheusSays(t *testing.T) {
	since := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	at := newThreshold()
	c := conclude(at, seen{}, plan(at, seen{}, nil, rules.Options{}), nil)
	backtest := &v1alpha1.Backtest{Window: "7d"}
	setStatus(at, claims.Claim{}, c, &prometheus.State{Generation: 3, BacktestState: prometheus.BacktestState{Backtest: backtest}})
	if s := at.Status; s.State != "" || s.Backtest != backtest || meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionLoaded) != nil {
		t.Errorf("before the first answer, status = %+v", s)
	}

	o := &observe.Observation{
		State: v1alpha1.StateFiring, Current: "85%", CurrentLabels: map[string]string{"series": "a"}, Headroom: "-6%",
		Levels: []observe.Level{{Severity: "warning", State: v1alpha1.StateFiring, ActiveSince: since}, {Severity: "gone", State: v1alpha1.StateFiring}},
	}
	o.Loaded.Status, o.Loaded.Reason, o.Loaded.Message = metav1.ConditionTrue, v1alpha1.ReasonLoaded, "loaded"
	setStatus(at, claims.Claim{}, c, &prometheus.State{Observation: o, Generation: 2})
	s := at.Status
	loaded := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionLoaded)
	if loaded == nil || loaded.Status != metav1.ConditionTrue || loaded.ObservedGeneration != 2 || loaded.Message != "loaded" {
		t.Errorf("loaded = %+v", loaded)
	}
	if s.State != v1alpha1.StateFiring || s.Current != "85%" || s.CurrentLabels["series"] != "a" || s.Headroom != "-6%" || s.Backtest != nil {
		t.Errorf("status = %+v", s)
	}
	want := []v1alpha1.LevelStatus{
		{Severity: "warning", Threshold: "> 80%", State: v1alpha1.StateFiring, ActiveSince: &metav1.Time{Time: since}},
		{Severity: "critical", Threshold: "> 90%", State: v1alpha1.StateUnknown},
	}
	if !equality.Semantic.DeepEqual(s.Levels, want) {
		t.Errorf("levels = %+v, want %+v", s.Levels, want)
	}

	at.Spec.Mode = v1alpha1.ModeOff
	settle(at, 4, seen{})
	if s := at.Status; s.Current != "" || s.CurrentLabels != nil || s.Headroom != "" || s.State != v1alpha1.StateOff ||
		meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionLoaded) != nil {
		t.Errorf("off, status = %+v", s)
	}
}

// TestOneSaysBuckets: of buckets that a source is known to have and of those that were read, one condition speaks.
func TestOneSaysBuckets(t *testing.T) {
	at := newThreshold()
	at.Spec.Signal = &v1alpha1.Signal{Name: "ModelTimeToFirstToken", Source: "Agentgateway"}
	at.Spec.Levels = []v1alpha1.Level{{Severity: "warning", Above: "30s"}}
	c := conclude(at, seen{}, plan(at, seen{}, nil, rules.Options{}), nil)
	read := func(status metav1.ConditionStatus, generation int64) *metav1.Condition {
		return &metav1.Condition{Type: v1alpha1.ConditionMeasurable, Status: status, Reason: "R", ObservedGeneration: generation}
	}
	for name, tc := range map[string]struct {
		state         *prometheus.State
		known, isRead bool
	}{
		"no Prometheus":             {nil, true, false},
		"not yet":                   {&prometheus.State{}, false, false},
		"unknown":                   {&prometheus.State{BacktestState: prometheus.BacktestState{Measurable: read(metav1.ConditionUnknown, at.Generation)}}, true, true},
		"unknown of the one before": {&prometheus.State{BacktestState: prometheus.BacktestState{Measurable: read(metav1.ConditionUnknown, at.Generation-1)}}, false, true},
		"read":                      {&prometheus.State{BacktestState: prometheus.BacktestState{Measurable: read(metav1.ConditionFalse, at.Generation)}}, false, true},
	} {
		setStatus(at, claims.Claim{}, c, tc.state)
		accepted := meta.FindStatusCondition(at.Status.Conditions, v1alpha1.ConditionAccepted)
		if got := strings.Contains(accepted.Message, "highest bucket (10s)"); got != tc.known || accepted.Status != metav1.ConditionTrue {
			t.Errorf("%s: accepted is %+v", name, accepted)
		}
		if got := meta.FindStatusCondition(at.Status.Conditions, v1alpha1.ConditionMeasurable); (got != nil) != tc.isRead {
			t.Errorf("%s: measurable is %+v", name, got)
		}
		if ready := meta.FindStatusCondition(at.Status.Conditions, v1alpha1.ConditionReady); ready.Reason == "R" {
			t.Errorf("%s: ready is %+v", name, ready)
		}
	}
}
