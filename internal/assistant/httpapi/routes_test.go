package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRequestsAreCountedByRoute(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		status       int
		sample       string
		allow        string
	}{
		{"GET", "/health", 200, `http_requests_total{endpoint="/health",method="GET",status="200"} 1`, ""},
		{"HEAD", "/health", 200, `http_requests_total{endpoint="/health",method="HEAD",status="200"} 1`, ""},
		{"GET", "/nothing/here", 404, `http_requests_total{endpoint="other",method="GET",status="404"} 1`, ""},
		{"GET", "/nothing/here", 404, `errors_total{endpoint="other",error_type="not_found"} 1`, ""},
		{"GET", "/health/", 200, `http_requests_total{endpoint="/health",method="GET",status="200"} 1`, ""},
		{"GET", "/chat/", 405, `http_requests_total{endpoint="/chat",method="GET",status="405"} 1`, "POST"},
		{"DELETE", "/chat/s/", 204, `http_requests_total{endpoint="/chat/{session_id}",method="DELETE",status="204"} 1`, ""},
		{"DELETE", "/chat/completions", 204, `http_requests_total{endpoint="/chat/{session_id}",method="DELETE",status="204"} 1`, ""},
		{"GET", "/chat", 405, `http_requests_total{endpoint="/chat",method="GET",status="405"} 1`, "POST"},
		{"POST", "/health", 405, `errors_total{endpoint="/health",error_type="method_not_allowed"} 1`, "GET, HEAD"},
		{"BREW", "/chat", 405, `http_requests_total{endpoint="/chat",method="other",status="405"} 1`, "POST"},
		{"BREW", "/nothing", 404, `http_requests_total{endpoint="other",method="other",status="404"} 1`, ""},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			a, _ := newAPI(t, echo)
			w := do(a, tt.method, tt.path, "")
			if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
				t.Errorf("answer = %d, Allow %q; want %d, %q", w.Code, w.Header().Get("Allow"), tt.status, tt.allow)
			}
			if tt.status >= 400 {
				decode[errorBody](t, w.Body)
			}
			wantSample(t, metrics(a), tt.sample)
		})
	}
}

func TestPortsServeTheirPart(t *testing.T) {
	a, _ := newAPI(t, echo)
	for _, tt := range []struct {
		name    string
		handler http.Handler
		status  map[string]int
	}{
		{"all", a.Handler(), map[string]int{"/chat": 405, "/metrics": 200, "/health": 200, "/health/ready": 200, "/health/detailed": 200}},
		{"public", a.PublicHandler(), map[string]int{"/chat": 405, "/metrics": 404, "/health": 200, "/health/ready": 200, "/health/detailed": 200}},
		{"telemetry", a.TelemetryHandler(), map[string]int{"/chat": 404, "/metrics": 200, "/health": 200, "/health/ready": 200, "/health/detailed": 200}},
	} {
		for path, want := range tt.status {
			w := httptest.NewRecorder()
			tt.handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if w.Code != want {
				t.Errorf("%s: GET %s = %d, want %d", tt.name, path, w.Code, want)
			}
		}
	}
}

func TestDetailedHealthIsTheSourceDocuments(t *testing.T) {
	a, log := newAPI(t, echo)
	do(a, "POST", "/chat", `{"message":"x"}`)
	w := do(a, "GET", "/health/detailed", "")
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got["status"] != "healthy" || got["active_sessions"] != 1.0 || got["uptime"].(float64) <= 0 {
		t.Errorf("report = %v", got)
	}
	if _, err := time.Parse(time.RFC3339, got["timestamp"].(string)); err != nil {
		t.Error(err)
	}
	system := got["system"].(map[string]any)
	if system["cpu_percent"] != 1.5 || system["memory"].(map[string]any)["available"] != 75.0 ||
		system["disk"].(map[string]any)["used"] != 50.0 || system["network"].(map[string]any)["bytes_sent"] != 7.0 {
		t.Errorf("system = %v", system)
	}
	if !strings.Contains(log.String(), `"message":"Health check performed"`) {
		t.Errorf("the log lacks the health check:\n%s", log)
	}
}
