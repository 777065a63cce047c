//go:build integration

package controller_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// TestPrometheusTakesTheSamples gives the rules that the controller makes of the samples to a Prometheus, which must
// load and evaluate every one of them.
func TestPrometheusTakesTheSamples(t *testing.T) {
	dir, namespace := t.TempDir(), newNamespace(t)
	want := 0
	for _, path := range samples(t) {
		sample := createSample(t, namespace, path)
		threshold := waitFor(t, admin, namespace, sample.GetName(), v1alpha1.ConditionAccepted, v1alpha1.ReasonValid)
		if threshold.Spec.Mode == v1alpha1.ModeOff {
			continue
		}
		waitFor(t, admin, namespace, sample.GetName(), v1alpha1.ConditionProgrammed, v1alpha1.ReasonRuleApplied)
		rule := getRule(t, namespace, "plimsoll-"+sample.GetName())
		for _, group := range rule.Spec.Groups {
			want += len(group.Rules)
		}
		groups, err := json.Marshal(rule.Spec) // JSON is YAML, and a PrometheusRule's spec is a rule file
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, sample.GetName()+".rules"), groups, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	url := startPrometheus(t, dir)
	eventually(t, time.Minute, func() error {
		evaluated, err := rulesInPrometheus(t, url)
		if err == nil && evaluated != want {
			err = fmt.Errorf("%d rules are evaluated, want %d", evaluated, want)
		}
		return err
	})
}

// startPrometheus runs a Prometheus that has the rule files of the folder, and returns its URL.
func startPrometheus(t *testing.T, dir string) string {
	t.Helper()
	config, address := filepath.Join(dir, "prometheus.yaml"), freeport.Address()
	text := fmt.Sprintf("global: {evaluation_interval: 1s}\nrule_files: [%q]\n", filepath.Join(dir, "*.rules"))
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	prometheus := exec.Command(filepath.Join("..", "..", "hack", "bin", "prometheus"), "--config.file", config,
		"--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", address)
	prometheus.Stdout, prometheus.Stderr = log, log
	if err := prometheus.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = prometheus.Process.Kill()
		_ = prometheus.Wait()
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("Prometheus: %s", text)
		}
	})
	return "http://" + address
}

// rulesInPrometheus counts the rules that have been evaluated without error; one with an error fails the test.
func rulesInPrometheus(t *testing.T, url string) (evaluated int, err error) {
	t.Helper()
	text, err := fetch(t.Context(), http.DefaultClient, url+"/api/v1/rules")
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError, Query string }
			}
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, err
	}
	for _, group := range answer.Data.Groups {
		for _, rule := range group.Rules {
			switch {
			case rule.LastError != "":
				t.Fatalf("%s: %s: %s", rule.Name, rule.Query, rule.LastError)
			case rule.Health == "ok":
				evaluated++
			}
		}
	}
	if evaluated == 0 {
		return 0, errors.New("no rule has been evaluated")
	}
	return evaluated, nil
}
