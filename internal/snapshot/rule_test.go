package snapshot

import (
	"testing"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// TestFind checks which rule of Prometheus is the PrometheusRule's.
func TestFind(t *testing.T) {
	const uid = "0a1b2c3d-0000-4000-8000-0123456789ab"
	file := func(name string) promapi.Group { return promapi.Group{File: "/etc/prometheus/rules/" + name} }
	for name, want := range map[string]bool{
		"m-node-" + uid + ".yaml":                          true,
		"m-node-ffffffff-0000-4000-8000-0123456789ab.yaml": false,
		"node.yaml": true,
		"":          true,
	} {
		if got := mayBeOf(file(name), uid); got != want {
			t.Errorf("a group of %q may be of the PrometheusRule: %t, want %t", name, got, want)
		}
	}
	for name, want := range map[string]bool{
		"m-node-" + uid + ".yaml":       true,
		"m-node-extra-" + uid + ".yaml": false,
		"n-node-" + uid + ".yaml":       false,
		"node.yaml":                     true,
	} {
		if got := mayBeOfManifest(file(name), alert.Rule{Ref: alert.Ref{Namespace: "m", Object: "node"}}); got != want {
			t.Errorf("a group of %q may be of the manifest: %t, want %t", name, got, want)
		}
	}
	if !mayBeOfManifest(file("m-node-"+uid+".yaml"), alert.Rule{}) {
		t.Error("a group of the operator's may be of a rule file")
	}
	rule := func(name, query string) promapi.Rule {
		return promapi.Rule{Type: prometheusv1.RuleTypeAlerting, Name: name, Query: query}
	}
	groups := []promapi.Group{
		{Name: "other", Rules: []promapi.Rule{rule("A", "other")}},
		{Name: "g", Rules: []promapi.Rule{rule("A", "first"), rule("B", "second"), rule("A", "third"), {Name: "C"}}},
	}
	for _, tc := range []struct {
		name  string
		index int
		want  string
	}{{"A", 0, "first"}, {"A", 2, "third"}, {"A", 1, "first"}, {"B", 0, "second"}, {"C", 3, ""}, {"D", 0, ""}} {
		_, found := find(groups, alert.Rule{Ref: alert.Ref{Group: "g", Name: tc.name, Index: tc.index}})
		if (found == nil) != (tc.want == "") || found != nil && found.Query != tc.want {
			t.Errorf("%s at %d is %v, want %q", tc.name, tc.index, found, tc.want)
		}
	}
}
