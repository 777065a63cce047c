package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/diagnose"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// TestFetchToken checks who gets the bearer token: Prometheus and the Alertmanager that is named, not one that Prometheus names.
func TestFetchToken(t *testing.T) {
	const bearer = "Bearer canary-5118"
	var sent []string
	alertmanager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Authorization"))
		fmt.Fprint(w, `[{"labels": {"alertname": "Hot"}, "receivers": [{"name": "team"}]}]`)
	}))
	defer alertmanager.Close()
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != bearer {
			t.Errorf("%s was sent %q", r.URL, got)
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/rules"):
			fmt.Fprint(w, `{"status": "success", "data": {"groups": []}}`)
		case strings.HasSuffix(r.URL.Path, "/alertmanagers"):
			fmt.Fprintf(w, `{"status": "success", "data": {"activeAlertmanagers": [{"url": "%s/api/v2/alerts"}]}}`, alertmanager.URL)
		case strings.Contains(r.FormValue("query"), "ALERTS"):
			fmt.Fprint(w, `{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {"alertname": "Hot"}, "value": [1, "1"]}]}}`)
		default:
			fmt.Fprint(w, `{"status": "success", "data": {"resultType": "vector", "result": []}}`)
		}
	}))
	defer prometheus.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("canary-5118"), 0o600); err != nil {
		t.Fatal(err)
	}

	for name, want := range map[string]string{"": "", alertmanager.URL + "/": bearer} {
		sent = nil
		o := statusOptions{}
		if name != "" {
			o.alertmanagers.urls = []string{name}
		}
		o.prometheus.Options = promapi.Options{URL: prometheus.URL, TokenFile: token}
		c, err := o.prometheus.client()
		if err != nil {
			t.Fatal(err)
		}
		p := o.fetch(t.Context(), nil, c, diagnose.Input{Threshold: &v1alpha1.AlertThreshold{ObjectMeta: metav1.ObjectMeta{Namespace: "ai", Name: "hot"}}}, nil)
		if p.Err != nil || p.AlertmanagersErr != nil || len(p.Firing) != 1 || len(p.Alertmanagers) != 1 {
			t.Fatalf("--alertmanager-url %q: fetched %+v", name, p)
		}
		if am := p.Alertmanagers[0]; am.Err != nil || am.URL != alertmanager.URL || len(am.Alerts) != 1 {
			t.Errorf("--alertmanager-url %q: Alertmanager = %+v", name, am)
		}
		if len(sent) != 1 || sent[0] != want {
			t.Errorf("--alertmanager-url %q: Alertmanager was sent %q, want %q", name, sent, want)
		}
	}
}
