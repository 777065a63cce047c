//go:build integration

package controller_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// TestMetricsAreForReadersOnly asks the built controller for its metrics as a scraper that may read them, as one that
// may not, and as nobody. The controller has its generated roles, by which it asks the API server.
func TestMetricsAreForReadersOnly(t *testing.T) {
	namespace := newNamespace(t)
	const objects = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: scraper, namespace: NS}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: stranger, namespace: NS}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: NS-scraper}
rules: [{nonResourceURLs: [/metrics], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: NS-scraper}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: NS-scraper}
subjects: [{kind: ServiceAccount, name: scraper, namespace: NS}]
`
	if err := create(admin, strings.ReplaceAll(objects, "NS", namespace)); err != nil {
		t.Fatal(err)
	}
	run := buildProgram(t, adminConfig, controllerUser).start(t, "--metrics-secure", "--namespaces", namespace)
	run.ready(t)
	eventually(t, 30*time.Second, func() error { // the metrics have a server of their own
		conn, err := net.Dial("tcp", run.metrics)
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	for name, tc := range map[string]struct {
		token string
		want  int
	}{
		"the scraper": {tokenOf(t, namespace, "scraper"), http.StatusOK},
		"a stranger":  {tokenOf(t, namespace, "stranger"), http.StatusForbidden},
		"a forger":    {"not-a-token", http.StatusUnauthorized},
		"nobody":      {"", http.StatusUnauthorized},
	} {
		for range 2 { // what was granted is remembered
			status, body := readSecurely(t, "https://"+run.metrics+"/metrics", tc.token)
			if status != tc.want {
				t.Errorf("%s gets %d: %s", name, status, body)
			}
			if strings.Contains(body, metric.RuleWrites.Name) != (tc.want == http.StatusOK) {
				t.Errorf("%s reads %s", name, body)
			}
		}
	}
}

func tokenOf(t *testing.T, namespace, account string) string {
	t.Helper()
	object := &corev1.ServiceAccount{}
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: account}, object); err != nil {
		t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{}
	if err := admin.SubResource("token").Create(t.Context(), object, request); err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}

func readSecurely(t *testing.T, url, token string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the certificate is made at the start
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
