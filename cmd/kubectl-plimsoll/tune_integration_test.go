//go:build integration

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/tuner"
)

// tuned is a tuner that serves.
type tuned struct {
	t    *testing.T
	base string
}

var tunerURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+/[\w-]+/`)

// startTuner runs the command until the test ends, and returns once it serves.
func startTuner(t *testing.T, stdin string, args ...string) tuned {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	stdout, out := io.Pipe()
	streams, in, _, stderr := genericiooptions.NewTestIOStreams()
	streams.Out = out
	in.WriteString(stdin)
	done := make(chan int, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		code := exitCode(run(ctx, append([]string{"tune", "--no-browser"}, args...), streams), stderr)
		out.Close()
		done <- code
	}()
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	t.Cleanup(func() {
		cancel()
		select {
		case code := <-done:
			if code != 0 {
				t.Errorf("at Ctrl-C the exit code is %d: %s", code, stderr)
			}
		case <-time.After(10 * time.Second):
			t.Error("Ctrl-C does not end the tuner")
		}
	})
	base := tunerURL.FindString(line)
	if base == "" {
		code := <-done
		done <- 0
		t.Fatalf("exit code %d without a URL: %q, %s", code, line, stderr)
	}
	return tuned{t, base}
}

// event waits for the event of that name and decodes its data.
func (s tuned) event(name string, into any) {
	s.t.Helper()
	resp, err := http.Get(s.base + "api/progress")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		is := lines.Text() == "event: "+name
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
		}
		if data := strings.TrimPrefix(lines.Text(), "data: "); is {
			if err := json.Unmarshal([]byte(data), into); err != nil {
				s.t.Fatal(err)
			}
			return
		} else if !strings.Contains(data, "reading the samples") {
			s.t.Fatalf("waiting for %s: %s", name, data)
		}
		lines.Scan()
	}
	s.t.Fatalf("there is no event %s: %v", name, lines.Err())
}

// get asks for a path of the api, which must answer with that status.
func (s tuned) get(path string, status int, into any) {
	s.t.Helper()
	resp, err := http.Get(s.base + "api/" + path)
	s.answer(path, status, resp, err, into)
}

func (s tuned) post(path string, status int, body, into any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.Post(s.base+"api/"+path, "application/json", bytes.NewReader(text))
	s.answer(path, status, resp, err, into)
}

func (s tuned) answer(path string, status int, resp *http.Response, err error, into any) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		s.t.Fatalf("%s: %s, %v, want %d: %s", path, resp.Status, err, status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		s.t.Fatalf("%s: %v: %s", path, err, text)
	}
}

// replayed is what api/replay answers of a level.
type replayed struct {
	Severity                 string
	Above, Below             *float64
	For, KeepFiringFor       float64
	Fires                    int
	PerWeek, Firing, Longest float64
	Asleep, Series, More     int
	Episodes                 []struct{ Start, End, Pending float64 }
}

func (s tuned) replay(levels ...tuner.Level) []replayed {
	s.t.Helper()
	var answer struct{ Levels []replayed }
	s.post("replay", http.StatusOK, map[string]any{"levels": levels}, &answer)
	return answer.Levels
}

// waves is a load that rises and falls, with noise.
func waves(pod string, at time.Time) float64 {
	x := float64(at.Unix())
	noise := math.Mod(math.Abs(math.Sin(x*12.9898+float64(len(pod)))*43758.5453), 1)
	return math.Round(10*(60+25*math.Sin(x/9000)+10*noise*noise)) / 10
}

// TestTune: what the tuner counts of moved levels is what backtest counts of them, to the fire.
func TestTune(t *testing.T) {
	server := history(t, "", waves)
	window := []string{"--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339), "--window", "5d"}
	s := startTuner(t, cpuLevels, append([]string{"-f", "-", "--time-zone", "Europe/Berlin"}, window...)...)

	var ready struct {
		Series, Samples int
		Coverage        float64
	}
	s.event("ready", &ready)
	if want := 2 * (5*24*60*2 + 1); ready.Series != 2 || ready.Samples != want || ready.Coverage != 1 {
		t.Errorf("ready = %+v, want 2 series with %d samples", ready, want)
	}
	var shown struct {
		Kind, Namespace, Name, Alert, Expr, Unit, TimeZone, ApplyAbsent string
		Window                                                          struct{ Start, End, Step float64 }
		Levels                                                          []tuner.Level
		CanApply                                                        bool
	}
	s.get("subject", http.StatusOK, &shown)
	if shown.Kind != "AlertThreshold" || shown.Name != "cpu" || shown.Unit != "Percent" || shown.TimeZone != "Europe/Berlin" || shown.CanApply ||
		shown.ApplyAbsent == "" || shown.Window.Step != 30 || len(shown.Levels) != 2 || *shown.Levels[0].Above != 80 || shown.Levels[0].For != 300 {
		t.Errorf("subject = %+v", shown)
	}

	fires := 0
	for _, tc := range []struct{ warning, critical string }{
		{"above: 80, for: 5m", "above: 95"},
		{"above: 70", "above: 81.3"},
		{"above: 85, for: 10m, keepFiringFor: 1h", "above: 90, keepFiringFor: 2m"},
		{"above: 60.5, keepFiringFor: 90s", "above: 92, for: 45s"},
	} {
		spec := strings.NewReplacer("above: 80, for: 5m", tc.warning, "above: 95", tc.critical).Replace(cpuLevels)
		spec = strings.NewReplacer("above: 81.3", `above: "81.3"`, "above: 60.5", `above: "60.5"`).Replace(spec)
		got := call(t, spec, append([]string{"backtest", "-f", "-", "-o", "json"}, window...)...)
		var result struct{ Thresholds []backtested }
		if err := json.Unmarshal([]byte(got.stdout), &result); err != nil {
			t.Fatalf("%v: %s%s", err, got.stdout, got.stderr)
		}
		levels := s.replay(levelOfText("warning", tc.warning), levelOfText("critical", tc.critical))
		for i, want := range result.Thresholds[0].Backtest.Levels {
			level := levels[i]
			firing := backtest.FormatDuration(time.Duration(level.Firing * float64(time.Second)))
			longest := backtest.FormatDuration(time.Duration(level.Longest * float64(time.Second)))
			if level.Severity != want.Severity || level.Fires != int(want.Fires) || firing != want.Firing || want.Fires > 0 && longest != want.Longest {
				t.Errorf("%+v: the tuner has %+v, backtest %+v", tc, level, want)
			}
			fires += level.Fires
		}
	}
	if fires < 50 {
		t.Errorf("only %d fires were compared", fires)
	}
}

// levelOfText reads a level as specs of this test write it.
func levelOfText(severity, text string) tuner.Level {
	level := tuner.Level{Severity: severity}
	for _, field := range strings.Split(text, ", ") {
		name, value, _ := strings.Cut(field, ": ")
		var number float64
		fmt.Sscan(value, &number)
		switch name {
		case "above":
			level.Above = &number
		case "for":
			d, _ := time.ParseDuration(value)
			level.For = d.Seconds()
		case "keepFiringFor":
			d, _ := time.ParseDuration(value)
			level.KeepFiringFor = d.Seconds()
		}
	}
	return level
}
