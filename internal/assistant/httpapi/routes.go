package httpapi

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// route is one method of one resource. Its path is a template of http.ServeMux, and the endpoint of its metrics.
type route struct {
	method, path string
	handle       http.HandlerFunc
}

// catchAll is the pattern of everything that no route serves.
const catchAll = "/"

// handler serves routes, observed. What no route serves is answered in the API's own form too, so that it is counted
// and logged like the rest.
func (a *API) handler(groups ...[]route) http.Handler {
	resources := map[string]map[string]http.HandlerFunc{}
	for _, r := range slices.Concat(groups...) {
		if resources[r.path] == nil {
			resources[r.path] = map[string]http.HandlerFunc{}
		}
		resources[r.path][r.method] = r.handle
	}
	mux := http.NewServeMux()
	for path, methods := range resources {
		mux.HandleFunc(path, a.byMethod(methods))
	}
	mux.HandleFunc(catchAll, func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, errNoRoute) })
	return a.observe(mux)
}

// byMethod dispatches a resource's methods. The mux could do it, but forgets the route of a method that is not there.
func (a *API) byMethod(methods map[string]http.HandlerFunc) http.HandlerFunc {
	if get, ok := methods[http.MethodGet]; ok {
		methods[http.MethodHead] = get
	}
	allow := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		handle, ok := methods[r.Method]
		if !ok {
			w.Header().Set("Allow", allow)
			a.fail(w, r, errNoMethod)
			return
		}
		handle(w, r)
	}
}

// endpoint is the label of the route that serves r, once the mux has chosen it.
func endpoint(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == catchAll {
		return metric.Other
	}
	return r.Pattern
}
