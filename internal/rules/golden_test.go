package rules

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

var update = flag.Bool("update", false, "write the golden files anew")

// promtool is Prometheus' own checker: $PROMTOOL, or else the one that the tool build leaves in hack/bin.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path := os.Getenv("PROMTOOL")
	if path == "" {
		path = filepath.Join("..", "..", "hack", "bin", "promtool")
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func readThreshold(t testing.TB, path string) *v1alpha1.AlertThreshold {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var threshold v1alpha1.AlertThreshold
	if err := yaml.UnmarshalStrict(text, &threshold); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if threshold.Namespace == "" {
		threshold.Namespace = "ai"
	}
	return &threshold
}

// TestGolden compares what every sample, and every threshold in testdata, becomes with the rules written down.
func TestGolden(t *testing.T) {
	for _, glob := range []string{"../../config/samples/*.yaml", "testdata/golden/*.threshold.yaml"} {
		paths, err := filepath.Glob(glob)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no files: %v", glob, err)
		}
		for _, path := range paths {
			name, _, _ := strings.Cut(filepath.Base(path), ".")
			t.Run(name, func(t *testing.T) { checkGolden(t, path, filepath.Join("testdata", "golden", name+".rules.yaml")) })
		}
	}
}

func checkGolden(t *testing.T, input, golden string) {
	plan, errs := Resolve(readThreshold(t, input))
	if len(errs) > 0 {
		t.Fatalf("Resolve: %v", errs.ToAggregate())
	}
	got, err := yaml.Marshal(plan.Rule(nil).Spec)
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, golden, got)
}

// compareGolden compares the rules with those of the file, which promtool checks.
func compareGolden(t *testing.T, golden string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: rules are\n%s\nwant\n%s\n(go test -update writes them anew)", golden, got, want)
	}
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", golden)
}

// TestEverySignalIsTried checks that each signal has a sample whose alert is expected to fire somewhere in testdata.
func TestEverySignalIsTried(t *testing.T) {
	tests := readAll(t, "testdata/*_test.yaml")
	tried := map[string]bool{}
	paths, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		threshold := readThreshold(t, path)
		if threshold.Spec.Signal == nil || threshold.Spec.Mode != "" {
			continue
		}
		if !strings.Contains(tests, "alertname: "+threshold.Spec.Alert) && !strings.Contains(tests, `alertname="`+threshold.Spec.Alert+`"`) {
			t.Errorf("%s: no test of alert %s", path, threshold.Spec.Alert)
		}
		tried[string(threshold.Spec.Signal.Name)] = true
	}
	for _, name := range signal.Names() {
		if !tried[name] {
			t.Errorf("no sample enforces %s", name)
		}
	}
}

func readAll(t *testing.T, glob string) string {
	t.Helper()
	paths, err := filepath.Glob(glob)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files: %v", glob, err)
	}
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// TestAlertsFire lets Prometheus evaluate the golden rules over made-up series.
func TestAlertsFire(t *testing.T) {
	paths, err := filepath.Glob("testdata/*_test.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no rule tests: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) { promtool(t, "test", "rules", path) })
	}
}
