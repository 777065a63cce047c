package tuner

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/tuner/history"
)

func minutes(n int) backtest.Window {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return backtest.Window{Start: start, End: start.Add(time.Duration(n-1) * time.Minute), Step: time.Minute}
}

// streamOf has the values at the window's evaluations from one on.
func streamOf(w backtest.Window, name string, from int, values ...float64) *model.SampleStream {
	s := &model.SampleStream{Metric: model.Metric{"path": model.LabelValue(name)}}
	for i, v := range values {
		at := w.Start.Add(time.Duration(from+i) * w.Step)
		s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(at.UnixNano()), Value: model.SampleValue(v)})
	}
	return s
}

// newResource is a threshold of a number with a warning and a critical level.
func newResource() *v1alpha1.AlertThreshold {
	return &v1alpha1.AlertThreshold{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ai", Name: "load", Labels: map[string]string{"team": "a"}},
		Spec: v1alpha1.AlertThresholdSpec{Alert: "Load", Expr: "load", Levels: []v1alpha1.Level{
			{Severity: "warning", Above: "3", For: "5m"}, {Severity: "critical", Above: "4"},
		}},
	}
}

func newTarget(t testing.TB, resource *v1alpha1.AlertThreshold) Target {
	t.Helper()
	target, err := NewThreshold(resource, rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// served is a server that serves.
type served struct {
	t     testing.TB
	base  string
	token string
}

func serve(t testing.TB, o Options) served {
	t.Helper()
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	token := NewToken()
	go func() { done <- New(o).Serve(ctx, l, token) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return served{t, "http://" + l.Addr().String(), token}
}

// serveHistory serves the threshold over the history, and returns once it is read.
func serveHistory(t testing.TB, w backtest.Window, whole model.Matrix, o Options) served {
	t.Helper()
	o.Samples = history.NewSamples(w)
	o.Read = func(_ context.Context, s *history.Samples, progress func()) error {
		defer progress()
		return s.Ingest(whole, w.End)
	}
	if o.Target == nil {
		o.Target = newTarget(t, newResource())
	}
	s := serve(t, o)
	s.event("ready")
	return s
}

// event waits for an event of that name, and returns its data.
func (s served) event(name string) (data string) {
	s.t.Helper()
	resp, err := http.Get(s.url("api/progress"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if is, ok := strings.CutPrefix(lines.Text(), "event: "); ok && is == name {
			lines.Scan()
			return strings.TrimPrefix(lines.Text(), "data: ")
		}
	}
	s.t.Fatalf("there is no event %s", name)
	return ""
}

func (s served) url(path string) string { return s.base + "/" + s.token + "/" + path }

// response is an answer, read.
type response struct {
	path   string
	status int
	header http.Header
	body   string
}

// do sends a request with the headers, given as "Name: value".
func (s served) do(method, url, body string, headers ...string) response {
	s.t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if req.Header.Set(name, value); name == "Host" {
			req.Host = value
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response{req.URL.Path, resp.StatusCode, resp.Header, string(text)}
}

const ofJSON = "Content-Type: application/json"

// get and post expect that status, decode the answer, and return it as it came.
func (s served) get(path string, status int, into any) string {
	s.t.Helper()
	return s.decode(s.do(http.MethodGet, s.url(path), ""), status, into)
}

func (s served) post(path, body string, status int, into any) string {
	s.t.Helper()
	return s.decode(s.do(http.MethodPost, s.url(path), body, ofJSON), status, into)
}

func (s served) decode(r response, status int, into any) string {
	s.t.Helper()
	if r.status != status {
		s.t.Fatalf("%s: status %d, want %d: %s", r.path, r.status, status, r.body)
	}
	if err := json.Unmarshal([]byte(r.body), into); err != nil {
		s.t.Fatalf("%s: %v: %s", r.path, err, r.body)
	}
	return r.body
}

// TestGuard: who has not the token, comes from another page or by another name is not answered, and every error is one sentence.
func TestGuard(t *testing.T) {
	s := serveHistory(t, minutes(10), nil, Options{})
	address := strings.TrimPrefix(s.base, "http://")
	_, port, _ := net.SplitHostPort(address)
	page, api := s.url(""), s.url("api/subject")
	replay := s.url("api/replay")
	for name, tc := range map[string]struct {
		method, url string
		headers     []string
		status      int
	}{
		"the page":                    {"GET", page, nil, 200},
		"the api":                     {"GET", api, nil, 200},
		"by localhost":                {"GET", api, []string{"Host: localhost:" + port}, 200},
		"of the page":                 {"GET", api, []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"}, 200},
		"of the page, with an origin": {"POST", replay, []string{ofJSON, "Origin: " + s.base, "Sec-Fetch-Site: same-origin"}, 200},
		"typed into the browser":      {"GET", page, []string{"Sec-Fetch-Site: none"}, 200},
		"opened from a file":          {"GET", page, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, 200},

		"without a token":          {"GET", s.base + "/", nil, 404},
		"the api without a token":  {"GET", s.base + "/api/subject", nil, 404},
		"with another token":       {"GET", s.base + "/" + NewToken() + "/", nil, 404},
		"with a part of the token": {"GET", s.base + "/" + s.token[:40] + "/", nil, 404},
		"with no path":             {"GET", s.base + "/" + s.token, nil, 404},
		"with a token and dots":    {"GET", s.base + "/x/../" + s.token + "/", nil, 404},

		"another host":                  {"GET", page, []string{"Host: evil.example:" + port}, 403},
		"another port":                  {"GET", page, []string{"Host: 127.0.0.1:1"}, 403},
		"another host without a token":  {"GET", s.base + "/", []string{"Host: evil.example"}, 403},
		"another origin":                {"GET", api, []string{"Origin: http://evil.example"}, 403},
		"another origin writes":         {"POST", replay, []string{ofJSON, "Origin: http://evil.example"}, 403},
		"no origin":                     {"POST", replay, []string{ofJSON, "Origin: null"}, 403},
		"another port's origin":         {"POST", replay, []string{ofJSON, "Origin: http://127.0.0.1:1"}, 403},
		"another site":                  {"GET", api, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, 403},
		"another port's page":           {"GET", api, []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors"}, 403},
		"in a frame":                    {"GET", page, []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, 403},
		"another site's form":           {"POST", replay, []string{ofJSON, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, 403},
		"a preflight of another origin": {"OPTIONS", replay, []string{"Origin: http://evil.example", "Access-Control-Request-Method: POST"}, 403},

		"another method":             {"DELETE", api, nil, 405},
		"another method of the page": {"POST", page, []string{ofJSON}, 405},
		"a replay that is read":      {"GET", replay, nil, 405},
		"what is not there":          {"GET", s.url("api/none"), nil, 404},
		"a form":                     {"POST", replay, []string{"Content-Type: text/plain"}, 415},
		"no type":                    {"POST", replay, nil, 415},
	} {
		t.Run(name, func(t *testing.T) {
			s := served{t, s.base, s.token}
			r := s.do(tc.method, tc.url, "{}", tc.headers...)
			if r.status != tc.status {
				t.Errorf("status %d, want %d: %s", r.status, tc.status, r.body)
			}
			for header, want := range securityHeaders {
				if got := r.header.Get(header); got != want {
					t.Errorf("%s is %q", header, got)
				}
			}
			if allowed := r.header.Get("Access-Control-Allow-Origin"); allowed != "" {
				t.Errorf("origin %s is allowed", allowed)
			}
			var answer struct{ Error string }
			if tc.status >= 400 && (json.Unmarshal([]byte(r.body), &answer) != nil || answer.Error == "" || strings.Contains(r.body, s.token)) {
				t.Errorf("the error is %s", r.body)
			}
			if tc.status == 405 && r.header.Get("Allow") == "" {
				t.Error("there is no Allow")
			}
		})
	}
	if a, b := NewToken(), NewToken(); a == b || len(a) < 22 {
		t.Errorf("tokens %s and %s", a, b)
	}
}

// TestBadRequests: what is impossible is told, with the reason that the rules have.
func TestBadRequests(t *testing.T) {
	s := serveHistory(t, minutes(10), nil, Options{})
	for body, want := range map[string]string{
		``:             "cannot be read",
		`[]`:           "cannot be read",
		`{"level":[]}`: "unknown field",
		`{"levels":[{"severity":"warning","above":1e999}]}`:                                         "cannot be read",
		`{"levels":[{"severity":"warning","above":NaN}]}`:                                           "cannot be read",
		`{"levels":[{"severity":"warning","above":5,"for":300},{"severity":"critical","above":4}]}`: "must lie beyond warning (> 5)",
		`{"levels":[{"severity":"warning","for":300}]}`:                                             "above must be given",
		`{"levels":[{"severity":"warning","above":3,"below":1,"for":300}]}`:                         "below must be given",
		`{"levels":[{"severity":"warning","above":3,"for":-1}]}`:                                    "from 0s to a year",
		`{"levels":[{"severity":"warning","above":3,"keepFiringFor":1e12}]}`:                        "from 0s to a year",
		`{"levels":[{"severity":"info","above":3}]}`:                                                `no level of severity "info"`,
		`{"levels":[{"severity":"warning","above":3},{"severity":"warning","above":2}]}`:            "given twice",
		`{"levels":[{"severity":"` + strings.Repeat("x", maxBody) + `"}]}`:                          "too large",
	} {
		for _, path := range []string{"api/replay", "api/change"} {
			var answer struct{ Error string }
			if s.post(path, body, 400, &answer); !strings.Contains(answer.Error, want) {
				t.Errorf("%s of %.100s: %s, want %q in it", path, body, answer.Error, want)
			}
		}
	}
	for path, want := range map[string]string{
		"api/series?width=0": "width", "api/series?limit=x": "limit", "api/series?severity=none": `"none"`, "api/curve?for=x": "for", "api/curve?keepFiringFor=-3": "keepFiringFor",
	} {
		var answer struct{ Error string }
		if s.get(path, 400, &answer); !strings.Contains(answer.Error, want) {
			t.Errorf("%s: %s, want %q in it", path, answer.Error, want)
		}
	}
}

// TestHostileLabels: a label's value that is markup comes as text, and never as a tag.
func TestHostileLabels(t *testing.T) {
	const evil = `</script><img src=x onerror="alert(1)">&'` + "\u2028\x00"
	w := minutes(30)
	s := serveHistory(t, w, model.Matrix{streamOf(w, evil, 0, 1, 5, 5, 1), streamOf(w, "b", 0, 1)}, Options{Notes: []string{evil}})
	var drawn seriesAnswer
	var answer struct{ Levels []levelAnswer }
	var shown struct{ Notes []string }
	for _, body := range []string{s.get("api/series", 200, &drawn), s.post("api/replay", "{}", 200, &answer), s.get("api/subject", 200, &shown)} {
		if strings.ContainsAny(body, "<>&\u2028\x00") {
			t.Errorf("it is not escaped: %s", body)
		}
	}
	if got := drawn.Series[0].Labels["path"]; got != evil || shown.Notes[0] != evil {
		t.Errorf("the label is %q, the note %q", got, shown.Notes)
	}
	if e := answer.Levels[1].Episodes; len(e) != 1 || !strings.Contains(e[0].Series, "onerror") {
		t.Errorf("episodes = %+v", e)
	}
}

// TestManySeries: of 10,000 series the worst are drawn, and the longest episodes told.
func TestManySeries(t *testing.T) {
	w := minutes(700)
	whole := make(model.Matrix, 10_000)
	for i := range whole {
		values := make([]float64, 600)
		for j := range values {
			values[j] = float64(i) / 1000 * float64(j%3)
		}
		whole[i] = streamOf(w, fmt.Sprintf("%05d", i), 50, values...)
	}
	s := serveHistory(t, w, whole, Options{})
	var drawn seriesAnswer
	body := s.get("api/series?width=100000&limit=100000&severity=critical", 200, &drawn)
	if drawn.Total != len(whole) || len(drawn.Series) != maxSeries || len(drawn.Times) != w.Evaluations() || len(body) > 12<<20 {
		t.Errorf("%d of %d series with %d times in %d bytes", len(drawn.Series), drawn.Total, len(drawn.Times), len(body))
	}
	if first := drawn.Series[0]; first.Name != `{path="09999"}` || *first.Fires != 200 {
		t.Errorf("the worst series is %s with %v fires", first.Name, first.Fires)
	}
	body = s.get("api/series?width=50", 200, &drawn)
	if len(drawn.Series) != 200 || len(body) > 1<<20 {
		t.Errorf("%d series in %d bytes", len(drawn.Series), len(body))
	}
	var answer struct{ Levels []levelAnswer }
	body = s.post("api/replay", `{"levels":[{"severity":"warning","above":1,"for":0}]}`, 200, &answer)
	level := answer.Levels[0]
	if level.Fires != 9499*200 || level.Series != 9499 || len(level.Episodes) != history.MaxEpisodes || level.More != level.Fires-history.MaxEpisodes || len(body) > 1<<20 {
		t.Errorf("%d fires of %d series, %d episodes and %d more, in %d bytes", level.Fires, level.Series, len(level.Episodes), level.More, len(body))
	}
	if !slices.IsSortedFunc(level.Episodes, func(a, b episodeAnswer) int { return int(a.Start - b.Start) }) {
		t.Error("the episodes are not in order of time")
	}
}

// TestNothing: a series of NaN, and no series at all, are drawn as nothing and fire never.
func TestNothing(t *testing.T) {
	w := minutes(40)
	nan := slices.Repeat([]float64{math.NaN()}, 40)
	for name, whole := range map[string]model.Matrix{"NaN": {streamOf(w, "a", 0, nan...)}, "none": nil} {
		t.Run(name, func(t *testing.T) {
			s := serveHistory(t, w, whole, Options{})
			var drawn struct {
				Series []struct{ Min, Max []*float64 }
				Total  int
			}
			if s.get("api/series?width=10", 200, &drawn); drawn.Total != len(whole) || len(whole) == 1 && (len(drawn.Series[0].Min) != 10 || drawn.Series[0].Min[3] != nil || drawn.Series[0].Max[9] != nil) {
				t.Errorf("drawn: %+v", drawn)
			}
			var answer struct{ Levels []levelAnswer }
			if s.post("api/replay", "{}", 200, &answer); len(answer.Levels) != 2 || answer.Levels[0].Fires != 0 || answer.Levels[0].Episodes == nil {
				t.Errorf("replayed: %+v", answer)
			}
			var curve curveAnswer
			if s.get("api/curve", 200, &curve); curve.Recommended != nil || !strings.Contains(curve.Absent, "must have had a value for at least") {
				t.Errorf("curve: %+v", curve)
			}
			if ready := s.event("ready"); !strings.Contains(ready, `"coverage":0`) {
				t.Error(ready)
			}
		})
	}
}

// TestRetry: reading that fails in the middle is told, and goes on from there when it is retried.
func TestRetry(t *testing.T) {
	w := minutes(100)
	broken := make(chan error, 1)
	broken <- errors.New("querying Prometheus over a range: Prometheus does not answer")
	whole := streamOf(w, "a", 0, slices.Repeat([]float64{5}, 100)...)
	s := serve(t, Options{
		Target: newTarget(t, newResource()), Samples: history.NewSamples(w),
		Read: func(_ context.Context, s *history.Samples, progress func()) error {
			defer progress()
			if left := s.QueryWindow(); left.Start.Equal(w.Start) {
				half := &model.SampleStream{Metric: whole.Metric, Values: whole.Values[:40]}
				if err := s.Ingest(model.Matrix{half}, w.Start.Add(39*w.Step)); err != nil {
					return err
				}
				return <-broken
			} else if want := w.Start.Add(40 * w.Step); !left.Start.Equal(want) {
				return fmt.Errorf("left is %s, want %s", left.Start, want)
			}
			return s.Ingest(model.Matrix{{Metric: whole.Metric, Values: whole.Values[40:]}}, w.End)
		},
	})
	if failed := s.event("failed"); failed != `{"error":"40% of the window was read, and a retry goes on from there: querying Prometheus over a range: Prometheus does not answer","partial":true}` {
		t.Error(failed)
	}
	var answer struct{ Error string }
	for _, path := range []string{"api/series", "api/curve"} {
		if s.get(path, 409, &answer); !strings.Contains(answer.Error, "not read yet") {
			t.Errorf("%s: %+v", path, answer)
		}
	}
	s.post("api/replay", "{}", 409, &answer)
	s.post("api/retry", "{}", 202, &struct{}{})
	if ready := s.event("ready"); !strings.Contains(ready, `"samples":100,"coverage":1`) {
		t.Error(ready)
	}
	s.post("api/retry", "{}", 409, &answer)
	var replayed struct{ Levels []levelAnswer }
	if s.post("api/replay", "{}", 200, &replayed); replayed.Levels[0].Fires != 1 || replayed.Levels[0].Firing != 94*60 || !replayed.Levels[0].Episodes[0].Open {
		t.Errorf("replayed: %+v", replayed)
	}
}

// TestTooMuch: samples that can never be held are refused, and a retry is of no use.
func TestTooMuch(t *testing.T) {
	s := serve(t, Options{
		Target: newTarget(t, newResource()), Samples: history.NewSamples(minutes(1000)),
		Read: func(context.Context, *history.Samples, func()) error {
			return fmt.Errorf("%w: too many samples", backtest.ErrReplay)
		},
	})
	if failed := s.event("failed"); failed != `{"error":"replaying the signal: too many samples","partial":false}` {
		t.Error(failed)
	}
	var answer struct{ Error string }
	s.post("api/retry", "{}", 409, &answer)
}

// TestCurve: every point of the curve is what a replay of that level counts, and the recommended one is backtest's.
func TestCurve(t *testing.T) {
	w := minutes(3 * 24 * 60)
	rng := rand.New(rand.NewPCG(4, 4))
	var whole model.Matrix
	for i := range 5 {
		values, v := make([]float64, w.Evaluations()), 0.0
		for j := range values {
			v += 0.05*(2-v) + rng.NormFloat64()*0.3
			values[j] = v
		}
		whole = append(whole, streamOf(w, fmt.Sprint(i), 0, values...))
	}
	s := serveHistory(t, w, whole, Options{})
	for _, query := range []string{"severity=critical", "severity=warning&for=300&keepFiringFor=600"} {
		var curve curveAnswer
		s.get("api/curve?"+query, 200, &curve)
		if len(curve.Points) < 100 || len(curve.Points) > history.MaxPoints || curve.Present == nil || curve.Recommended == nil || curve.Recommended.Why == "" {
			t.Fatalf("%s: %+v", query, curve)
		}
		last := math.Inf(-1)
		kinds := map[int]bool{}
		samples := history.NewSamples(w)
		if err := samples.Ingest(whole, w.End); err != nil {
			t.Fatal(err)
		}
		at := rules.Level{Comparison: rules.Above}
		if strings.Contains(query, "for=") {
			at.For, at.KeepFiringFor = 5*time.Minute, 10*time.Minute
		}
		isRecommended := false
		for _, point := range curve.Points {
			at.Value = point.Level
			if got := samples.Replay(at).Fires; got != point.Fires || point.Level <= last {
				t.Errorf("%s: %d fires at %g, the replay has %d", query, point.Fires, point.Level, got)
			}
			kinds[point.Fires], last = true, point.Level
			isRecommended = isRecommended || point == curve.Recommended.curvePoint
		}
		if len(kinds) < 20 || !isRecommended || curve.Recommended.Fires > 1 {
			t.Errorf("%s: %d different counts, recommended %+v (a point: %v)", query, len(kinds), curve.Recommended, isRecommended)
		}
	}
}

// TestAsleep: fires are counted as asleep by the clock of the zone, on both sides of a change of its time.
func TestAsleep(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err) // a machine without a zone database
	}
	w := backtest.Window{Start: time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC), Step: 30 * time.Minute}
	for at, want := range map[string]bool{
		"2026-03-28T05:30:00Z": true, "2026-03-28T06:00:00Z": false, "2026-03-28T20:30:00Z": false, "2026-03-28T21:00:00Z": true,
		"2026-03-29T04:30:00Z": true, "2026-03-29T05:00:00Z": false, "2026-03-29T19:30:00Z": false, "2026-03-29T20:00:00Z": true, // summer time
	} {
		moment, _ := time.Parse(time.RFC3339, at)
		n := int(moment.Sub(w.Start) / w.Step)
		if got := asleep(w, berlin)[n]; got != want {
			t.Errorf("%s: asleep = %v", at, got)
		}
		values := make([]float64, w.Evaluations())
		values[n] = 9
		s := serveHistory(t, w, model.Matrix{streamOf(w, "a", 0, values...)}, Options{Zone: berlin, ZoneName: "Europe/Berlin"})
		var answer struct{ Levels []levelAnswer }
		s.post("api/replay", `{"levels":[{"severity":"critical","above":4}]}`, 200, &answer)
		if got := answer.Levels[0]; got.Fires != 1 || (got.Asleep == 1) != want || got.PerWeek != 3.5 {
			t.Errorf("%s: %+v", at, got)
		}
	}
}

// TestChange: the changed manifest says what is replayed, and what is not moved stays as it is written.
func TestChange(t *testing.T) {
	resource := newResource()
	resource.Spec.Unit, resource.Spec.Levels[1].Above = "Ratio", "0.5"
	resource.Spec.Levels[0].Above = "20%"
	target := newTarget(t, resource)
	s := serveHistory(t, minutes(10), nil, Options{Target: target})
	var change changeAnswer
	s.post("api/change", `{"levels":[{"severity":"warning","above":0.25,"for":90.5,"keepFiringFor":600}]}`, 200, &change)
	var changed v1alpha1.AlertThreshold
	if err := yaml.UnmarshalStrict([]byte(change.YAML), &changed); err != nil {
		t.Fatal(err)
	}
	want := []v1alpha1.Level{{Severity: "warning", Above: "25%", For: "1m30s500ms", KeepFiringFor: "10m"}, {Severity: "critical", Above: "0.5"}}
	if !slices.Equal(changed.Spec.Levels, want) || changed.Name != "load" || changed.Kind != v1alpha1.Kind || !change.Changed || changed.Labels["team"] != "a" {
		t.Errorf("%s", change.YAML)
	}
	patch := `{"spec":{"levels":[{"severity":"warning","above":"25%","for":"1m30s500ms","keepFiringFor":"10m"},{"severity":"critical","above":"0.5"}]}}`
	if change.Patch != patch || change.Command != "kubectl patch alertthreshold load -n ai --type=merge -p '"+patch+"'" {
		t.Errorf("patch %s\ncommand %s", change.Patch, change.Command)
	}
	s.post("api/change", `{"levels":[{"severity":"warning","above":0.2,"for":300}]}`, 200, &change)
	if change.Changed || !strings.Contains(change.YAML, "above: 20%") {
		t.Errorf("what is as it was is changed: %+v", change)
	}
	for _, severity := range []string{"it's"} {
		resource.Spec.Levels[0].Severity = severity
		answer, err := describeChange(resource)
		if err != nil || !strings.Contains(answer.Command, `it'\''s`) {
			t.Errorf("command %s, %v", answer.Command, err)
		}
	}
}

// TestApply: what the cluster answers is passed on with its status, and what was applied is what is shown from then on.
func TestApply(t *testing.T) {
	answers := make(chan error, 1)
	s := serveHistory(t, minutes(10), nil, Options{Apply: func(_ context.Context, from *v1alpha1.AlertThreshold, change *Change, _ bool) (Applied, error) {
		if from.Spec.Levels[0].Above != "3" {
			return Applied{}, errors.New("not from what was shown")
		}
		applied := change.Resource.DeepCopy()
		applied.ResourceVersion = "7"
		return Applied{applied, []string{"careful"}}, <-answers
	}})
	const moved = `{"levels":[{"severity":"warning","above":2,"for":300}],"dryRun":%v}`
	var answer struct {
		Error           string
		Warnings        []string
		Applied         bool
		ResourceVersion string
	}
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "alertthresholds"}, "load", errors.New("you may not"))
	for err, status := range map[error]int{forbidden: 403, ErrConflict: 409, errors.New("no route to host"): 502} {
		answers <- fmt.Errorf("patching: %w", err)
		if s.post("api/apply", fmt.Sprintf(moved, false), status, &answer); !strings.Contains(answer.Error, err.Error()) {
			t.Errorf("%v: %s", err, answer.Error)
		}
	}
	answers <- nil
	if s.post("api/apply", fmt.Sprintf(moved, true), 200, &answer); answer.Applied || !slices.Equal(answer.Warnings, []string{"careful"}) {
		t.Errorf("dry run: %+v", answer)
	}
	answers <- nil
	if s.post("api/apply", fmt.Sprintf(moved, false), 200, &answer); !answer.Applied || answer.ResourceVersion != "7" {
		t.Errorf("applied: %+v", answer)
	}
	var shown struct{ Levels []Level }
	if s.get("api/subject", 200, &shown); *shown.Levels[0].Above != 2 || shown.Levels[0].Text != "> 2" {
		t.Errorf("shown: %+v", shown)
	}
	if s.post("api/apply", fmt.Sprintf(moved, false), 400, &answer); !strings.Contains(answer.Error, "nothing to apply") {
		t.Errorf("again: %+v", answer)
	}
	none := serveHistory(t, minutes(10), nil, Options{ApplyAbsent: "it is a file"})
	if none.post("api/apply", fmt.Sprintf(moved, false), 400, &answer); !strings.Contains(answer.Error, "it is a file") {
		t.Errorf("a file: %+v", answer)
	}
}

// TestFired: what fired is asked once, and why nothing is known is told.
func TestFired(t *testing.T) {
	answers := make(chan []Fired, 3)
	answers <- nil
	answers <- []Fired{{"warning", 1, 2}}
	failed := true
	s := serveHistory(t, minutes(10), nil, Options{Fired: func(context.Context) ([]Fired, error) {
		if failed {
			failed = false
			return nil, errors.New("Prometheus does not answer")
		}
		return <-answers, nil
	}})
	var answer firedAnswer
	if s.get("api/fired", 200, &answer); answer.Absent != "Prometheus does not answer" {
		t.Errorf("failed: %+v", answer)
	}
	if s.get("api/fired", 200, &answer); !strings.Contains(answer.Absent, "no firing alert") {
		t.Errorf("none: %+v", answer)
	}
	if s.get("api/fired", 200, &answer); len(answers) != 1 {
		t.Error("it was asked again")
	}
}
