package promapi

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		options Options
		says    string
	}{
		"a URL":            {Options{URL: "http://prometheus:9090"}, ""},
		"with a path":      {Options{URL: "https://mimir.example/prometheus/", TokenFile: token, MaxPoints: 11000}, ""},
		"none":             {Options{}, "must be http://HOST:PORT"},
		"without a scheme": {Options{URL: "prometheus:9090"}, "must be http://HOST:PORT"},
		"unreadable":       {Options{URL: "http://a b%zz"}, "cannot be read"},
		"with a password":  {Options{URL: "http://user:canary@prometheus"}, "put a bearer token into a file"},
		"of the API":       {Options{URL: "http://prometheus/api/v1/"}, "remove the query, the fragment and /api/v1"},
		"with a query":     {Options{URL: "http://prometheus?a=b"}, "remove the query"},
		"no token file":    {Options{URL: "http://prometheus", TokenFile: token + "x"}, "reading the bearer token file"},
		"no CA file":       {Options{URL: "http://prometheus", CAFile: token + "x"}, "reading the CA file"},
		"negative timeout": {Options{URL: "http://prometheus", Timeout: -1}, "must not be negative"},
		"too many points":  {Options{URL: "http://prometheus", MaxPoints: 11001}, "at most 11000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(tc.options)
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error = %v, want it to say %q", err, tc.says)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("error %q has the secret", err)
			}
		})
	}
}

func TestAlign(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	for name, tc := range map[string]struct {
		from, to         int
		wantFrom, wantTo int
		points           int
	}{
		"aligned":     {60, 120, 60, 120, 3},
		"between":     {61, 119, 90, 90, 1},
		"within one":  {61, 89, 90, 60, 0},
		"one instant": {60, 60, 60, 60, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := Range{Start: at(tc.from), End: at(tc.to), Step: 30 * time.Second}.Align()
			if !got.Start.Equal(at(tc.wantFrom)) || !got.End.Equal(at(tc.wantTo)) || got.Points() != tc.points {
				t.Errorf("range is %s to %s with %d points", got.Start, got.End, got.Points())
			}
		})
	}
}

func TestReadGroups(t *testing.T) {
	for name, tc := range map[string]struct {
		answer string
		want   string
		says   string
	}{
		"two":        {`{"status":"success","data":{"groups":[{"name":"a","rules":[]},{"name":"b","rules":null}],"x":1}}`, "a b", ""},
		"none":       {`{"status":"success","data":{"x":{"groups":[]},"groups":[]}}`, "", ""},
		"null":       {`{"data":{"groups":null}}`, "", ""},
		"cut off":    {`{"data":{"groups":[{"name":"a"}`, "a", "EOF"},
		"a list":     {`[]`, "", "not the Prometheus API's"},
		"no groups":  {`{"data":{}}`, "", "not the Prometheus API's"},
		"not a list": {`{"data":{"groups":{}}}`, "", "not the Prometheus API's"},
		"HTML":       {`<html>`, "", "invalid character"},
		"nothing":    {``, "", "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			_, err := readGroups(json.NewDecoder(strings.NewReader(tc.answer)), func(g Group) bool {
				names = append(names, g.Name)
				return true
			})
			if got := strings.Join(names, " "); got != tc.want {
				t.Errorf("groups = %s, want %s", got, tc.want)
			}
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error = %v, want it to say %q", err, tc.says)
			}
		})
	}
}
