package charttest

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/price"
)

// prices sets one model's prices. (--set would take a fraction for a text.)
const prices = `assistant.prices={"gemini-flash-latest": {"prompt": 0.1, "completion": 0.4}}`

// TestPrices: the prices of the values are a price file as the assistant reads it, in the place where it looks.
func TestPrices(t *testing.T) {
	var table price.Table
	var args []string
	for _, object := range render(t, "plimsoll", "--set-json", prices) {
		switch kind(t, object) {
		case "ConfigMap":
			if text, ok := decode[corev1.ConfigMap](t, object).Data["prices.yaml"]; ok {
				var err error
				if table, err = price.Parse([]byte(text)); err != nil {
					t.Fatal(err)
				}
			}
		case "Deployment":
			for _, c := range decode[appsv1.Deployment](t, object).Spec.Template.Spec.Containers {
				args = append(args, c.Args...)
			}
		}
	}
	if p, ok := table.Of("gemini-flash-latest"); !ok || p.Prompt != 0.1 || p.Completion != 0.4 {
		t.Errorf("prices are %v", table)
	}
	if !slices.Contains(args, "--price-file=/etc/plimsoll/prices/prices.yaml") {
		t.Errorf("the assistant is not told: %q", args)
	}
}
