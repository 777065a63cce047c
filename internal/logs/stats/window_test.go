package stats

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// windowAt is a window whose clock a test turns.
func windowAt(start time.Time) (w *Window, clock *time.Time) {
	now := start
	return NewWindow(func() time.Time { return now }), &now
}

func TestRange(t *testing.T) {
	w, now := windowAt(noon)
	for range 26 * 60 { // a request a minute for 26 hours
		w.Add(request(*now, "/chat", 200, time.Second))
		*now = now.Add(time.Minute)
	}
	for _, tt := range []struct {
		span        time.Duration
		least, most uint64
	}{
		{time.Minute, 1, 2}, {5 * time.Minute, 5, 6}, {time.Hour, 60, 61},
		{61 * time.Minute, 61, 63}, {2 * time.Hour, 120, 122}, {MaxLookback, 1440, 1442},
	} {
		r := w.Report(tt.span)
		if n := r.Requests.Total; n < tt.least || n > tt.most {
			t.Errorf("%d requests in %v, want %d to %d", n, tt.span, tt.least, tt.most)
		}
		if r.To != logs.Timestamp(*now) || r.From == nil || *r.From > logs.Timestamp(now.Add(-tt.span)) {
			t.Errorf("range %v is from %v to %v", tt.span, *r.From, r.To)
		}
	}
	*now = now.Add(MaxLookback + time.Hour)
	if n := w.Report(MaxLookback).Requests.Total; n != 0 {
		t.Errorf("%d requests a day later, want none", n)
	}
}

func TestAWindowBeginsWhenItIsMade(t *testing.T) {
	w, now := windowAt(noon)
	*now = now.Add(time.Minute)
	if r := w.Report(time.Hour); *r.From != logs.Timestamp(noon) {
		t.Errorf("from = %s, want the start", *r.From)
	}
}

