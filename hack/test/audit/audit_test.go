package audit

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const log = `{"kind":"Event","verb":"watch","user":{"username":"me"},"objectRef":{"apiGroup":"g","resource":"things"},"responseStatus":{"code":200}}
{"kind":"Event","verb":"list","user":{"username":"other"},"objectRef":{"apiGroup":"g","resource":"things"},"responseStatus":{"code":200}}
{"kind":"Event","verb":"get","user":{"username":"admin"},"impersonatedUser":{"username":"me"},"objectRef":{"resource":"secrets"},"responseStatus":{"code":403}}
{"kind":"Event","verb":"patch","user":{"username":"me"},"objectRef":{"apiGroup":"g","resource":"things","subresource":"status"},"responseStatus":{"code":201}}
{"kind":"Event","verb":"get","user":{"username":"me"},"requestURI":"/healthz","responseStatus":{"code":200}}
`

const roles = `
kind: ClusterRole
rules:
- {apiGroups: [g], resources: [things], verbs: [list, watch, list]}
- {nonResourceURLs: [/metrics], verbs: [get]}
---
kind: Role
rules: [{apiGroups: [g], resources: [things/status], verbs: [patch, create, delete]}]
`

func TestRecord(t *testing.T) {
	var r Record
	if err := r.Read(strings.NewReader(log), "me"); err != nil {
		t.Fatal(err)
	}
	rules, err := Rules([]byte(roles))
	if err != nil {
		t.Fatal(err)
	}
	if rights := Rights(rules); len(rights) != 5 {
		t.Errorf("rights are %v", rights)
	}
	if got, want := r.Unused(rules), []Right{{"g", "things/status", "delete"}, {"g", "things", "list"}}; !slices.Equal(got, want) {
		t.Errorf("unused are %v, want %v", got, want)
	}
	if got, want := slices.Collect(maps.Keys(r.Refused)), []Right{{"", "secrets", "get"}}; !slices.Equal(got, want) {
		t.Errorf("refused were %v, want %v", got, want)
	}
	if err := r.Read(strings.NewReader("{"), "me"); err == nil {
		t.Error("half a line is read")
	}
}
