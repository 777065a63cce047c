//go:build tuner

// Package tuner drives the page of kubectl plimsoll tune in a real Chromium, over a real Prometheus and a real API server. The scenes
// are run.mjs'; what they saw is compared here with kubectl plimsoll backtest and with the cluster.
package tuner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// level is what the page's table says of one.
type level struct {
	Severity, Level, For, KeepFiringFor string
	Fires                               int
	Firing, Longest                     string
}

// result is what a scene saw.
type result struct {
	Scene, Error   string
	Levels         []level
	Patch, Command string
	Says           string
	Speed          speed
}

// TestPage runs the scenes. Whatever levels a scene leaves, their numbers are those of a backtest of the same levels, to the fire.
func TestPage(t *testing.T) {
	s := newStage(t, writeHistory).withCluster(t)
	args := []string{"cpu", "-n", "ai"}
	first := s.tune(t, args...)
	seen := 0
	s.drive(t, "run.mjs", func(r result) (answer string) {
		seen++
		t.Run(r.Scene, func(t *testing.T) {
			if r.Error != "" {
				t.Fatal(r.Error)
			}
			if r.Says != "" {
				t.Log(r.Says)
			}
			if r.Levels != nil {
				s.compare(t, r.Levels)
			}
			switch r.Scene {
			case "copy":
				s.checkPatch(t, r)
			case "apply":
				s.checkLevels(t, r.Levels)
			}
		})
		if r.Scene == "apply after another" {
			return s.tune(t, args...)
		}
		return ""
	}, "TUNER_URL="+first)
	if seen < 25 {
		t.Errorf("%d scenes, want at least 25", seen)
	}
}

// TestPrometheusDies has it die before the samples are read, and come back.
func TestPrometheusDies(t *testing.T) {
	s := newStage(t, writeHistory).withCluster(t)
	s.prometheus.Stop()
	s.drive(t, "dies.mjs", func(r result) string {
		if r.Error != "" {
			t.Errorf("%s: %s", r.Scene, r.Error)
		}
		if r.Scene == "failed" {
			t.Log(r.Says)
			s.prometheus.Start()
		}
		if r.Levels != nil {
			s.compare(t, r.Levels)
		}
		return ""
	}, "TUNER_URL="+s.tune(t, "cpu", "-n", "ai"))
}

// drive runs a script of scenes: done gets the result of each, and what it returns is sent back before the next.
func (s *stage) drive(t testing.TB, script string, done func(result) string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", script)
	cmd.Env = append(os.Environ(), env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	results := json.NewDecoder(out)
	for {
		var r result
		if results.Decode(&r) != nil {
			break
		}
		fmt.Fprintln(in, done(r))
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, complaints.String())
	}
}

// compare backtests the levels and holds the page to the result.
func (s *stage) compare(t *testing.T, levels []level) {
	t.Helper()
	manifest := threshold
	manifest.Spec.Levels = nil
	for _, l := range levels {
		manifest.Spec.Levels = append(manifest.Spec.Levels, v1alpha1.Level{
			Severity: l.Severity, Above: v1alpha1.Value(strings.TrimPrefix(l.Level, "> ")), For: v1alpha1.Duration(l.For), KeepFiringFor: v1alpha1.Duration(l.KeepFiringFor),
		})
	}
	text, err := json.Marshal(&manifest)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Thresholds []struct {
			Backtest struct {
				Levels []struct {
					Severity, Firing, Longest string
					Fires                     int
				}
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), s.plugin, append([]string{"backtest", "-f", "-", "-o", "json"}, s.windowFlags...)...)
	cmd.Stdin = bytes.NewReader(text)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err := errors.Join(err, json.Unmarshal(out, &answer)); err != nil {
		t.Fatalf("backtest: %v\n%s", err, out)
	}
	for i, want := range answer.Thresholds[0].Backtest.Levels {
		if got := levels[i]; got.Severity != want.Severity || got.Fires != want.Fires {
			t.Errorf("the page has %+v, a backtest %+v", got, want)
		}
	}
	t.Logf("%+v", levels)
}

// checkPatch tries the patch that was copied, and runs the command that was copied.
func (s *stage) checkPatch(t *testing.T, r result) {
	t.Helper()
	object := threshold.DeepCopy()
	patch := client.RawPatch(types.MergePatchType, []byte(r.Patch))
	if err := s.Patch(t.Context(), object, patch, client.DryRunAll); err != nil {
		t.Fatalf("%s: %v", r.Patch, err)
	}
	s.kubectl(t, r.Command)
	s.checkLevels(t, r.Levels)
}

// checkLevels holds the cluster's threshold to the page's levels.
func (s *stage) checkLevels(t *testing.T, want []level) {
	t.Helper()
	object := &v1alpha1.AlertThreshold{}
	if err := s.Get(t.Context(), client.ObjectKeyFromObject(&threshold), object); err != nil {
		t.Fatal(err)
	}
	for i, l := range object.Spec.Levels {
		zero := func(d v1alpha1.Duration) string {
			if d == "" {
				return "0s"
			}
			return string(d)
		}
		got := []string{l.Severity, "> " + string(l.Above), zero(l.For), zero(l.KeepFiringFor)}
		if w := want[i]; !slices.Equal(got, []string{w.Severity, w.Level, w.For, w.KeepFiringFor}) {
			t.Errorf("the cluster has %q, the page %+v", got, w)
		}
	}
}

// create creates objects.
func (s *stage) create(t testing.TB, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		if err := s.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

func parse(text string) (t v1alpha1.AlertThreshold) {
	if err := yaml.Unmarshal([]byte(text), &t); err != nil {
		panic(err)
	}
	return t
}

// TestUnits holds the page's way of writing values to package unit's.
func TestUnits(t *testing.T) {
	values := []float64{0, 0.0005, 0.0035, 0.05, 0.25, 0.999, 1, 1.5, 59.9, 60, 61.5, 90, 99.5, 100, 999, 1000, 1024, 3600, 5400, 86400, 604800, 691200, 1536 << 20, 5e9, 123456789}
	type written struct {
		Unit  unit.Unit
		Value float64
		Text  string
	}
	var all []written
	for _, u := range unit.All() {
		for _, v := range values {
			all = append(all, written{u, v, u.Format(v)})
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("npm", "test")
	cmd.Dir = "../../../internal/tuner/web"
	cmd.Env = append(os.Environ(), "UNITS="+string(text))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestManySeries has the page of 10,000 series.
func TestManySeries(t *testing.T) {
	const coarse = 5 * time.Minute
	from := end.Add(-24 * time.Hour)
	s := newStage(t, func(w io.Writer) {
		fmt.Fprintln(w, "# TYPE system_cpu_usage_percent gauge")
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range 10_000 {
			for at := from; !at.After(end); at = at.Add(coarse) {
				fmt.Fprintf(w, "system_cpu_usage_percent{namespace=\"ai\",pod=\"%d\"} %.1f %d\n", i, min(99, 70+6*rng.NormFloat64()), at.Unix())
			}
		}
	})
	s.windowFlags = []string{"--prometheus-url", s.prometheus.URL(), "--window", "1d", "--end", end.Format(time.RFC3339), "--step", coarse.String()}
	text, err := json.Marshal(&threshold)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cpu.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.drive(t, "many.mjs", func(r result) string {
		if r.Error != "" {
			t.Fatal(r.Error)
		}
		s.compare(t, r.Levels)
		return ""
	}, "TUNER_URL="+s.tune(t, "-f", file))
}
