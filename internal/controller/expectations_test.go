package controller

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func TestPredates(t *testing.T) {
	for _, tc := range []struct {
		cached, written string
		want            bool
	}{
		{"9", "", false}, // nothing written
		{"9", "10", true},
		{"10", "10", false},
		{"11", "10", false},
		{"", "10", true},
		{"x", "10", true}, // not to be compared: ask
	} {
		if got := predates(tc.cached, tc.written); got != tc.want {
			t.Errorf("predates(%q, %q) = %v, want %v", tc.cached, tc.written, got, tc.want)
		}
	}
}

func TestExpectationsAreDeleted(t *testing.T) {
	w := newExpectations()
	name := types.NamespacedName{Namespace: "ai", Name: "cpu"}
	w.update(name, func(e *expectation) { e.statusVersion = "5" })
	w.update(name, func(e *expectation) { e.ruleVersion = "6" })
	if got := w.get(name); got != (expectation{statusVersion: "5", ruleVersion: "6"}) {
		t.Errorf("expectation = %+v", got)
	}
	w.delete(name)
	if len(w.byThreshold) != 0 {
		t.Errorf("left: %+v", w.byThreshold)
	}
}
