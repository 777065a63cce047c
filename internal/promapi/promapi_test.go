package promapi

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	http := filepath.Join(t.TempDir(), "http.yaml")
	if err := os.WriteFile(http, []byte("basic_auth: {username: ai, password: canary}\nhttp_headers: {X-Scope-OrgID: {values: [ai]}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	anchor := filepath.Join(t.TempDir(), "anchor.yaml")
	if err := os.WriteFile(anchor, []byte("basic_auth: {username: ai, password: *canary}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		options Options
		says    string
	}{
		"a URL":                             {Options{URL: "http://prometheus:9090"}, ""},
		"with a path":                       {Options{URL: "https://mimir.example/prometheus/", TokenFile: token, MaxPoints: 11000}, ""},
		"none":                              {Options{}, "must be http://HOST:PORT"},
		"without a scheme":                  {Options{URL: "prometheus:9090"}, "must be http://HOST:PORT"},
		"unreadable":                        {Options{URL: "http://a b%zz"}, "cannot be read"},
		"with a password":                   {Options{URL: "http://user:canary@prometheus"}, "put it into a file"},
		"of the API":                        {Options{URL: "http://prometheus/api/v1/"}, "remove the fragment and /api/v1"},
		"with a query":                      {Options{URL: "https://thanos-querier:9092?namespace=ai"}, ""},
		"a bad query":                       {Options{URL: "http://prometheus?a=%zz"}, "write ?NAME=VALUE"},
		"an HTTP file":                      {Options{URL: "http://prometheus", HTTPConfigFile: http}, ""},
		"none there":                        {Options{URL: "http://prometheus", HTTPConfigFile: http + "x"}, "reading the HTTP configuration file"},
		"one of another":                    {Options{URL: "http://prometheus", HTTPConfigFile: token}, "reading the HTTP configuration file"},
		"one with a secret that is no text": {Options{URL: "http://prometheus", HTTPConfigFile: anchor}, "reading the HTTP configuration file"},
		"both":                              {Options{URL: "http://prometheus", HTTPConfigFile: http, TokenFile: token}, "authorization: {credentials_file: ...}"},
		"no token file":                     {Options{URL: "http://prometheus", TokenFile: token + "x"}, "reading the bearer token file"},
		"no CA file":                        {Options{URL: "http://prometheus", CAFile: token + "x"}, "reading the CA file"},
		"negative timeout":                  {Options{URL: "http://prometheus", Timeout: -1}, "must not be negative"},
		"too many points":                   {Options{URL: "http://prometheus", MaxPoints: 11001}, "at most 11000"},
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
