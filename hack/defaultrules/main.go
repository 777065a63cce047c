// Command defaultrules prints the rules of a chart's default alerts, as the controller would write them, with placeholders
// for what a release chooses: go run ./hack/defaultrules HELM CHART. The chart installs them where it has no controller.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/hack/program"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// fullname is the placeholder of what the names of a release's objects begin with.
const fullname = "release-fullname"

// alert is what the chart keeps of a default alert: the values that its rules were made with, if there are any to choose, and
// the rules.
type alert struct {
	Values map[string]any           `json:"values,omitempty"`
	Groups []monitoringv1.RuleGroup `json:"groups"`
}

func main() { program.Main("defaultrules", run) }

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 2 {
		return fmt.Errorf("want two arguments, Helm and the chart's folder, got %d", len(args))
	}
	values, err := readValues(filepath.Join(args[1], "values.yaml"))
	if err != nil {
		return err
	}
	thresholds, err := render(ctx, args[0], args[1])
	if err != nil {
		return err
	}
	alerts := map[string]alert{}
	for _, threshold := range thresholds {
		plan, errs := rules.Resolve(&threshold)
		if len(errs) > 0 {
			return fmt.Errorf("threshold %s: %w", threshold.Name, errs.ToAggregate())
		}
		if threshold.Spec.Signal != nil && threshold.Spec.Signal.Source != "" {
			alerts[threshold.Spec.Alert] = alert{Groups: plan.Groups()}
			continue
		}
		key, used, err := valuesOf(values, threshold.Name)
		if err != nil {
			return err
		}
		alerts[key] = alert{Values: used, Groups: plan.Groups()}
	}
	text, err := sigsyaml.Marshal(alerts)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "# Made by hack/defaultrules: make generate.\n%s", text)
	return err
}

// readValues reads the chart's alerts.
func readValues(path string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var values struct {
		Alerts map[string]any `json:"alerts"`
	}
	return values.Alerts, sigsyaml.Unmarshal(text, &values)
}

// render returns the chart's thresholds, those that need prices and those of every other source included.
func render(ctx context.Context, helm, chart string) ([]v1alpha1.AlertThreshold, error) {
	var sources []string
	for _, source := range signal.Sources()[1:] { // the first is Plimsoll
		sources = append(sources, string(source))
	}
	cmd := exec.CommandContext(ctx, helm, "template", "release", chart, "--namespace", "release-namespace",
		"--show-only", "templates/alertthresholds.yaml", "--set", "fullnameOverride="+fullname,
		"--set", "alerts.runbookURL=http://release-runbooks,grafana.url=http://release-grafana",
		"--set", "alerts.sources={"+strings.Join(sources, ",")+"}",
		"--set-json", `assistant.prices={"any": {"prompt": 1, "completion": 1}}`)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("helm template: %w", err)
	}
	var thresholds []v1alpha1.AlertThreshold
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096); ; {
		var threshold v1alpha1.AlertThreshold
		if err := decoder.Decode(&threshold); errors.Is(err, io.EOF) {
			return thresholds, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the chart's thresholds: %w", err)
		}
		thresholds = append(thresholds, threshold)
	}
}

// valuesOf finds the values from which the chart makes the threshold of the name, as in release-fullname-high-cpu-usage, and
// their key, as in highCPUUsage.
func valuesOf(alerts map[string]any, name string) (key string, used map[string]any, err error) {
	ending := strings.ReplaceAll(strings.TrimPrefix(name, fullname+"-"), "-", "")
	for key, value := range alerts {
		set, ok := value.(map[string]any)
		if !ok || !strings.EqualFold(key, ending) {
			continue
		}
		used := map[string]any{"levels": set["levels"]}
		if strings.HasPrefix(key, "errorBudgetBurn") {
			used["availabilityObjective"] = alerts["availabilityObjective"]
		}
		return key, used, nil
	}
	return "", nil, fmt.Errorf("no values of the threshold %s", name)
}
