package tuner

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	maxBody   = 64 << 10
	maxWidth  = 4000
	maxSeries = 500
)

// routes are all of the page and its api.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for path, methods := range map[string]map[string]func(w http.ResponseWriter, r *http.Request) error{
		"/api/subject":  {http.MethodGet: s.getTarget},
		"/api/progress": {http.MethodGet: s.getProgress},
		"/api/series":   {http.MethodGet: s.getSeries},
		"/api/curve":    {http.MethodGet: s.getCurve},
		"/api/fired":    {http.MethodGet: s.getFired},
		"/api/replay":   {http.MethodPost: s.postReplay},
		"/api/change":   {http.MethodPost: s.postChange},
		"/api/apply":    {http.MethodPost: s.postApply},
		"/api/retry":    {http.MethodPost: s.postRetry},
		"/api/":         {},
		"/":             {http.MethodGet: getPage},
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			handle, ok := methods[r.Method]
			switch {
			case len(methods) == 0:
				writeError(w, statusError{http.StatusNotFound, errors.New("there is nothing here: reload the page")})
			case !ok:
				for method := range methods {
					w.Header().Add("Allow", method)
				}
				writeError(w, statusError{http.StatusMethodNotAllowed, fmt.Errorf("%s takes no %s", r.URL.Path, r.Method)})
			default:
				if err := handle(w, r); err != nil {
					writeError(w, err)
				}
			}
		})
	}
	return mux
}

func getPage(w http.ResponseWriter, r *http.Request) error {
	http.FileServerFS(page()).ServeHTTP(w, r)
	return nil
}

// statusError is an error with its HTTP status.
type statusError struct {
	code int
	error
}

func (e statusError) Unwrap() error { return e.error }

func badRequest(err error) error { return statusError{http.StatusBadRequest, err} }

// writeError answers with the error, and the status that it has: its own, or the API server's.
func writeError(w http.ResponseWriter, err error) {
	code := http.StatusBadGateway // what Prometheus and the cluster do not do
	var own statusError
	var api apierrors.APIStatus
	switch {
	case errors.As(err, &own):
		code = own.code
	case errors.Is(err, ErrConflict):
		code = http.StatusConflict
	case errors.As(err, &api) && api.Status().Code >= http.StatusBadRequest:
		code = int(api.Status().Code)
	}
	_ = writeJSON(w, code, map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, code int, answer any) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text)
	return nil
}

// readJSON reads the body of a request.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return statusError{http.StatusUnsupportedMediaType, errors.New("the request must have the Content-Type application/json")}
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return badRequest(fmt.Errorf("the request cannot be read: %w", err))
	}
	return nil
}

// getTarget answers with what is tuned.
func (s *Server) getTarget(w http.ResponseWriter, _ *http.Request) error {
	target, window := s.current(), s.Samples.Window()
	return writeJSON(w, http.StatusOK, struct {
		header
		Window      windowAnswer `json:"window"`
		TimeZone    string       `json:"timeZone"`
		Levels      []Level      `json:"levels"`
		CanApply    bool         `json:"canApply"`
		ApplyAbsent string       `json:"applyAbsent"`
		Notes       []string     `json:"notes"`
		Buckets     []float64    `json:"buckets"`
	}{
		target.header(), windowAnswer{unixSeconds(window.Start), unixSeconds(window.End), window.Step.Seconds()}, s.ZoneName, target.present(),
		s.Apply != nil, s.ApplyAbsent, s.notes(), append([]float64{}, s.Buckets...),
	})
}

// notes are what must be known, of the samples too when they are read; never nil.
func (s *Server) notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := append([]string{}, s.Notes...)
	if s.ready && s.ReadNotes != nil {
		all = append(all, s.ReadNotes()...)
	}
	return all
}

type windowAnswer struct {
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	Step  float64 `json:"step"`
}

func (s *Server) getProgress(w http.ResponseWriter, r *http.Request) error {
	s.progress.ServeHTTP(w, r)
	return nil
}

func (s *Server) getSeries(w http.ResponseWriter, r *http.Request) error {
	if err := s.checkReady(); err != nil {
		return err
	}
	width, err := intOf(r, "width", 1200, maxWidth)
	if err != nil {
		return err
	}
	limit, err := intOf(r, "limit", 200, maxSeries)
	if err != nil {
		return err
	}
	level, change, err := s.levelOf(r)
	if err != nil {
		return err
	}
	result, err := s.result(r.Context(), level, change)
	if err != nil {
		return err
	}
	drawn, times := s.Samples.Draw(level, width, limit)
	return writeJSON(w, http.StatusOK, newSeriesAnswer(drawn, times, s.Samples.Series(), result))
}

func (s *Server) getCurve(w http.ResponseWriter, r *http.Request) error {
	if err := s.checkReady(); err != nil {
		return err
	}
	level, change, err := s.levelOf(r)
	if err != nil {
		return err
	}
	answer, err := s.curve(level, change)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, answer)
}

// levelOf returns the present level of the query's severity, with the durations that it asks for, and the change that has it.
func (s *Server) levelOf(r *http.Request) (rules.Level, *Change, error) {
	target := s.current()
	present := target.present()
	level := present[0]
	if severity := r.URL.Query().Get("severity"); severity != "" {
		var ok bool
		if level, ok = findLevel(present, severity); !ok {
			return rules.Level{}, nil, badRequest(fmt.Errorf("there is no level of severity %q: reload the page", severity))
		}
	}
	for name, field := range map[string]*float64{"for": &level.For, "keepFiringFor": &level.KeepFiringFor} {
		if text := r.URL.Query().Get(name); text != "" {
			var err error
			if *field, err = strconv.ParseFloat(text, 64); err != nil {
				return rules.Level{}, nil, badRequest(fmt.Errorf("%s must be a number of seconds", name))
			}
		}
	}
	change, err := target.change([]Level{level})
	if err != nil {
		return rules.Level{}, nil, badRequest(err)
	}
	resolved, _ := change.level(level.Severity)
	return resolved, change, nil
}

// intOf reads a number of the query from 1 to most.
func intOf(r *http.Request, name string, byDefault, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return byDefault, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, badRequest(fmt.Errorf("%s must be a whole number of at least 1", name))
	}
	return min(n, most), nil
}

type levelsRequest struct {
	Levels []Level `json:"levels"`
}

func (s *Server) postReplay(w http.ResponseWriter, r *http.Request) error {
	var request levelsRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if err := s.checkReady(); err != nil {
		return err
	}
	answers, err := s.replay(r.Context(), request.Levels)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"levels": answers})
}

func (s *Server) postChange(w http.ResponseWriter, r *http.Request) error {
	var request levelsRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	change, err := s.current().change(request.Levels)
	if err != nil {
		return badRequest(err)
	}
	return writeJSON(w, http.StatusOK, change.answer)
}

func (s *Server) postApply(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		levelsRequest
		DryRun bool `json:"dryRun"`
	}
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	applied, err := s.apply(r.Context(), request.Levels, request.DryRun)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{
		"warnings": append([]string{}, applied.Warnings...), "applied": !request.DryRun, "resourceVersion": applied.Resource.ResourceVersion,
	})
}

func (s *Server) postRetry(w http.ResponseWriter, r *http.Request) error {
	if err := readJSON(w, r, &struct{}{}); err != nil {
		return err
	}
	if !s.startReading() {
		return statusError{http.StatusConflict, errors.New("the samples are being read, or were: there is nothing to retry")}
	}
	return writeJSON(w, http.StatusAccepted, struct{}{})
}

func (s *Server) getFired(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, s.whatFired(r.Context()))
}
