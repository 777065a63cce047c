package promapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestErrors: what an answer says that is an error is told, in short, of every API, and the bearer token never.
func TestErrors(t *testing.T) {
	const token = "canary-0123456789"
	for name, tc := range map[string]struct {
		status int
		body   string
		says   []string
		not    string
	}{
		"agent mode": {422, `{"status":"error","errorType":"execution","error":"unavailable with Prometheus Agent"}`,
			[]string{"execution: unavailable with Prometheus Agent", "runs in agent mode and evaluates no rules: use the URL of a Prometheus server"}, ""},
		"another 422":          {422, `{"status":"error","errorType":"execution","error":"too many samples"}`, []string{"execution: too many samples"}, "agent"},
		"OpenShift's tenancy":  {400, "Bad request. The \"namespace\" query parameter must be provided.\n", []string{"(add the parameter to the URL, as in ?namespace=NAME)"}, ""},
		"Mimir without tenant": {401, "no org id\n", []string{" 401: no org id (it asks for a tenant"}, "token file"},
		"a wrong token":        {401, "Unauthorized", []string{" 401: Unauthorized (it does not know who asks: check the token file"}, ""},
		"JSON of a gateway":    {403, `{"message":"not\nyours"}`, []string{" 403: not yours (it knows who asks"}, "{"},
		"JSON of Prometheus":   {500, `{"status":"error","errorType":"internal","error":"disk full"}`, []string{" 500: disk full"}, "{"},
		"other JSON":           {500, `{"error":{"code":5}}`, []string{" 500"}, "{"},
		"a page":               {404, "<html><h1>Not here</h1></html>", []string{" 404 (check the URL"}, "html"},
		"starting":             {503, "Service Unavailable", []string{" 503: Service Unavailable (it is starting"}, ""},
		"endless":              {500, strings.Repeat("é", 1_000_000), []string{" 500: ééé", "é..."}, strings.Repeat("é", 101)},
		"the token":            {401, "bad token Bearer " + token, []string{" 401 (it does not know who asks: check the token file"}, "canary"},
		"part of the token":    {401, "bad token " + token[:8] + "...", []string{" 401 (it does"}, "canary"},
		"the token in JSON":    {400, `{"status":"error","errorType":"bad_data","error":"bad ` + token + `"}`, nil, "canary"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}))
			defer server.Close()
			tokenFile := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := New(Options{URL: server.URL, TokenFile: tokenFile})
			if err != nil {
				t.Fatal(err)
			}
			_, queryErr := c.Query(t.Context(), "x", time.Time{})
			_, alertmanagersErr := c.Alertmanagers(t.Context())
			var rulesErr error
			for _, err := range c.Rules(t.Context(), "") {
				rulesErr = err
			}
			for what, err := range map[string]error{"query": queryErr, "rules": rulesErr, "Alertmanagers": alertmanagersErr} {
				if err == nil {
					t.Fatalf("%s: no error", what)
				}
				for _, says := range tc.says {
					if !strings.Contains(err.Error(), says) {
						t.Errorf("%s: error is %q, want it to say %q", what, err, says)
					}
				}
				if tc.not != "" && strings.Contains(err.Error(), tc.not) {
					t.Errorf("%s: error is %q, and says %q", what, err, tc.not)
				}
			}
			if refused := tc.status == 422 && name != "agent mode"; IsRefused(queryErr) != refused && tc.status != 400 {
				t.Errorf("IsRefused = %v, want %v", !refused, refused)
			}
		})
	}
	if IsRefused(errors.New("x")) {
		t.Error("any error is taken for a refusal")
	}
}
