package httpapi

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

const (
	chatPath        = "/chat"
	sessionPath     = "/chat/{session_id}"
	completionsPath = "/v1/chat/completions"
	embeddingsPath  = "/v1/embeddings"
	modelsPath      = "/v1/models"
	modelPath       = "/v1/models/{model}"
	healthPath      = "/health"
	metricsPath     = "/metrics"
	statsPath       = "/stats"
	levelPath       = "/log-level"
)

// ports says on which ports a route is served.
type ports uint8

const (
	sharedPort    ports = 1 << iota // one port for all
	publicPort                      // for users, if operators have a port of their own
	telemetryPort                   // for operators

	forUsers = sharedPort | publicPort
)

// handlerFunc answers a request, or returns the error to answer with.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// route is one method of one resource. Its path is a template of http.ServeMux, and the endpoint of its metrics.
type route struct {
	method, path string
	ports        ports
	handle       handlerFunc
	// status is that of success, errors what else the route may answer with. Series of users' routes start at zero.
	status int
	errors []*httpError
}

// routes returns every route there is, and how each may end.
func (a *API) routes() []route {
	const (
		get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
		ok, noContent       = http.StatusOK, http.StatusNoContent
		everywhere          = sharedPort | publicPort | telemetryPort
		forOperators        = sharedPort | telemetryPort
	)
	all := []route{
		{post, chatPath, forUsers, a.postChat, ok, modelErrors()},
		{del, sessionPath, forUsers, a.deleteChat, noContent, []*httpError{errSessionID, errInternal}},
		{post, completionsPath, forUsers, a.postCompletion, ok, append(modelErrors(), errUnknownModel)},
		{post, embeddingsPath, forUsers, a.postEmbeddings, ok, append(modelErrors(), errUnknownModel)},
		{get, modelsPath, forUsers, a.getModels, ok, nil},
		{get, modelPath, forUsers, a.getModel, ok, []*httpError{errUnknownModel}},

		{get, healthPath, everywhere, a.getHealth, ok, nil},
		{get, healthPath + "/ready", everywhere, a.getReady, ok, nil},
		{get, healthPath + "/detailed", everywhere, a.getDetailed, ok, nil},

		{get, metricsPath, forOperators, withoutError(a.recorder.Handler(a.logger)), ok, nil},
	}
	if a.stats != nil { // not for users: it shows the texts of errors
		all = append(all, route{get, statsPath, forOperators, a.getStats, ok, []*httpError{errRange}})
	}
	if a.level != nil { // for operators only: setting the level can silence the log
		all = append(all,
			route{get, levelPath, telemetryPort, a.getLevel, ok, nil},
			route{put, levelPath, telemetryPort, a.putLevel, ok, []*httpError{errLevel}})
	}
	for i := range all {
		if all[i].ports == forUsers {
			a.authenticate(&all[i])
		}
	}
	return all
}

func withoutError(h http.Handler) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

// initSeries starts the series of the users' routes at zero.
func (a *API) initSeries() {
	for _, r := range a.routes() {
		if r.ports != forUsers {
			continue
		}
		e := telemetry.Endpoint{Method: r.method, Path: r.path, Statuses: []int{r.status}}
		for _, err := range r.errors {
			e.Statuses, e.Kinds = append(e.Statuses, err.status), append(e.Kinds, err.kind)
		}
		a.recorder.InitSeries(e)
	}
}

// catchAll is the pattern of everything that no route serves.
const catchAll = "/"

// withSlash is the end of a pattern for a path with a slash too many.
const withSlash = "/{$}"

// handler serves the routes of a port, instrumented. Unknown paths are answered by a handler of our own, so that they are
// counted and logged too. A slash too many makes no difference.
func (a *API) handler(port ports) http.Handler {
	resources := map[string]map[string]handlerFunc{}
	shared := map[string]bool{} // whether pages of other sites may use a resource
	for _, r := range a.routes() {
		if r.ports&port == 0 {
			continue
		}
		if resources[r.path] == nil {
			resources[r.path] = map[string]handlerFunc{}
		}
		resources[r.path][r.method] = r.handle
		shared[r.path] = r.ports == forUsers
	}
	mux := http.NewServeMux()
	for path, methods := range resources {
		handle := byMethod(methods)
		if shared[path] {
			handle = a.crossOrigin(handle)
		}
		mux.HandleFunc(path, a.adapt(handle))
		mux.HandleFunc(path+withSlash, a.adapt(handle))
	}
	mux.HandleFunc(catchAll, a.adapt(a.crossOrigin(func(_ http.ResponseWriter, r *http.Request) error {
		return errNothingAt(r.URL.Path)
	})))
	return a.instrument(mux)
}

// adapt makes an http.HandlerFunc of a handler: the one place that answers with an error.
func (a *API) adapt(handle handlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			a.writeError(w, r, err)
		}
	}
}

// byMethod dispatches a resource's methods. The mux could do it, but forgets the route of a method that is not there.
func byMethod(methods map[string]handlerFunc) handlerFunc {
	if get, ok := methods[http.MethodGet]; ok {
		methods[http.MethodHead] = get
	}
	allow := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
	return func(w http.ResponseWriter, r *http.Request) error {
		handle, ok := methods[r.Method]
		if !ok {
			if err, misplaced := errMisplaced(r.URL.Path); misplaced && r.Method == http.MethodPost {
				return err
			}
			w.Header().Set("Allow", allow)
			return errNoMethod
		}
		return handle(w, r)
	}
}

// endpoint is the label of the route that serves r, once the mux has chosen it.
func endpoint(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == catchAll {
		return metric.Other
	}
	return strings.TrimSuffix(r.Pattern, withSlash)
}
