package prometheusserver

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"

	"k8s.io/client-go/util/cert"
)

// Guarded puts a gateway before the server, as people have it: TLS with a client certificate, a user with a password, a tenant's
// header, and ?namespace=ai in the URL. It returns the base URL without the parameter, and a file with the HTTP settings that it wants.
func (s *Server) Guarded() (base, httpConfigFile string) {
	s.t.Helper()
	behind, err := url.Parse(s.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	clientCert, clientKey, err := cert.GenerateSelfSignedCertKey("client", nil, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	block, _ := pem.Decode(clientCert)
	proxy := httputil.NewSingleHostReverseProxy(behind)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
	gateway := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case !bytes.Equal(r.TLS.PeerCertificates[0].Raw, block.Bytes):
			http.Error(w, "another client certificate", http.StatusForbidden)
		case user != "plimsoll" || password != "canary-password":
			http.Error(w, "no such user with canary-password", http.StatusUnauthorized)
		case r.Header.Get("X-Scope-OrgID") != "team-a":
			http.Error(w, "no org id", http.StatusUnauthorized)
		case r.URL.Query().Get("namespace") != "ai":
			http.Error(w, `Bad request. The "namespace" query parameter must be provided.`, http.StatusBadRequest)
		default:
			// Else the server may close the request's body while the proxy looks for its end, and with it the answer.
			_ = http.NewResponseController(w).EnableFullDuplex()
			proxy.ServeHTTP(w, r)
		}
	}))
	gateway.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	gateway.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo) // handshakes fail on purpose
	gateway.StartTLS()
	s.t.Cleanup(gateway.Close)

	dir := s.t.TempDir()
	for name, text := range map[string][]byte{
		"ca.crt":     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: gateway.Certificate().Raw}),
		"client.crt": clientCert, "client.key": clientKey, "password": []byte("canary-password\n"),
		"http.yaml": []byte("basic_auth: {username: plimsoll, password_file: password}\n" +
			"tls_config: {ca_file: ca.crt, cert_file: client.crt, key_file: client.key}\n" +
			"http_headers: {X-Scope-OrgID: {values: [team-a]}}\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return gateway.URL, filepath.Join(dir, "http.yaml")
}
