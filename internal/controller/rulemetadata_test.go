package controller

import (
	"encoding/json"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

func TestSpecHashIsOfTheContent(t *testing.T) {
	of := func(text string) (d ruleHash) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	same := of(`{"groups":[{"name":"a","limit":10,"rules":[{"expr":"up > 1"}]}]}`)
	if got := of(`{ "groups": [ {"rules": [{"expr": "up \u003e 1"}], "limit": 10, "name": "a"} ] }`); got != same {
		t.Error("another way to write the same has another hash")
	}
	for _, text := range []string{
		`{"groups":[{"name":"a","limit":10,"rules":[{"expr":"up > 2"}]}]}`,
		`{"groups":[{"name":"a","limit":10,"unheardOf":1,"rules":[{"expr":"up > 1"}]}]}`,
		`{"groups":[{"name":"a","limit":11,"rules":[{"expr":"up > 1"}]}]}`,
		`{}`,
		`null`,
	} {
		if of(text) == same {
			t.Errorf("%s has the same hash", text)
		}
	}
}

func TestContentHashIsOfWhatIsOurs(t *testing.T) {
	names := ourLabels(extraLabels)
	settled := settledRule(t, newThreshold()).contentHash(names)
	for name, tc := range map[string]struct {
		change func(*ruleMetadata)
		same   bool
	}{
		"nothing":               {func(*ruleMetadata) {}, true},
		"another's label":       {func(r *ruleMetadata) { r.Labels["theirs"] = "" }, true},
		"another's annotation":  {func(r *ruleMetadata) { r.Annotations["theirs"] = "" }, true},
		"another version":       {func(r *ruleMetadata) { r.ResourceVersion = "7" }, true},
		"another owner beside":  {func(r *ruleMetadata) { r.OwnerReferences = append(r.OwnerReferences, metav1.OwnerReference{UID: "x"}) }, true},
		"spec":                  {func(r *ruleMetadata) { r.SpecHash[0]++ }, false},
		"a label's value":       {func(r *ruleMetadata) { r.Labels["team"] = "b" }, false},
		"no label":              {func(r *ruleMetadata) { delete(r.Labels, "team") }, false},
		"an empty label":        {func(r *ruleMetadata) { r.Labels["team"] = "" }, false},
		"generation":            {func(r *ruleMetadata) { r.Annotations[v1alpha1.GenerationAnnotation] = "2" }, false},
		"no note of the labels": {func(r *ruleMetadata) { delete(r.Annotations, v1alpha1.RuleLabelsAnnotation) }, false},
		"no owner":              {func(r *ruleMetadata) { r.OwnerReferences = nil }, false},
		"being deleted":         {func(r *ruleMetadata) { r.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }, false},
	} {
		rule := settledRule(t, newThreshold())
		tc.change(rule)
		if got := rule.contentHash(names) == settled; got != tc.same {
			t.Errorf("%s: same = %v, want %v", name, got, tc.same)
		}
	}
}
