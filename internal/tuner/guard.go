package tuner

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// NewToken returns 256 random bits for the URL.
func NewToken() string {
	bits := make([]byte, 32)
	_, _ = rand.Read(bits) // never fails
	return base64.RawURLEncoding.EncodeToString(bits)
}

// securityHeaders are on every answer.
var securityHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
	"Referrer-Policy":         "no-referrer",
	"X-Content-Type-Options":  "nosniff",
	"Cache-Control":           "no-store",
}

// guarded answers only requests of the page itself: to its own address (another name for it is a rebound one), below the token, and
// from the same origin. hosts are the values of Host that are its own.
func guarded(token string, hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		given, _, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch {
		case !slices.Contains(hosts, r.Host):
			writeError(w, statusError{http.StatusForbidden, errors.New("this is no name of the tuner: open the URL that kubectl plimsoll tune has printed")})
		case !ok || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1:
			writeError(w, statusError{http.StatusNotFound, errors.New("there is nothing here: open the URL that kubectl plimsoll tune has printed")})
		case isCrossOrigin(r):
			writeError(w, statusError{http.StatusForbidden, errors.New("the request comes from another page: open the URL that kubectl plimsoll tune has printed")})
		default:
			http.StripPrefix("/"+token, next).ServeHTTP(w, r)
		}
	})
}

// isCrossOrigin reports whether another page sends the request. Reading is as little for others as writing is; only to be opened, as by
// a link in a terminal that is a page, is allowed.
func isCrossOrigin(r *http.Request) bool {
	header := r.Header
	if r.Method == http.MethodGet && header.Get("Sec-Fetch-Mode") == "navigate" && header.Get("Sec-Fetch-Dest") == "document" {
		return false
	}
	as := &http.Request{Method: http.MethodPost, URL: r.URL, Host: r.Host, Header: header}
	return http.NewCrossOriginProtection().Check(as) != nil
}
