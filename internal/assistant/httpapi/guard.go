package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/clientkeys"
)

var errUnauthorized = &failure{
	status: http.StatusUnauthorized, kind: kindUnauthorized, code: "invalid_api_key",
	message: "A valid key is needed, as in the header Authorization: Bearer KEY; ask the operator for one.",
}

// guarded lets only known clients reach routes, each at its rate.
func (a *API) guarded(groups ...[]route) []route {
	routes := slices.Concat(groups...)
	for i := range routes {
		routes[i].handle = a.admit(routes[i].handle)
	}
	return routes
}

func (a *API) admit(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var client clientkeys.Client // without keys, all are one client
		if a.keys != nil {
			var ok bool
			if client, ok = a.keys.Find(bearer(r)); !ok {
				w.Header().Set("WWW-Authenticate", challenge(r))
				a.fail(w, r, errUnauthorized)
				return
			}
			noteClient(r.Context(), client.Name)
			r = r.WithContext(context.WithValue(r.Context(), clientKey{}, client))
		}
		if wait := a.limiter.take(client.ID); wait > 0 {
			a.fail(w, r, rateLimited(wait))
			return
		}
		next(w, r)
	}
}

// bearer is the key that a request presents, empty if none.
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// challenge tells a client that presented no key from one whose key is wrong: RFC 6750, section 3.
func challenge(r *http.Request) string {
	if bearer(r) == "" {
		return `Bearer realm="plimsoll"`
	}
	return `Bearer realm="plimsoll", error="invalid_token"`
}

type clientKey struct{}

// sessionKey is a session's id in the store: every client has sessions of its own, whatever ids they choose.
func sessionKey(ctx context.Context, id string) string {
	if client, ok := ctx.Value(clientKey{}).(clientkeys.Client); ok {
		return client.ID + "/" + id // no session's id holds a slash
	}
	return id
}
