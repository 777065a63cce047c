package analysis

import (
	"strings"
	"testing"
	"time"
)

// Lines of other programs.
const (
	klog  = `{"ts":1769860800123.4,"caller":"app/main.go:12","msg":"Request completed","v":0}` + "\n"
	nginx = `{"time_local":"31/Jan/2026:12:00:00 +0000","request":"GET /chat HTTP/1.1","status":"500","level":"error"}` + "\n"
	zap   = `{"level":"error","ts":"2026-01-31T12:00:00Z","logger":"x","msg":"Request failed","error":"no"}` + "\n"
	rust  = `{"timestamp":"2026-01-31T12:00:00Z","level":"ERROR","fields":{"message":"request failed"},"target":"x"}` + "\n"
	node  = `{"level":"error","message":"Request failed","timestamp":"2026-01-31T12:00:00Z","url":"/x","duration":9}` + "\n"
)

func TestLinesOfAnotherProgramAreNotOurs(t *testing.T) {
	first := from("first.log", []byte(strings.Repeat(at(1, "INFO", ""), 10000)))
	second := from("second.log", []byte(at(2, "INFO", "")+klog+nginx+zap+rust+node+"no JSON\n"))
	got, err := Analyze(t.Context(), []Source{first, second}, late)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Lines{Total: 10007, Counted: 10001, Broken: 1, Foreign: 5}); got.Lines != want {
		t.Errorf("lines = %+v, want %+v", got.Lines, want)
	}
	if got.Requests.Total != 10001 || got.Errors.Total+got.Errors.Other != 0 {
		t.Errorf("%d requests, errors %+v", got.Requests.Total, got.Errors)
	}
	if s := got.Foreign; s == nil || s.Source != "second.log" || s.Line != strings.TrimSpace(klog) {
		t.Errorf("sample = %+v, want the first of them", s)
	}
}

func TestASampleIsShort(t *testing.T) {
	long := `{"a":"` + strings.Repeat("é", 10000) + `"}`
	got, err := Analyze(t.Context(), []Source{from("log", []byte(long))}, late)
	if err != nil || got.Foreign == nil || len(got.Foreign.Line) > 300 || !strings.HasSuffix(got.Foreign.Line, "é…") {
		t.Errorf("sample = %+v, %v", got.Foreign, err)
	}
}

func TestAClockAhead(t *testing.T) {
	data := at(0, "INFO", "") + at(1, "DEBUG", "") + at(300, "INFO", "") + at(301, "INFO", "") + at(3540, "DEBUG", "")
	got, err := Analyze(t.Context(), []Source{from("log", []byte(data))}, Options{To: noon})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Lines{Total: 5, Counted: 2, Debug: 1, Future: 2}); got.Lines != want {
		t.Errorf("lines = %+v, want %+v", got.Lines, want)
	}
	if len(got.Advice) != 1 {
		t.Fatalf("advice = %+v", got.Advice)
	}
	a := got.Advice[0]
	if a.Reason != "clock_ahead" || !strings.HasPrefix(a.Message, "2 lines are in the future: a clock is ahead") {
		t.Errorf("advice = %+v", a)
	}
	if a.Reading != 3540 || a.Limit != 300 || a.Unit != "seconds" || a.Samples != 2 || len(a.Suggestions) == 0 {
		t.Errorf("advice = %+v", a)
	}
	if got, err = Analyze(t.Context(), []Source{from("log", []byte(data))}, Options{To: noon.Add(time.Hour)}); err != nil || len(got.Advice) > 0 {
		t.Errorf("without a clock ahead: %+v, %v", got.Advice, err)
	}
}
