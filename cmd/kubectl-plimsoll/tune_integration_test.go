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
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
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
	server := serverWithCPU(t, "", waves)
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

const tunedRules = `
groups:
- name: cpu
  interval: 1m
  rules:
  - {record: "pod:cpu:max", expr: "max by (pod) (system_cpu_usage_percent)"}
  - {alert: Busy, expr: "pod:cpu:max > 80", for: 5m, labels: {severity: warning}}
  - {alert: Busy, expr: "pod:cpu:max >= 85", labels: {severity: critical}}
  - {alert: Idle, expr: "40.5 > system_cpu_usage_percent", keep_firing_for: 7m}
  - {alert: Silent, expr: 'absent(system_cpu_usage_percent{pod="one"} > 50)'}
  - {alert: Twice, expr: 'system_cpu_usage_percent > 82', labels: {pod: any}}
  - {alert: Valued, expr: 'system_cpu_usage_percent > 90', labels: {value: "{{ $value }}"}}
  - {alert: Broken, expr: '(system_cpu_usage_percent > 93) * on (namespace) (system_cpu_usage_percent > 93) > 7000'}
- name: limited
  limit: 1
  rules:
  - {alert: Limited, expr: "system_cpu_usage_percent > 75"}
`

// TestTuneRules: of every kind of rule, the counts of moved levels are backtest's of the expression that the tuner gives for them.
func TestTuneRules(t *testing.T) {
	server := serverWithCPU(t, "", waves)
	window := []string{"--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339), "--window", "36h"}
	fires := 0
	for _, tc := range []struct {
		alert, severity string
		levels          []float64
		inexact         bool
	}{
		{"Busy", "warning", []float64{80, 70, 88.5}, false},
		{"Busy", "critical", []float64{85, 72.3}, false},
		{"Idle", "", []float64{40.5, 55}, false},
		{"Silent", "", nil, true},
		{"Twice", "", []float64{82, 90}, true},
		{"Valued", "", []float64{90, 94}, true},
		{"Limited", "", []float64{75, 90}, true},
		{"Broken", "", []float64{7000, 8800}, true},
	} {
		t.Run(tc.alert+tc.severity, func(t *testing.T) {
			args := append([]string{"-f", "-", "--alert", tc.alert}, window...)
			if tc.severity != "" {
				args = append(args, "--level", tc.severity)
			}
			s := startTuner(t, tunedRules, args...)
			s.event("ready", &struct{}{})
			var shown struct {
				Kind, Alert, ApplyAbsent string
				CanApply                 bool
				Levels                   []tuner.Level
			}
			s.get("subject", http.StatusOK, &shown)
			if shown.Kind != "Rule" || shown.Alert != tc.alert || shown.CanApply || shown.ApplyAbsent == "" || shown.Levels[0].Fixed != (tc.levels == nil) {
				t.Errorf("subject = %+v", shown)
			}
			for i := range max(len(tc.levels), 2) {
				level := shown.Levels[0]
				if tc.levels != nil && level.Above != nil {
					level.Above = &tc.levels[i]
				} else if tc.levels != nil {
					level.Below = &tc.levels[i]
				}
				if i > 0 {
					level.For, level.KeepFiringFor = 120, 180
				}
				var change struct {
					Expr, YAML string
					Changed    bool
				}
				s.post("change", http.StatusOK, map[string]any{"levels": []tuner.Level{level}}, &change)
				if change.Changed != (i > 0) {
					t.Errorf("changed = %v: %+v", change.Changed, change)
				}
				group := "cpu, interval: 1m"
				if tc.alert == "Limited" {
					group = "limited, limit: 1"
				}
				record := `    - {record: "pod:cpu:max", expr: "max by (pod) (system_cpu_usage_percent)"}` + "\n"
				rule := strings.ReplaceAll(strings.TrimSuffix(change.YAML, "\n"), "\n", "\n    ")
				for _, labels := range []string{"Twice|pod: any", `Valued|value: "{{ $value }}"`} {
					if name, label, _ := strings.Cut(labels, "|"); name == tc.alert {
						rule += "\n      labels: {" + label + "}"
					}
				}
				file := fmt.Sprintf("groups:\n  - name: %s\n    rules:\n%s    %s\n", strings.Replace(group, ", ", "\n    ", 1), record, rule)
				got := call(t, file, append([]string{"backtest", "-f", "-", "-o", "json", "--alert", tc.alert}, window...)...)
				var result struct{ Rules []backtestedRule }
				if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || len(result.Rules) != 1 {
					t.Fatalf("%v: %s%s\n%s", err, got.stdout, got.stderr, file)
				}
				want := result.Rules[0].Backtest.Levels[0]
				replayed := s.replay(level)[0]
				firing := backtest.FormatDuration(time.Duration(replayed.Firing * float64(time.Second)))
				if replayed.Fires != int(want.Fires) || firing != want.Firing {
					t.Errorf("%s: the tuner has %d fires, firing %s; backtest %+v, failed %d", change.Expr, replayed.Fires, firing, want, result.Rules[0].Failed)
				}
				if tc.alert == "Broken" && result.Rules[0].Failed == 0 {
					t.Error("no evaluation fails")
				}
				fires += replayed.Fires
			}
			var curve struct{ Absent, Inexact string }
			s.get("curve", http.StatusOK, &curve)
			if (curve.Inexact != "" || tc.levels == nil && curve.Absent != "") != tc.inexact {
				t.Errorf("curve: %+v", curve)
			}
		})
	}
	if fires < 200 {
		t.Errorf("only %d fires were compared", fires)
	}
}

// TestTuneDies: a Prometheus that dies in the middle is told, and reading goes on when it is back.
func TestTuneDies(t *testing.T) {
	server := serverWithCPU(t, "", spikes)
	behind, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(behind)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/query_range") && asked.Add(1) == 4 {
			server.Stop()
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	s := startTuner(t, cpuLevels, "-f", "-", "--prometheus-url", front.URL, "--end", past.Format(time.RFC3339), "--window", "7d")
	var failed struct {
		Error   string
		Partial bool
	}
	s.event("failed", &failed)
	if !failed.Partial || !strings.Contains(failed.Error, "% of the window was read, and a retry goes on from there: querying Prometheus over a range: ") {
		t.Errorf("failed: %+v", failed)
	}
	t.Log(failed.Error)
	var refused struct{ Error string }
	s.post("replay", http.StatusConflict, map[string]any{}, &refused)
	server.Start()
	before := asked.Load()
	s.post("retry", http.StatusAccepted, map[string]any{}, &struct{}{})
	s.event("ready", &struct{}{})
	if n := asked.Load() - before; n > 5 {
		t.Errorf("it was asked %d times more, want 5 of 8", n)
	}
	if levels := s.replay(); levels[0].Fires != 7 || levels[1].Fires != 0 || levels[0].Asleep+levels[1].Asleep > 7 {
		t.Errorf("replayed: %+v", levels)
	}
}

// tuneInCluster applies levels of a threshold of a real cluster, whose controller writes its status meanwhile.
func tuneInCluster(t *testing.T, s stage, server *prometheusserver.Server) {
	const policy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: careful}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [plimsoll.dev], apiVersions: [v1alpha1], operations: [UPDATE], resources: [alertthresholds]}]}
  validations: [{expression: "object.metadata.name != 'tuned'", message: "levels are the on-call team's"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: careful}
spec: {policyName: careful, validationActions: [Warn]}
---
`
	if err := s.create(policy + strings.NewReplacer("name: cpu", "name: tuned", "HighCPUUsage", "Tuned").Replace(cpuLevels)); err != nil {
		t.Fatal(err)
	}
	tuned := startTuner(t, "", "tuned", "-n", "ai", "--kubeconfig", s.kubeconfig, "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339), "--window", "7d")
	tuned.event("ready", &struct{}{})
	get := func() *v1alpha1.AlertThreshold {
		t.Helper()
		now := &v1alpha1.AlertThreshold{}
		if err := s.Get(t.Context(), client.ObjectKey{Namespace: "ai", Name: "tuned"}, now); err != nil {
			t.Fatal(err)
		}
		return now
	}
	type levels = []tuner.Level
	type applied struct {
		Warnings        []string
		Applied         bool
		ResourceVersion string
		Error           string
	}
	to := func(above float64) levels { return levels{{Severity: "warning", Above: &above, For: 600}} }
	apply := func(status int, levels levels, dryRun bool) (answer applied) {
		t.Helper()
		tuned.post("apply", status, map[string]any{"levels": levels, "dryRun": dryRun}, &answer)
		return answer
	}

	var shown struct{ CanApply bool }
	if tuned.get("subject", http.StatusOK, &shown); !shown.CanApply {
		t.Error("it cannot be applied")
	}
	// The API server takes a moment to heed the policy.
	eventually(t, func() error {
		if dry := apply(http.StatusOK, to(70), true); dry.Applied || len(dry.Warnings) != 1 || !strings.Contains(dry.Warnings[0], "the on-call team's") {
			return fmt.Errorf("dry run: %+v", dry)
		}
		return nil
	})
	if now := get(); now.Spec.Levels[0].Above != "80" || now.Generation != 1 {
		t.Errorf("a dry run has changed the levels: %+v", now.Spec.Levels)
	}

	s.kubectl(t, "", "kubectl annotate alertthreshold tuned -n ai a=b") // what is no change of the levels does no harm
	done := apply(http.StatusOK, to(70), false)
	now := get()
	if !done.Applied || len(done.Warnings) != 1 || now.Spec.Levels[0].Above != "70%" || now.Spec.Levels[0].For != "10m" || now.Spec.Levels[1].Above != "95" || now.Generation != 2 {
		t.Errorf("applied: %+v, levels %+v", done, now.Spec.Levels)
	}
	if !slices.ContainsFunc(now.ManagedFields, func(f metav1.ManagedFieldsEntry) bool { return f.Manager == "kubectl-plimsoll" }) {
		t.Errorf("managed by %+v", now.ManagedFields)
	}
	apply(http.StatusOK, to(75), false) // on from what was applied
	if now := get(); now.Spec.Levels[0].Above != "75%" {
		t.Errorf("applied again: %+v", now.Spec.Levels)
	}
	var change struct{ Command string }
	tuned.post("change", http.StatusOK, map[string]any{"levels": to(65)}, &change)
	s.kubectl(t, "", change.Command)
	if now := get(); now.Spec.Levels[0].Above != "65%" || len(now.Spec.Levels) != 2 {
		t.Errorf("the command has patched to %+v", now.Spec.Levels)
	}

	for _, dryRun := range []bool{true, false} {
		if refused := apply(http.StatusConflict, to(60), dryRun); !strings.Contains(refused.Error, "has changed since it was read") {
			t.Errorf("with another's change: %+v", refused)
		}
	}
	if now := get(); now.Spec.Levels[0].Above != "65%" {
		t.Errorf("another's change is overwritten: %+v", now.Spec.Levels)
	}
	s.kubectl(t, "", "kubectl delete alertthreshold tuned -n ai")
	if gone := apply(http.StatusNotFound, to(60), false); !strings.Contains(gone.Error, "not found") {
		t.Errorf("of what is gone: %+v", gone)
	}
}

// TestTuneFired: what Prometheus remembers of alerts that fired, by severity.
func TestTuneFired(t *testing.T) {
	server := prometheusserver.StartWithHistory(t, "", func(w io.Writer) {
		for _, one := range []struct {
			severity, pod, threshold string
			ago                      [2]time.Duration
		}{
			{"warning", "one", "cpu", [2]time.Duration{5 * time.Hour, 3 * time.Hour}},
			{"warning", "two", "cpu", [2]time.Duration{4 * time.Hour, 2 * time.Hour}},
			{"critical", "two", "cpu", [2]time.Duration{4 * time.Hour, 3 * time.Hour}},
			{"warning", "one", "other", [2]time.Duration{9 * time.Hour, 8 * time.Hour}},
		} {
			fmt.Fprintln(w, "# TYPE ALERTS gauge")
			for at := past.Add(-one.ago[0]); !at.After(past.Add(-one.ago[1])); at = at.Add(30 * time.Second) {
				fmt.Fprintf(w, "ALERTS{alertname=\"HighCPUUsage\",alertstate=\"firing\",namespace=\"ai\",alertthreshold=%q,severity=%q,pod=%q} 1 %d\n", one.threshold, one.severity, one.pod, at.Unix())
			}
		}
	})
	s := startTuner(t, cpuLevels, "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339), "--window", "1d")
	var fired struct {
		Episodes []tuner.Fired
		Absent   string
	}
	s.get("fired", http.StatusOK, &fired)
	starts := map[string]float64{"warning": 5, "critical": 4}
	if len(fired.Episodes) != 2 || fired.Absent != "" {
		t.Fatalf("fired: %+v", fired)
	}
	for _, e := range fired.Episodes {
		if ago := (float64(past.Unix()) - e.Start) / 3600; ago != starts[e.Severity] {
			t.Errorf("%s began %g hours ago", e.Severity, ago)
		}
		if hours := (e.End - e.Start) / 3600; hours < 1 || e.Severity == "warning" && (hours < 3 || hours > 3.2) {
			t.Errorf("%s fired for %g hours", e.Severity, hours)
		}
	}
}
