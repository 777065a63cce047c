package tuner

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
)

// TestRuleChange checks what is shown and changed of a rule.
func TestRuleChange(t *testing.T) {
	r := alert.Rule{Ref: alert.Ref{Namespace: "ai", Object: "o", Name: "A"}, Expr: "sum(x) >= 80", For: 5 * time.Minute, Labels: map[string]string{"severity": "page"}}
	target := NewRule(r)
	present := target.present()
	if len(present) != 1 || *present[0].Above != 80 || present[0].For != 300 || present[0].Severity != "page" || present[0].Fixed {
		t.Errorf("present = %+v", present)
	}
	same, err := target.change(present)
	if err != nil || same.answer.Changed || same.answer.Expr != r.Expr {
		t.Errorf("as it is: %+v, %v", same, err)
	}
	moved := slices.Clone(present)
	value := 72.5
	moved[0].Above, moved[0].KeepFiringFor = &value, 90
	changed, err := target.change(moved)
	if err != nil || !changed.answer.Changed || changed.answer.Expr != "sum(x) > 72.5" || *changed.shown[0].Above != 72.5 ||
		!strings.Contains(changed.answer.YAML, `expr: "sum(x) > 72.5"`) || !strings.Contains(changed.answer.YAML, "for: 5m\n  keep_firing_for: 1m30s") || changed.answer.Patch != "" {
		t.Errorf("moved: %+v, %v", changed, err)
	}
	moved[0].Below = &value
	if _, err := target.change(moved); err == nil || !strings.Contains(err.Error(), "if and only if") {
		t.Errorf("with a level of another side: %v", err)
	}
	fixed := NewRule(alert.Rule{Expr: "absent(x)"}).present()
	if !fixed[0].Fixed || fixed[0].Above != nil || fixed[0].Below != nil {
		t.Errorf("of a rule without level: %+v", fixed)
	}
}