func TestAClockThatGoesBackLosesNoNewerLine(t *testing.T) {
	w, _ := windowAt(noon)
	w.Add(request(noon, "/chat", 200, 0))
	w.Add(request(noon.Add(-time.Minute), "/chat", 200, 0))
	w.Add(request(noon.Add(-30*24*time.Hour), "/chat", 200, 0)) // is too old
	w.Add(&Entry{Kind: RequestEnded})                           // has no time
	if n := w.Report(time.Hour).Requests.Total; n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// TestMemoryIsBounded fills a window as far as it can be filled by an assistant: requests to ten routes, calls of three
// models, and errors of ten kinds, in every ten seconds of more than a day.
func TestMemoryIsBounded(t *testing.T) {
	before := heap()
	w, now := windowAt(noon)
	for range 30 * 360 {
		for i := range 10 {
			e := request(*now, "/route/"+strconv.Itoa(i), 200, time.Second)
			e.Level, e.ErrorType = slog.LevelError, "kind"+strconv.Itoa(i)
			w.Add(e)
			w.Add(&Entry{Time: *now, Kind: CallSucceeded, Fields: Fields{Model: "model" + strconv.Itoa(i%3), HasDuration: true}})
		}
		percent := 50.0
		w.sample(&percent, &percent)
		*now = now.Add(10 * time.Second)
	}
	const most = 6 << 20
	if used := heap() - before; used > most {
		t.Errorf("a full window takes %d bytes, want at most %d", used, most)
	} else {
		t.Logf("a full window takes %d KB", used>>10)
	}
	runtime.KeepAlive(w)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestSustainedLoadIsAdvised(t *testing.T) {
	for _, tt := range []struct {
		name        string
		cpu, memory func(second int) *float64
		want        string
	}{
		{"idle", always(10), always(10), ""},
		{"busy", always(90), always(10), "high_cpu_usage"},
		{"both", always(90), always(81), "high_cpu_usage high_memory_usage"},
		{"at the line", always(80), always(80), ""},
		{"unknown", func(int) *float64 { return nil }, always(10), ""},
		{"a burst", func(s int) *float64 { return always(map[bool]float64{true: 99, false: 10}[s > 1000-200])(s) }, always(10), ""},
		{"a break", func(s int) *float64 { return always(map[bool]float64{true: 10, false: 99}[s/10 == 85])(s) }, always(10), ""},
		{"a gap", func(s int) *float64 {
			if s/10 == 85 {
				return nil
			}
			return always(99)(s)
		}, always(10), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, now := windowAt(noon)
			for s := 0; s < 1000; s += 5 {
				w.sample(tt.cpu(s), tt.memory(s))
				*now = now.Add(5 * time.Second)
			}
			var reasons []string
			for _, a := range w.Report(time.Hour).Advice {
				reasons = append(reasons, a.Reason)
				if a.Reading <= busyPercent || a.Samples < 50 {
					t.Errorf("advice = %+v", a)
				}
			}
			if got := strings.Join(reasons, " "); got != tt.want {
				t.Errorf("advice = %q, want %q", got, tt.want)
			}
		})
	}
}

func always(percent float64) func(int) *float64 { return func(int) *float64 { return &percent } }

func TestHistory(t *testing.T) {
	w, _ := windowAt(noon)
	if h := w.History(time.Hour); h.CPU.Avg != nil || h.Memory.Max != nil {
		t.Errorf("history of nothing = %+v", h)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0.0
	w.Follow(ctx, time.Millisecond, func() (cpu, memory *float64) {
		if n += 10; n == 30 {
			cancel()
		}
		value := n
		return &value, nil
	})
	h := w.History(time.Hour)
	if h.CPU.Avg == nil || *h.CPU.Max < 30 || *h.CPU.Avg < 20 || h.Memory.Avg != nil {
		t.Errorf("history = %+v, want 20 on average, 30 at most", h)
	}
}

func TestLinesAreCountedWhateverTheLevel(t *testing.T) {
	var out bytes.Buffer
	var level slog.LevelVar
	level.Set(slog.LevelError)
	w := NewWindow(time.Now)
	logger := CountInto(logs.New(&out, &level), w)
	ctx := logs.WithRequestID(t.Context(), "r1")
	chat := logs.Request{Method: "POST", Endpoint: "/chat", Status: 200, Duration: time.Second}
	logs.Request{Endpoint: "/health"}.Log(ctx, logger, slog.LevelDebug)
	chat.Log(ctx, logger, slog.LevelInfo)
	logger.InfoContext(ctx, "Request completed", "endpoint", "/none") // no event: its text alone does not count
	if out.Len() != 0 {
		t.Errorf("logged at level error: %s", &out)
	}
	logs.Call{Model: "m", ErrorType: "quota", Error: "why"}.Log(ctx, logger, slog.LevelError)
	logger.WithGroup("g").ErrorContext(ctx, "Other", "error_type", "nested")
	logger.With("error_type", "disk").ErrorContext(ctx, "Elsewhere", "error", "full")
	r := w.Report(time.Hour)
	if r.Requests.Total != 1 || r.Requests.Endpoints["/chat"] != 1 || r.Requests.AvgDuration != 1 {
		t.Errorf("requests = %+v", r.Requests)
	}
	if r.Errors.Total != 0 || r.Errors.Other != 2 || r.Model.ErrorTypes["quota"] != 1 {
		t.Errorf("errors = %+v, of calls %v", r.Errors, r.Model.ErrorTypes)
	}
	if e := r.Errors.Recent[0]; e.RequestID != "r1" || e.Error != "why" || e.Model != "m" || e.Level != "ERROR" {
		t.Errorf("recent error = %+v", e)
	}
	if e := r.Errors.Recent[2]; e.RequestID != "r1" || e.Error != "full" || e.Message != "Elsewhere" {
		t.Errorf("recent error = %+v", e)
	}
	if got := strings.Count(out.String(), "\n"); got != 3 || !strings.Contains(out.String(), `"g":{"error_type":"nested"}`) {
		t.Errorf("%d lines logged:\n%s", got, &out)
	}
}

func TestCountingALineAllocatesNothing(t *testing.T) {
	w := NewWindow(time.Now)
	logger := CountInto(slog.New(slog.DiscardHandler), w)
	event := slog.Any("", logs.Request{Endpoint: "/chat", Status: 200, Duration: time.Second})
	one := func() { logger.LogAttrs(context.Background(), slog.LevelInfo, "Request completed", event) }
	one()
	if n := testing.AllocsPerRun(100, one); n > 0 {
		t.Errorf("%v allocations a line, want none", n)
	}
}
