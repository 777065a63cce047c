package rules

import (
	"fmt"
	"strings"
	"testing"
)

// TestUnconfinedNamespaces: the expression of a namespace that is listed is taken as it is written, and nobody else's is.
func TestUnconfinedNamespaces(t *testing.T) {
	o := Options{UnconfinedNamespaces: []string{"sre", "platform"}}
	for _, tc := range []struct{ namespace, expr, want string }{
		{"platform", "up", "up"},
		{"sre", "up", "up"},
		{"platform", `up{namespace="bank"}`, `up{namespace="bank"}`},
		{"platform", `up{namespace=~".+"} / on () group_left () x`, `up{namespace=~".+"} / on () group_left () x`},
		{"ai", "up", `up{namespace="ai"}`},
		{"ai", `up{namespace="bank"}`, ""},
		{"ai", `up{namespace=~"bank"}`, ""},
		{"ai", `up{namespace=~"ai|bank"}`, `up{namespace="ai"}`},
		{"platform2", "up", `up{namespace="platform2"}`},
		{"plat", "up", `up{namespace="plat"}`},
		{"Platform", "up", `up{namespace="Platform"}`},
		{"platform,ai", "up", `up{namespace="platform,ai"}`},
		{"", "up", `up{namespace=""}`},
		{"sre,platform", `up{namespace="bank"}`, ""},
	} {
		at := threshold(t, fmt.Sprintf("{alert: A, expr: %q, levels: [{severity: w, above: 1}]}", tc.expr))
		at.Namespace = tc.namespace
		plan, errs := o.Resolve(at)
		switch {
		case tc.want == "":
			if len(errs) != 1 || !strings.Contains(errs[0].Error(), "must watch its own namespace") {
				t.Errorf("%s: %s is not refused: %v", tc.namespace, tc.expr, errs)
			}
		case len(errs) > 0 || plan.Value.Expr != tc.want:
			t.Errorf("%s: %s becomes %+v, %v; want %s", tc.namespace, tc.expr, plan, errs, tc.want)
		case plan.Value.IsUnconfined == o.Confines(tc.namespace):
			t.Errorf("%s: unconfined %v, confined %v", tc.namespace, plan.Value.IsUnconfined, o.Confines(tc.namespace))
		}
	}
	// A signal is always its own namespace's.
	at := threshold(t, "{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}")
	at.Namespace = "platform"
	plan, errs := o.Resolve(at)
	if len(errs) > 0 || plan.Value.IsUnconfined || !strings.Contains(plan.Value.Expr, `namespace="platform"`) {
		t.Errorf("a signal becomes %+v, %v", plan, errs)
	}
	// What recording replaces tells apart what an unconfined expression reads.
	at = threshold(t, `{alert: A, expr: "sum by (namespace) (up)", levels: [{severity: w, above: 80}]}`)
	at.Namespace = "platform"
	if plan, errs = o.Resolve(at); len(errs) > 0 || !strings.HasPrefix(strings.Join(plan.Warnings, ""), "spec.expr: its series differ in namespace only, and two of them become one recorded series") {
		t.Errorf("by namespace: %v, warnings %q", errs, plan.Warnings)
	}
	for name, valid := range map[string]bool{"platform": true, "a-b": true, "*": false, "": false, "plat*": false, "a,b": false, "Platform": false, "a b": false, "a.b": false} {
		if err := (Options{UnconfinedNamespaces: []string{"sre", name}}).Validate(); (err == nil) != valid {
			t.Errorf("--unconfined-namespaces=%q: %v", name, err)
		}
	}
	if o.Unconfining("x").Confines("x") || !o.Confines("x") {
		t.Error("Unconfining does not unconfine, or changes the options")
	}
}
