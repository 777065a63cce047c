// Package charttest holds the charts to their promises with Helm alone: no cluster is needed.
package charttest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"
)

const root = "../../.."

var charts = []string{"plimsoll", "plimsoll-stack"}

func chartDir(chart string) string { return filepath.Join(root, "charts", chart) }

// helm runs the pinned Helm, or $HELM, and returns what it prints.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	lookAtCharts.Do(func() {
		err := filepath.WalkDir(filepath.Join(root, "charts"), func(path string, _ os.DirEntry, _ error) error {
			_, err := os.Stat(path)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	binary := os.Getenv("HELM")
	if binary == "" {
		binary = tool("helm")
	}
	return run(t, binary, args...)
}

// lookAtCharts looks at every file that Helm reads: a result that go test has in its cache is else also that of charts that
// have changed since.
var lookAtCharts sync.Once

// tool is the path of a pinned tool.
func tool(name string) string { return filepath.Join(root, "hack/bin", name) }

// run returns what the program prints.
func run(t *testing.T, binary string, args ...string) (string, error) {
	t.Helper()
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("these tests need %s (make tools): %v", filepath.Base(binary), err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s%s", filepath.Base(binary), strings.Join(args, " "), err, &stderr, &stdout)
	}
	return stdout.String(), nil
}

// render returns the chart's objects, each as YAML.
func render(t *testing.T, chart string, args ...string) []string {
	t.Helper()
	return renderAs(t, chart, "plimsoll", "ai", args...)
}

// renderAs returns the objects of a release of the name in the namespace.
func renderAs(t *testing.T, chart, release, namespace string, args ...string) []string {
	t.Helper()
	out, err := helm(t, append([]string{"template", release, chartDir(chart), "--namespace", namespace}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var objects []string
	for _, doc := range regexp.MustCompile(`(?m)^---\s*$`).Split(out, -1) {
		var fields map[string]any
		if err := yaml.Unmarshal([]byte(doc), &fields); err != nil {
			t.Fatalf("%s renders what is not YAML: %v\n%s", chart, err, doc)
		}
		if len(fields) > 0 {
			objects = append(objects, doc)
		}
	}
	return objects
}

func kind(t *testing.T, object string) string {
	t.Helper()
	var meta struct{ Kind string }
	if err := yaml.Unmarshal([]byte(object), &meta); err != nil {
		t.Fatal(err)
	}
	return meta.Kind
}

// decode refuses fields that the object's type does not have.
func decode[T any](t *testing.T, object string) T {
	t.Helper()
	var into T
	if err := yaml.UnmarshalStrict([]byte(object), &into); err != nil {
		t.Fatalf("%v in\n%s", err, object)
	}
	return into
}
