package controller

import (
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

func TestConclude(t *testing.T) {
	for name, tc := range situations(t) {
		t.Run(name, func(t *testing.T) {
			at := tc.threshold()
			c := conclude(at, tc.seen, plan(at, tc.seen, extraLabels, rules.Options{}), nil)
			if (c.requeueAfter > 0) != tc.requeues || (c.err != nil) != tc.fails {
				t.Errorf("requeued after %v, error = %v", c.requeueAfter, c.err)
			}
			if c.ready.Status != tc.ready {
				t.Errorf("ready = %+v, want %s", c.ready, tc.ready)
			}
			got := c.programmed
			if got.Reason != tc.reason || got.ObservedGeneration != tc.generation || !strings.Contains(got.Message, tc.says) {
				t.Errorf("programmed = %+v, want %s of generation %d saying %q", got, tc.reason, tc.generation, tc.says)
			}
			wantAccepted := metav1.ConditionTrue
			if at.Spec.Levels[0].Above == "2s" {
				wantAccepted = metav1.ConditionFalse
			}
			if c.accepted.Status != wantAccepted {
				t.Errorf("accepted = %+v, want %s", c.accepted, wantAccepted)
			}
			if isApplied := tc.reason == v1alpha1.ReasonRuleApplied; (c.inForce != nil) != isApplied {
				t.Errorf("in force is %+v, want it: %v", c.inForce, isApplied)
			}
		})
	}
}

// TestConcludeFailure concludes actions that could not be done: nothing holds that was not done.
func TestConcludeFailure(t *testing.T) {
	resource := schema.GroupResource{Resource: "prometheusrules"}
	forbidden := apierrors.NewForbidden(resource, "plimsoll-cpu", errors.New("no right"))
	refused := apierrors.NewBadRequest("denied the request")
	missing := v1alpha1.ReasonOperatorMissing
	for name, tc := range map[string]struct {
		situation   string
		err         error
		reason      string
		says        string
		keepsLevels bool
		requeues    bool
		fails       bool
	}{
		"watching fails":                 {"settled", forbidden, v1alpha1.ReasonApplyFailed, "could not be watched, tried again", true, false, true},
		"writing fails":                  {"no rule yet", forbidden, v1alpha1.ReasonApplyFailed, "could not be written, tried again", true, false, true},
		"removing fails":                 {"off, our rule", forbidden, v1alpha1.ReasonApplyFailed, "could not be removed, tried again", true, false, true},
		"removing a predecessor's":       {"a predecessor's rule", forbidden, v1alpha1.ReasonApplyFailed, "could not be removed", true, false, true},
		"refused":                        {"our rule", refused, v1alpha1.ReasonRuleRefused, "not tried again until the spec changes", true, false, false},
		"invalid":                        {"our rule", apierrors.NewInvalid(schema.GroupKind{}, "", nil), v1alpha1.ReasonRuleRefused, "refuses", true, false, false},
		"too large for the API server":   {"our rule", apierrors.NewRequestEntityTooLargeError("limit"), v1alpha1.ReasonRuleRefused, "limit", true, false, false},
		"the kind goes while writing":    {"no rule yet", apierrors.NewNotFound(resource, ""), missing, "install the Prometheus Operator", false, true, false},
		"the kind goes while removing":   {"off, our rule", &meta.NoKindMatchError{}, missing, "install the Prometheus Operator", false, true, false},
		"the kind goes while it watches": {"settled", &meta.NoKindMatchError{}, missing, "install the Prometheus Operator", false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			met := situations(t)[tc.situation]
			at := met.threshold()
			c := conclude(at, met.seen, plan(at, met.seen, extraLabels, rules.Options{}), tc.err)
			if c.programmed.Reason != tc.reason || c.programmed.Status != metav1.ConditionFalse || !strings.Contains(c.programmed.Message, tc.says) {
				t.Errorf("programmed = %+v, want %s saying %q", c.programmed, tc.reason, tc.says)
			}
			if c.ready.Status != metav1.ConditionFalse || c.accepted.Status != metav1.ConditionTrue {
				t.Errorf("ready = %+v, accepted = %+v", c.ready, c.accepted)
			}
			if c.inForce != nil || c.keepsLevels != tc.keepsLevels || (c.requeueAfter > 0) != tc.requeues || (c.err != nil) != tc.fails {
				t.Errorf("conclusion = %+v", c)
			}
		})
	}
}
