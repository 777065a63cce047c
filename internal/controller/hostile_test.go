//go:build integration

package controller_test

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

const oneLevel = `levels: [{severity: w, above: 5}]`

// TestHostileResourcesAreRefused: what is large, deep or strange does not get into the API server, which says why.
func TestHostileResourcesAreRefused(t *testing.T) {
	namespace := newNamespace(t)
	long := strings.Repeat
	var levels, pairs []string
	for i := range 5000 {
		levels = append(levels, fmt.Sprintf("{severity: s%d, above: %d}", i, i+1))
		pairs = append(pairs, fmt.Sprintf("a%d: x", i))
	}
	for name, tc := range map[string]struct{ spec, says string }{
		"expr of 5,000 characters": {`{alert: A, expr: "up` + long(" ", 5000) + `", ` + oneLevel + `}`, "spec.expr: Too long"},
		"5,000 levels":             {`{alert: A, expr: up, levels: [` + strings.Join(levels, ", ") + `]}`, "spec.levels: Too many"},
		"5,000 labels":             {`{alert: A, expr: up, labels: {` + strings.Join(pairs, ", ") + `}, ` + oneLevel + `}`, "spec.labels: Too many"},
		"5,000 annotations":        {`{alert: A, expr: up, annotations: {` + strings.Join(pairs, ", ") + `}, ` + oneLevel + `}`, "spec.annotations: Too many"},
		"a megabyte of name":       {`{alert: "` + long("A", 1<<20) + `", expr: up, ` + oneLevel + `}`, "spec.alert: Too long"},
		"four megabytes":           {`{alert: A, expr: up, annotations: {a: "` + long("x", 4<<20) + `"}, ` + oneLevel + `}`, "too large"},
		"two megabytes":            {`{alert: A, expr: up, annotations: {a: "` + long("x", 2<<20) + `"}, ` + oneLevel + `}`, "larger than max"},
		"a thousand deep":          {`{alert: A, signal: {name: CPU, matchLabels: ` + long("{a: ", 1000) + "1" + long("}", 1000) + `}, ` + oneLevel + `}`, "spec.signal.matchLabels"},
		"a value of many digits":   {`{alert: A, expr: up, levels: [{severity: w, above: "` + long("9", 5000) + `"}]}`, "spec.levels[0].above"},
	} {
		t.Run(name, func(t *testing.T) {
			err := create(admin, thresholdYAML(namespace, "hostile", tc.spec))
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error is %.400v, want %q", err, tc.says)
			}
		})
	}
	controllerIsAlive(t, namespace)
}

// TestHostileResourcesAreNotAccepted: what only the controller understands it refuses by its name, and stays alive.
func TestHostileResourcesAreNotAccepted(t *testing.T) {
	namespace := newNamespace(t)
	long := strings.Repeat
	for name, tc := range map[string]struct{ spec, says string }{
		"written-backwards": {`{alert: "\u202eA", expr: up, ` + oneLevel + `}`, "spec.alert"},
		"a-line-break":      {`{alert: "A\nB", expr: up, ` + oneLevel + `}`, "spec.alert"},
		"repetitions":       {`{alert: A, expr: 'up{a=~"` + long("x{999}", 600) + `"}', ` + oneLevel + `}`, "regular expressions that are too costly"},
		"deep-parentheses":  {`{alert: A, expr: "` + long("(", 2000) + "up" + long(")", 2000) + `", ` + oneLevel + `}`, "nested deeper than"},
		"deep-calls":        {`{alert: A, expr: "` + long("abs(", 800) + "up" + long(")", 800) + `", ` + oneLevel + `}`, "nested deeper than"},
		"deep-subqueries":   {`{alert: A, expr: "` + long("max_over_time(", 150) + "up" + long("[9d:1s])", 150) + `", ` + oneLevel + `}`, "nested deeper than"},
		"emojis":            {`{alert: A, expr: "` + long("🔥", 4000) + `", ` + oneLevel + `}`, "spec.expr: Invalid value"},
		"query":             {`{alert: A, expr: up, annotations: {summary: '{{ query "up" | first | value }}'}, ` + oneLevel + `}`, "query reads the series of every namespace"},
		"endless-template":  {`{alert: A, expr: up, annotations: {summary: "{{ range 1000000000 }}x{{ end }}"}, ` + oneLevel + `}`, "range may go over $labels only"},
		"a-zero":            {`{alert: A, expr: up, levels: [{severity: w, above: "5\0"}]}`, `spec.levels[0].above: Invalid value: "5\u0000": must be a plain number`},
		"beyond-numbers":    {`{alert: A, expr: up, levels: [{severity: w, above: "1e400"}]}`, "spec.levels[0].above"},
	} {
		t.Run(name, func(t *testing.T) {
			createThreshold(t, namespace, name, tc.spec)
			threshold := waitFor(t, admin, namespace, name, v1alpha1.ConditionAccepted, v1alpha1.ReasonInvalidSpec)
			expectCondition(t, threshold, v1alpha1.ConditionAccepted, metav1.ConditionFalse, 1, tc.says)
			for _, c := range threshold.Status.Conditions {
				if len(c.Message) > 32768 {
					t.Errorf("the message of %s has %d characters", c.Type, len(c.Message))
				}
			}
		})
	}
	createThreshold(t, namespace, "large", `{alert: A, expr: up, annotations: {summary: "`+long("x", 500_000)+`"}, `+oneLevel+`}`)
	threshold := waitFor(t, admin, namespace, "large", v1alpha1.ConditionProgrammed, v1alpha1.ReasonRuleTooLarge)
	expectCondition(t, threshold, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, 1, "at most 128 KiB are allowed")
	controllerIsAlive(t, namespace)
}

// TestStrangeTextsArriveAsTheyAre: what is strange and harmless is written into the rule, unchanged.
func TestStrangeTextsArriveAsTheyAre(t *testing.T) {
	namespace := newNamespace(t)
	const text = `Ünïcode 🔥 'quoted" \back\ `
	createThreshold(t, namespace, "strange", `{alert: A, expr: 'up{a="🔥"}', annotations: {summary: "Ünïcode 🔥 'quoted\" \\back\\ \u202e\nline: [yaml"}, `+oneLevel+`}`)
	threshold := waitFor(t, admin, namespace, "strange", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	rule := getRule(t, namespace, threshold.Status.Rule.Name)
	found := false
	for _, group := range rule.Spec.Groups {
		for _, r := range group.Rules {
			found = found || r.Annotations["summary"] == text+"\u202e\nline: [yaml"
		}
	}
	if !found {
		t.Errorf("no rule has the text: %v", rule.Spec.Groups)
	}
}

// controllerIsAlive makes a decent threshold and waits for its rule.
func controllerIsAlive(t *testing.T, namespace string) {
	t.Helper()
	createThreshold(t, namespace, "decent", `{alert: Decent, expr: up, `+oneLevel+`}`)
	waitFor(t, admin, namespace, "decent", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
}
