package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const site = "https://app.example"

// fromPage sends what a browser sends for a page of an origin. Headers are pairs.
func fromPage(a *API, method, path, body, origin string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Origin", origin)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w
}

func preflightOf(a *API, path, origin string) *httptest.ResponseRecorder {
	return fromPage(a, "OPTIONS", path, "", origin, "Access-Control-Request-Method", "POST",
		"Access-Control-Request-Headers", "authorization,content-type,x-stainless-os,x-stainless-b@d,x-evil")
}

func TestPagesOfOtherSitesNeedLeave(t *testing.T) {
	for _, tt := range []struct {
		name    string
		origins []string
		origin  string
		allowed string
	}{
		{"off", nil, site, ""},
		{"another", []string{"https://other.example"}, site, ""},
		{"part of one", []string{site + ".org"}, site, ""},
		{"this one", []string{"https://other.example", site}, site, site},
		{"all", []string{"*"}, site, "*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, CORSOrigins: tt.origins, Keys: clientKeys(t)})
			for _, path := range []string{chatPath, completionsPath, embeddingsPath, modelsPath, modelPath, "/v1/responses"} {
				w := preflightOf(a, path, tt.origin)
				if got := w.Header().Get("Access-Control-Allow-Origin"); got != tt.allowed || (w.Code == 204) != (tt.allowed != "") {
					t.Errorf("preflight of %s = %d for %q, want %q", path, w.Code, got, tt.allowed)
				}
			}
			w := fromPage(a, "POST", completionsPath, hello, tt.origin, "Authorization", "Bearer "+aliceKey)
			if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != 200 || got != tt.allowed {
				t.Errorf("answer = %d for %q", w.Code, got)
			}
			if got := w.Header().Get("Vary"); (got == "Origin") != (tt.origins != nil) {
				t.Errorf("Vary = %q", got)
			}
		})
	}
}

func TestAPreflightSaysWhatAPageMaySendAndRead(t *testing.T) {
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, CORSOrigins: []string{site}, Keys: clientKeys(t)})
	h := preflightOf(a, completionsPath, site).Header()
	if got := h.Get("Access-Control-Allow-Headers"); got != "authorization, content-type, x-request-id, x-stainless-os" {
		t.Errorf("headers = %q", got)
	}
	if got := h.Get("Access-Control-Allow-Methods"); !strings.Contains(got, "POST") {
		t.Errorf("methods = %q", got)
	}
	w := fromPage(a, "POST", completionsPath, hello, site) // without a key: the page can read why
	if w.Code != 401 || w.Header().Get("Access-Control-Allow-Origin") != site ||
		!strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "X-Request-ID, Retry-After") {
		t.Errorf("answer = %d %v", w.Code, w.Header())
	}
	page := metrics(a)
	wantSample(t, page, `http_requests_total{endpoint="/v1/chat/completions",method="OPTIONS",status="204"} 1`)
	if strings.Contains(page, `errors_total{endpoint="/v1/chat/completions",error_type="method_not_allowed"}`) {
		t.Error("a preflight counts as an error")
	}
	if got := fromPage(a, "GET", metricsPath, "", site).Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("metrics are for %q too", got)
	}
	if w := fromPage(a, http.MethodOptions, completionsPath, "", site); w.Code != 405 {
		t.Errorf("OPTIONS that is no preflight = %d", w.Code)
	}
}
