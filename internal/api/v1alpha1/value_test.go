package v1alpha1

import (
	"encoding/json"
	"testing"
)

func TestValueUnmarshalJSON(t *testing.T) {
	for _, tc := range []struct {
		json string
		want Value
	}{
		{`{"above": 80}`, "80"},
		{`{"above": 0.05}`, "0.05"},
		{`{"above": "2s"}`, "2s"},
		{`{"above": "5%"}`, "5%"},
		{`{"above": 30000000000}`, "30000000000"},
		{`{"above": null}`, ""},
		{`{}`, ""},
		{`{"above": true}`, "true"},
		{`{"above": {"value": 2}}`, `{"value": 2}`},
		{`{"above": [1, 2]}`, `[1, 2]`},
	} {
		t.Run(tc.json, func(t *testing.T) {
			var level Level
			if err := json.Unmarshal([]byte(tc.json), &level); err != nil {
				t.Fatalf("unmarshal: %v", err)
			}
			if level.Above != tc.want {
				t.Errorf("above = %q, want %q", level.Above, tc.want)
			}
		})
	}
}
