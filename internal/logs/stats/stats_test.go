package stats

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func request(at time.Time, endpoint string, status int, took time.Duration) *Entry {
	return &Entry{Time: at, Kind: RequestEnded, Message: "Request completed", Fields: Fields{
		Endpoint: endpoint, Status: status, Duration: took, HasDuration: true,
	}}
}

func TestWhatIsCounted(t *testing.T) {
	var totals Totals
	var recent Recent
	for i, e := range []*Entry{
		request(noon, "/chat", 200, time.Second),
		request(noon, "/chat", 429, 3*time.Second),
		{Time: noon, Level: slog.LevelError, Kind: RequestEnded, Message: "Request failed", Fields: Fields{Endpoint: "/chat", Status: 503, ErrorType: "quota"}},
		{Time: noon, Level: slog.LevelError, Kind: RequestEnded}, // without a type
		{Time: noon, Kind: CallSucceeded, Fields: Fields{Model: "m", PromptTokens: 7, CompletionTokens: 30, Duration: time.Second, HasDuration: true}},
		{Time: noon, Level: slog.LevelError, Kind: CallFailed, Fields: Fields{
			Model: "m", ErrorType: "quota", PromptTokens: 5, CompletionTokens: 1, Duration: 3 * time.Second, HasDuration: true,
		}},
		{Time: noon, Level: slog.LevelWarn, Kind: RequestEnded, Fields: Fields{Endpoint: "/chat", Status: 400, ErrorType: "invalid"}},
		{Time: noon, Level: slog.LevelError, Message: "Session store failed"},
		{Time: noon, Level: slog.LevelWarn, Kind: CallFailed, Fields: Fields{ErrorType: "cancelled"}},
		{Time: noon, Message: "Application started"},
	} {
		totals.Add(e)
		if e.Level >= slog.LevelError {
			recent.Add(e, uint64(i))
		}
	}
	r := totals.Report(&recent, time.Time{}, noon)
	for _, tt := range []struct {
		what      string
		got, want any
	}{
		{"errors", r.Errors.Total, uint64(3)}, // of requests, at any level
		{"error types", r.Errors.Types, map[string]uint64{"quota": 1, "Unknown": 1, "invalid": 1}},
		{"other errors", r.Errors.Other, uint64(1)},
		{"recent errors", len(r.Errors.Recent), 4},
		{"requests", r.Requests.Total, uint64(5)},
		{"mean", r.Requests.AvgDuration, 2.0},
		{"endpoints", r.Requests.Endpoints, map[string]uint64{"/chat": 4, "unknown": 1}},
		{"statuses", r.Requests.Statuses, map[string]uint64{"2xx": 1, "4xx": 2, "5xx": 1}},
		{"failed requests", *r.Requests.ErrorPercent, 40.0},
		{"calls", r.Model.Calls, map[string]map[string]uint64{"m": {"success": 1, "error": 1}, "unknown": {"success": 0, "error": 1}}},
		{"tokens", r.Model.Tokens["m"], map[string]float64{"prompt": 12, "completion": 31}}, // also of the failed call
		{"kinds of failed calls", r.Model.ErrorTypes, map[string]uint64{"quota": 1, "cancelled": 1}},
		{"mean of calls", r.Model.AvgDuration, map[string]float64{"m": 2, "unknown": 0}},
		{"failed calls", math.Round(*r.Model.ErrorPercent), 33.0},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s = %v, want %v", tt.what, tt.got, tt.want)
		}
	}
}

func TestNothingIsNoZero(t *testing.T) {
	r := new(Totals).Report(new(Recent), time.Time{}, noon)
	if r.Requests.P95 != nil || r.Requests.ErrorPercent != nil || r.Model.ErrorPercent != nil || r.From != nil {
		t.Errorf("report of nothing = %+v", r)
	}
	if r.Errors.Recent == nil || r.Advice == nil || r.Requests.Endpoints == nil {
		t.Error("lists are null in JSON")
	}
}

func TestQuantilesAreCloseToTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var all []time.Duration
	for range 20000 {
		d := time.Duration(random.ExpFloat64() * float64(time.Second))
		h.add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.5, 0.95, 0.99, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)].Seconds()
		if got := *h.quantile(q); math.Abs(got-want) > want/20 {
			t.Errorf("p%v = %v, want %v within 5%%", 100*q, got, want)
		}
	}
}

func TestEveryDurationHasItsBucket(t *testing.T) {
	for _, d := range []time.Duration{-1, 0, 1, 131071, 131072, time.Millisecond, time.Second, time.Minute, 137 * time.Second, 138 * time.Second, MaxDuration} {
		b := bucketOf(d)
		from, to := bounds(b, d+1)
		if d >= 0 && (d < from || d >= to) {
			t.Errorf("%v is in bucket %d, from %v to %v", d, b, from, to)
		}
	}
	for b := range overflow {
		_, to := bounds(b, 0)
		if from, _ := bounds(b+1, 0); from != to {
			t.Errorf("bucket %d ends at %v, the next begins at %v", b, to, from)
		}
	}
}

func TestNamesAreBounded(t *testing.T) {
	var totals Totals
	for i := range 1000 {
		name := fmt.Sprint(i)
		failed := request(noon, name, 500, 0)
		failed.ErrorType = name
		totals.Add(failed)
		totals.Add(&Entry{Level: slog.LevelError, Kind: CallFailed, Fields: Fields{Model: name, ErrorType: name}})
	}
	var merged Totals
	merged.Merge(&totals)
	merged.Merge(&totals)
	for what, got := range map[string]int{
		"endpoints": len(merged.endpoints), "error types": len(merged.errorTypes), "models": len(merged.models),
		"error types of calls": len(merged.callErrorTypes),
	} {
		if got != maxNames+1 {
			t.Errorf("%d %s, want %d and other", got, what, maxNames)
		}
	}
	if got := merged.endpoints.byName()[otherName]; got != 2*(1000-maxNames) {
		t.Errorf("other = %d", got)
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var entries []*Entry
	for i := range 500 {
		e := request(noon.Add(time.Duration(i)*time.Second), "/chat", 200+100*(i%4), time.Duration(random.Int64N(int64(time.Minute))))
		e.Level = []slog.Level{slog.LevelInfo, slog.LevelError}[i%2]
		e.ErrorType, e.RequestID = fmt.Sprint("kind", i%7), fmt.Sprint(i)
		entries = append(entries, e)
	}
	want := reportOf(entries, 1)
	for parts := 2; parts < 6; parts++ {
		random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		if got := reportOf(entries, parts); !reflect.DeepEqual(got, want) {
			t.Fatalf("in %d parts:\n%+v\nwant\n%+v", parts, got, want)
		}
	}
}

// reportOf adds entries in parts and merges them.
func reportOf(entries []*Entry, parts int) Report {
	totals, recents := make([]Totals, parts), make([]Recent, parts)
	for i, e := range entries {
		totals[i%parts].Add(e)
		if e.Level >= slog.LevelError {
			recents[i%parts].Add(e, 0)
		}
	}
	for i := 1; i < parts; i++ {
		totals[0].Merge(&totals[i])
		recents[0].Merge(&recents[i])
	}
	r := totals[0].Report(&recents[0], time.Time{}, noon)
	r.Timestamp = ""
	return r
}

func TestRecentTextsAreBounded(t *testing.T) {
	var recent Recent
	recent.Add(&Entry{Time: noon, Level: slog.LevelError, Fields: Fields{Error: strings.Repeat("é", maxTextBytes)}}, 0)
	if got := recent.since(time.Time{})[0].Error; len(got) > maxTextBytes+len("…") || !strings.HasSuffix(got, "é…") {
		t.Errorf("kept %d bytes, ending in %q", len(got), got[len(got)-5:])
	}
}

// TestAnErrorIsShownOnce: a failed call has a line, and so has its request.
func TestAnErrorIsShownOnce(t *testing.T) {
	failure := func(second int, kind Kind, id, errorType string) *Entry {
		return &Entry{Time: noon.Add(time.Duration(second) * time.Second), Level: slog.LevelError, Kind: kind, Fields: Fields{RequestID: id, ErrorType: errorType}}
	}
	entries := []*Entry{
		failure(0, CallFailed, "oldest", "quota"), // its request is at level WARNING
		failure(1, Other, "store", ""), failure(2, CallFailed, "store", "timeout"), failure(3, RequestEnded, "store", "timeout"),
	}
	for i := range maxRecent - 3 { // a client may send the same id again and again
		entries = append(entries, failure(4+2*i, CallFailed, "same", "auth"), failure(5+2*i, RequestEnded, "same", "auth"))
	}
	for _, forwards := range []bool{true, false} {
		var recent Recent
		for i, e := range entries {
			recent.Add(e, uint64(i))
		}
		var kinds []string
		for _, e := range recent.since(time.Time{}) {
			kinds = append(kinds, e.RequestID+" "+e.ErrorType)
		}
		want := append([]string{"oldest quota", "store ", "store timeout"}, slices.Repeat([]string{"same auth"}, maxRecent-3)...)
		if !slices.Equal(kinds, want) {
			t.Errorf("forwards %v: recent errors = %q, want %q", forwards, kinds, want)
		}
		slices.Reverse(entries)
	}
}

func TestAdvice(t *testing.T) {
	ok, slow, failed := request(noon, "/chat", 200, time.Second), request(noon, "/chat", 200, 3*time.Second), request(noon, "/chat", 500, 0)
	call := &Entry{Kind: CallSucceeded}
	broken := &Entry{Level: slog.LevelError, Kind: CallFailed}
	hungUp := &Entry{Level: slog.LevelWarn, Kind: CallFailed}
	for _, tt := range []struct {
		name    string
		entries map[*Entry]int
		want    string
		reading float64
	}{
		{"nothing", nil, "", 0},
		{"well", map[*Entry]int{ok: 200, failed: 2, call: 100, broken: 1}, "", 0},
		{"a few are slow", map[*Entry]int{ok: 96, slow: 4}, "", 0},
		{"slow", map[*Entry]int{ok: 90, slow: 10}, "slow_responses", 0},
		{"failing", map[*Entry]int{ok: 98, failed: 2}, "high_error_rate", 2},
		{"failing model", map[*Entry]int{call: 97, broken: 3}, "high_model_error_rate", 3},
		{"clients that hang up", map[*Entry]int{call: 50, hungUp: 50}, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var totals Totals
			for e, n := range tt.entries {
				for range n {
					totals.Add(e)
				}
			}
			var reasons []string
			for _, a := range totals.advice() {
				reasons = append(reasons, a.Reason)
				if a.Reading <= a.Limit || a.Samples != 100 || tt.reading != 0 && a.Reading != tt.reading || len(a.Suggestions) != 4 {
					t.Errorf("advice = %+v", a)
				}
			}
			if got := strings.Join(reasons, " "); got != tt.want {
				t.Errorf("advice %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAFilesLineIsKnownByMessageAndField(t *testing.T) {
	for _, tt := range []struct {
		message, endpoint, model string
		kind                     Kind
		ours                     bool
	}{
		{"Request completed", "/chat", "", RequestEnded, true},
		{"Request failed", "/chat", "", RequestEnded, true},
		{"Request completed", "", "", RequestEnded, false}, // many programs say so
		{"Too many REQUESTS: sorry", "/chat", "", RequestEnded, true},
		{"Too many REQUESTS: sorry", "", "", Other, true},
		{"Application started", "/chat", "m", Other, true},
		{"AI model call successful", "", "m", CallSucceeded, true},
		{"AI model call failed", "", "m", CallFailed, true},
		{"AI model call failed", "", "", CallFailed, false},
	} {
		e := Entry{Message: tt.message, Fields: Fields{Endpoint: tt.endpoint, Model: tt.model}}
		if ours := e.Identify(); ours != tt.ours || e.Kind != tt.kind {
			t.Errorf("%+v: kind %v, ours %v", tt, e.Kind, ours)
		}
	}
}
