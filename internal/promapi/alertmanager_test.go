package promapi

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestAlerts checks that Alertmanager is asked with the token and CA of the options.
func TestAlerts(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer canary":
			http.Error(w, "canary", http.StatusUnauthorized)
		case r.URL.Path == "/am/api/v2/alerts" && slices.Equal(r.URL.Query()["filter"], []string{`a="b"`, `c="d"`}):
			_, _ = w.Write([]byte(`[{"labels": {"a": "b"}, "receivers": [{"name": "team"}], "status": {"state": "suppressed", "silencedBy": ["5118"], "inhibitedBy": ["f00"]}}]`))
		default:
			_, _ = w.Write([]byte("<html>"))
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	token, ca := filepath.Join(dir, "token"), filepath.Join(dir, "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for file, text := range map[string][]byte{token: []byte("canary"), ca: certificate} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []ReceivedAlert{{Labels: map[string]string{"a": "b"}, SilencedBy: []string{"5118"}, InhibitedBy: []string{"f00"}, Receivers: []string{"team"}}}
	for _, base := range []string{"/am", "/am/", "/am/api/v2/alerts"} {
		got, err := alerts(t, Options{URL: server.URL + base, TokenFile: token, CAFile: ca}, `a="b"`, `c="d"`)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: alerts = %+v, %v, want %+v", base, got, err, want)
		}
	}
	for name, tc := range map[string]struct {
		options Options
		says    string
	}{
		"no token":        {Options{URL: server.URL + "/am", CAFile: ca}, "answers 401 Unauthorized"},
		"no CA":           {Options{URL: server.URL + "/am", TokenFile: token}, "certificate"},
		"another server":  {Options{URL: server.URL, TokenFile: token, CAFile: ca}, "does not answer as an Alertmanager does"},
		"an absent token": {Options{URL: server.URL, TokenFile: token + "x", CAFile: ca}, "token"},
	} {
		_, err := alerts(t, tc.options)
		if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: error = %v, want it to say %q", name, err, tc.says)
		}
	}
}

func alerts(t *testing.T, o Options, filters ...string) ([]ReceivedAlert, error) {
	t.Helper()
	a, err := NewAlertmanager(o)
	if err != nil {
		t.Fatal(err)
	}
	return a.Alerts(t.Context(), filters...)
}
