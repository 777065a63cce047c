package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

const (
	anyOrigin = "*"
	// exposedHeaders are those of an answer that a page may read.
	exposedHeaders = "X-Request-ID, Retry-After, X-Should-Retry"
	// preflightAge is how long a browser may remember a preflight's answer, in seconds.
	preflightAge = "600"
)

// allowedHeaders are those that a page may send, besides OpenAI's clients' own.
var allowedHeaders = []string{"authorization", "content-type", "x-request-id"}

// crossOrigin lets the pages of allowed sites use a resource from a browser: https://fetch.spec.whatwg.org/#http-cors-protocol.
func (a *API) crossOrigin(next handlerFunc) handlerFunc {
	if len(a.origins) == 0 {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		h := w.Header()
		h.Add("Vary", "Origin")
		allowed := a.allowedOrigin(r.Header.Get("Origin"))
		if allowed == "" {
			return next(w, r)
		}
		h.Set("Access-Control-Allow-Origin", allowed)
		if method := r.Header.Get("Access-Control-Request-Method"); r.Method == http.MethodOptions && method != "" {
			preflight(h, r.Header.Get("Access-Control-Request-Headers"))
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		h.Set("Access-Control-Expose-Headers", exposedHeaders)
		return next(w, r)
	}
}

// allowedOrigin is what the answer says of an origin; empty if it is not allowed.
func (a *API) allowedOrigin(origin string) string {
	switch {
	case origin == "":
		return ""
	case slices.Contains(a.origins, anyOrigin):
		return anyOrigin
	case slices.Contains(a.origins, origin):
		return origin
	default:
		return ""
	}
}

// preflight answers a browser that asks what it may send: any method of the route, and the headers that are allowed.
func preflight(h http.Header, requested string) {
	headers := slices.Clone(allowedHeaders)
	for name := range strings.SplitSeq(strings.ToLower(requested), ",") {
		if name = strings.TrimSpace(name); strings.HasPrefix(name, "x-stainless-") && idPattern.MatchString(name) {
			headers = append(headers, name)
		}
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	h.Set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	h.Set("Access-Control-Max-Age", preflightAge)
}
