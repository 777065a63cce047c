package httpapi

import (
	"context"
	"net/http"
	"strings"
)

var errUnauthorized = &httpError{
	status: http.StatusUnauthorized, kind: kindUnauthorized, code: "invalid_api_key",
	message: "A valid key is needed, as in the header Authorization: Bearer KEY; ask the operator for one.",
}

// authenticate lets only known clients reach a route, each at its rate.
func (a *API) authenticate(route *route) {
	if a.limiter != nil {
		route.errors = append(route.errors, errRateLimited(0))
	}
	if a.keys != nil {
		route.errors = append(route.errors, errUnauthorized)
	}
	next := route.handle
	route.handle = func(w http.ResponseWriter, r *http.Request) error {
		rec := recorderOf(r.Context()) // without keys, all are one client
		if a.keys != nil {
			var ok bool
			if rec.client, ok = a.keys.Find(bearer(r)); !ok {
				w.Header().Set("WWW-Authenticate", challenge(r))
				return errUnauthorized
			}
		}
		if retryAfter := a.limiter.reserve(rec.client.ID); retryAfter > 0 {
			return errRateLimited(retryAfter)
		}
		return next(w, r)
	}
}

// bearer is the key that a request presents; empty if none.
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// challenge tells a client without a key from one whose key is wrong: RFC 6750, section 3.
func challenge(r *http.Request) string {
	if bearer(r) == "" {
		return `Bearer realm="plimsoll"`
	}
	return `Bearer realm="plimsoll", error="invalid_token"`
}

// sessionKey is a session's id in the store: each client has sessions of its own, whatever ids it chooses.
func sessionKey(ctx context.Context, id string) string {
	if client := recorderOf(ctx).client; client.ID != "" {
		return client.ID + "/" + id // no session's id holds a slash
	}
	return id
}
