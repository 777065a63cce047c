//go:build integration

package controller_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// samples are the paths of all samples.
func samples(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	return paths
}

// createSample creates a sample as it is, in the namespace.
func createSample(t *testing.T, namespace, path string) *unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var sample unstructured.Unstructured
	if err := yaml.Unmarshal(text, &sample); err != nil {
		t.Fatal(err)
	}
	sample.SetNamespace(namespace)
	if err := admin.Create(t.Context(), &sample); err != nil {
		t.Fatal(err)
	}
	return &sample
}

// TestSamples applies every sample as it is and waits until its rule is there, or is known not to come.
func TestSamples(t *testing.T) {
	namespace := newNamespace(t)
	for _, path := range samples(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			sample := createSample(t, namespace, path)
			if mode, _, _ := unstructured.NestedString(sample.Object, "spec", "mode"); mode == string(v1alpha1.ModeOff) {
				waitFor(t, admin, namespace, sample.GetName(), v1alpha1.ConditionReady, v1alpha1.ReasonOff)
				return
			}
			threshold := waitFor(t, admin, namespace, sample.GetName(), v1alpha1.ConditionReady, v1alpha1.ReasonReady)
			rule := getRule(t, namespace, threshold.Status.Rule.Name)
			if !metav1.IsControlledBy(rule, threshold) {
				t.Errorf("owners of the rule are %v", rule.OwnerReferences)
			}
			if rule.Labels["release"] != "prometheus" {
				t.Errorf("labels of the rule are %v, want those of --rule-labels too", rule.Labels)
			}
			plan, errs := rules.Resolve(threshold)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if !reflect.DeepEqual(rule.Spec.Groups, plan.Groups()) {
				t.Errorf("groups are\n%v, want\n%v", rule.Spec.Groups, plan.Groups())
			}
		})
	}
}

// TestRefusedByTheAPIServer checks that what is badly built does not get in, and that the message names field and fix.
func TestRefusedByTheAPIServer(t *testing.T) {
	namespace := newNamespace(t)
	const level = `levels: [{severity: warning, above: 2s}]`
	for name, tc := range map[string]struct {
		spec string
		says []string
	}{
		"unknown signal":          {`{alert: A, signal: {name: Bananas}, ` + level + `}`, []string{"spec.signal.name", `supported values: "HTTPErrorRate", "HTTPErrorRatio", "HTTPLatency"`}},
		"signal and expr":         {`{alert: A, signal: {name: CPU}, expr: up, ` + level + `}`, []string{"spec", "set exactly one of spec.signal"}},
		"neither":                 {`{alert: A, ` + level + `}`, []string{"spec", "set exactly one of spec.signal"}},
		"unknown unit":            {`{alert: A, expr: up, unit: Furlongs, ` + level + `}`, []string{"spec.unit", `"Seconds"`}},
		"quantile, unquoted":      {`{alert: A, signal: {name: HTTPLatency, quantile: 0.95}, ` + level + `}`, []string{"spec.signal.quantile", "must be of type string"}},
		"minTraffic, unquoted":    {`{alert: A, signal: {name: HTTPLatency, minTraffic: 0.1}, ` + level + `}`, []string{"spec.signal.minTraffic", "must be of type integer,string"}},
		"empty quantile":          {`{alert: A, signal: {name: HTTPLatency, quantile: ""}, ` + level + `}`, []string{"spec.signal.quantile", "at least 1 chars long"}},
		"noData":                  {`{alert: A, signal: {name: CPU}, noData: Panic, ` + level + `}`, []string{"spec.noData", `supported values: "Ignore", "Alert"`}},
		"mode":                    {`{alert: A, signal: {name: CPU}, mode: On, ` + level + `}`, []string{"spec.mode", `"Enforce", "Shadow", "Off"`}},
		"neither above nor below": {`{alert: A, signal: {name: CPU}, levels: [{severity: w}]}`, []string{"spec.levels[0]", "set above, below or both"}},
		"not a value":             {`{alert: A, signal: {name: CPU}, levels: [{severity: w, above: true}]}`, []string{"spec.levels[0].above", "must be of type integer,string"}},
		"rate, unquoted":          {`{alert: A, signal: {name: HTTPErrorRate}, levels: [{severity: w, above: 0.05}]}`, []string{"spec.levels[0].above", "must be of type integer,string"}},
		"no levels":               {`{alert: A, signal: {name: CPU}, levels: []}`, []string{"spec.levels", "should have at least 1 items"}},
		"severity twice":          {`{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}, {severity: w, above: 90}]}`, []string{"spec.levels[1]", "Duplicate value"}},
		"severity without a name": {`{alert: A, signal: {name: CPU}, levels: [{severity: "", above: 80}]}`, []string{"spec.levels[0].severity", "at least 1 chars long"}},
		"alert without a name":    {`{alert: "", signal: {name: CPU}, ` + level + `}`, []string{"spec.alert", "at least 1 chars long"}},
		"field without meaning":   {`{alert: A, signal: {name: CPU}, minTrafic: 1, ` + level + `}`, []string{`unknown field "spec.minTrafic"`}},
	} {
		t.Run(name, func(t *testing.T) {
			err := create(admin, thresholdYAML(namespace, "refused", tc.spec))
			if err == nil {
				t.Fatal("the API server took it")
			}
			for _, say := range tc.says {
				if !strings.Contains(err.Error(), say) {
					t.Errorf("message %q does not say %q", err, say)
				}
			}
		})
	}

	err := create(admin, thresholdYAML(namespace, strings.Repeat("a", 64), `{alert: A, signal: {name: CPU}, `+level+`}`))
	if err == nil || !strings.Contains(err.Error(), "metadata.name must be at most 63 characters") {
		t.Errorf("long name: %v", err)
	}
}

// TestNotAccepted checks that mistakes which the API server lets in, when no webhook is asked, are told by field and fix.
func TestNotAccepted(t *testing.T) {
	namespace := newNamespace(t)
	const cpu, latency = `levels: [{severity: w, above: 80}]`, `levels: [{severity: w, above: 2s}]`
	for name, tc := range map[string]struct{ spec, says string }{
		"bad-promql":            {`{alert: A, expr: "rate(x[5m]", levels: [{severity: w, above: 5}]}`, "spec.expr: Invalid value: \"rate(x[5m]\": is not PromQL that Prometheus can read: 1:11: parse error: unclosed left parenthesis"},
		"foreign-label":         {`{alert: A, signal: {name: CPU, by: [model]}, levels: [{severity: w, above: 80}]}`, `spec.signal.by[0]: Unsupported value: "model": supported values: "service"`},
		"template":              {`{alert: A, signal: {name: CPU}, annotations: {summary: "{{ $val }}"}, levels: [{severity: w, above: 80}]}`, `spec.annotations[summary]`},
		"another-ns":            {`{alert: A, expr: 'up{namespace="kube-system"}', levels: [{severity: w, above: 80}]}`, "remove the namespace matcher"},
		"status-of-a-ratio":     {`{alert: A, signal: {name: HTTPErrorRatio, matchLabels: {status: "500"}}, levels: [{severity: w, above: 5%}]}`, "spec.signal.matchLabels[status]: Forbidden: remove it"},
		"mixed-forms":           {`{alert: A, signal: {name: HTTPErrorRatio}, levels: [{severity: warning, above: 5%}, {severity: critical, above: "0.01"}]}`, "spec.levels[1].above: Invalid value: \"1%\": must lie beyond warning (> 5%)"},
		"long-units":            {`{alert: A, signal: {name: CostPerHour}, levels: [{severity: warning, below: $0}]}`, "the alert could never fire"},
		"unit-of-a-signal":      {`{alert: A, signal: {name: CPU}, unit: Percent, ` + cpu + `}`, "spec.unit: Forbidden: remove it: it goes with spec.expr only, CPU is measured in Percent"},
		"moved-selector":        {`{alert: A, signal: {name: CPU}, selector: {a: b}, ` + cpu + `}`, "spec.selector: Forbidden: move it to spec.signal.matchLabels"},
		"moved-traffic":         {`{alert: A, signal: {name: HTTPLatency}, minTraffic: 1, ` + latency + `}`, "spec.minTraffic: Forbidden: move it to spec.signal.minTraffic"},
		"matchlabels-namespace": {`{alert: A, signal: {name: CPU, matchLabels: {namespace: x}}, ` + cpu + `}`, "spec.signal.matchLabels[namespace]: Forbidden: remove it: a threshold always watches its own namespace"},
		"matchlabels-bucket":    {`{alert: A, signal: {name: HTTPLatency, matchLabels: {le: "1"}}, ` + latency + `}`, "spec.signal.matchLabels[le]: Forbidden: remove it: a quantile needs every bucket"},
		"matchlabels-name":      {`{alert: A, signal: {name: CPU, matchLabels: {a/b: x}}, ` + cpu + `}`, `spec.signal.matchLabels[a/b]: Invalid value: "a/b": must be a Prometheus label name such as`},
		"quantile-of-a-gauge":   {`{alert: A, signal: {name: CPU, quantile: "0.9"}, ` + cpu + `}`, "spec.signal.quantile: Forbidden: remove it: it goes with latencies only (HTTPLatency, ModelLatency, ModelTimeToFirstToken, TimePerOutputToken, QueueTime)"},
		"quantile":              {`{alert: A, signal: {name: HTTPLatency, quantile: "95"}, ` + latency + `}`, `spec.signal.quantile: Invalid value: "95": must lie between 0 and 1, both excluded, such as "0.95"`},
		"window-of-a-gauge":     {`{alert: A, signal: {name: Memory, window: 5m}, ` + cpu + `}`, "spec.signal.window: Forbidden: remove it: Memory is a gauge"},
		"negative-window":       {`{alert: A, signal: {name: HTTPLatency, window: -5m}, ` + latency + `}`, `spec.signal.window: Invalid value: "-5m": must be a duration such as 30s, 10m or 1h30m, and not negative`},
		"window-of-zero":        {`{alert: A, signal: {name: HTTPLatency, window: 0s}, ` + latency + `}`, `spec.signal.window: Invalid value: "0s": must be longer than 0, such as 5m`},
		"traffic-of-a-rate":     {`{alert: A, signal: {name: TokenRate, minTraffic: 1}, ` + cpu + `}`, "spec.signal.minTraffic: Forbidden: remove it: it goes with ratios and latencies only (HTTPErrorRatio,"},
		"traffic-of-zero":       {`{alert: A, signal: {name: HTTPLatency, minTraffic: "0.0"}, ` + latency + `}`, `spec.signal.minTraffic: Invalid value: "0.0": must be a rate per second greater than 0, such as "0.1"`},
		"band-inside-out":       {`{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 20, below: 80}]}`, `spec.levels[0].below: Invalid value: "80": must be less than above (20%): with both, the alert fires outside the two`},
		"alert-of-a-template":   {`{alert: "{{ $value }}", signal: {name: CPU}, levels: [{severity: w, above: 80}]}`, `spec.alert: Invalid value: "{{ $value }}": must not be a template: write a label (spec.labels) for what changes`},
		"latency-in-percent":    {`{alert: A, signal: {name: HTTPLatency}, levels: [{severity: w, above: 5%}]}`, `spec.levels[0].above: Invalid value: "5%": must be a duration with its unit, such as "2s" or "250ms", because HTTPLatency is measured in Seconds`},
		"latency-without-unit":  {`{alert: A, signal: {name: ModelLatency}, levels: [{severity: w, below: 2}]}`, `spec.levels[0].below: Invalid value: "2": must be a duration with its unit, such as "2s" or "250ms", because ModelLatency is measured in Seconds`},
		"percent-in-seconds":    {`{alert: A, signal: {name: Disk}, levels: [{severity: w, above: 80}, {severity: x, below: 2s}]}`, `spec.levels[1].below: Invalid value: "2s": must be a percentage, such as "80%" or 80, because Disk is measured in Percent`},
		"ratio-in-dollars":      {`{alert: A, signal: {name: HTTPErrorRatio}, levels: [{severity: w, above: $3}]}`, `spec.levels[0].above: Invalid value: "$3": must be a ratio, such as "5%" or "0.05", because HTTPErrorRatio is measured in Ratio`},
		"rate-in-percent":       {`{alert: A, signal: {name: HTTPErrorRate}, levels: [{severity: w, above: 5%}]}`, `spec.levels[0].above: Invalid value: "5%": must be a rate per second, such as "0.05/s" or 20, because HTTPErrorRate is measured in PerSecond`},
		"cost-in-seconds":       {`{alert: A, signal: {name: CostPerDay}, levels: [{severity: w, above: 3s}]}`, `spec.levels[0].above: Invalid value: "3s": must be an amount of US dollars, such as "$3" or "$0.50", because CostPerDay is measured in USD`},
		"sessions-in-percent":   {`{alert: A, signal: {name: ActiveSessions}, levels: [{severity: w, above: 3%}]}`, `spec.levels[0].above: Invalid value: "3%": must be a plain number, such as 20, because ActiveSessions is measured in Number`},
		"unit-of-an-expr":       {`{alert: A, expr: up, unit: Ratio, levels: [{severity: w, below: 3s}]}`, `spec.levels[0].below: Invalid value: "3s": must be a ratio, such as "5%" or "0.05", because spec.expr is measured in Ratio`},
		"expr-without-unit":     {`{alert: A, expr: up, levels: [{severity: w, below: 3%}]}`, `spec.levels[0].below: Invalid value: "3%": must be a plain number, such as 20, because spec.expr is measured in Number`},
		"durations-in-disorder": {`{alert: A, signal: {name: HTTPLatency}, levels: [{severity: critical, above: 900ms}, {severity: warning, above: 1s}]}`, `spec.levels[0].above: Invalid value: "900ms": must lie beyond warning (> 1s), or at the same value have a longer for: order levels so that critical lies beyond warning and warning beyond info`},
		"numbers-in-disorder":   {`{alert: A, signal: {name: CPU}, levels: [{severity: info, above: 80%}, {severity: warning, above: 80}, {severity: critical, above: 9}]}`, `spec.levels[1].above: Invalid value: "80%": must lie beyond info (> 80%)`},
		"below-in-disorder":     {`{alert: A, signal: {name: Availability}, levels: [{severity: warning, below: 50%}, {severity: critical, below: 90%}]}`, `spec.levels[1].below: Invalid value: "90%": must lie beyond warning (< 50%)`},
		"negative-for":          {`{alert: A, signal: {name: CPU}, levels: [{severity: warning, above: 80, for: -5m}]}`, `spec.levels[0].for: Invalid value: "-5m": must be a duration such as 30s, 10m or 1h30m, and not negative`},
		"negative-keep-firing":  {`{alert: A, signal: {name: CPU}, levels: [{severity: warning, above: 80, keepFiringFor: -5m}]}`, `spec.levels[0].keepFiringFor: Invalid value: "-5m": must be a duration such as 30s, 10m or 1h30m, and not negative`},
		"label-severity":        {`{alert: A, signal: {name: CPU}, labels: {severity: x}, ` + cpu + `}`, "spec.labels[severity]: Forbidden: remove it: it is set by each of spec.levels"},
		"label-of-ours":         {`{alert: A, signal: {name: CPU}, labels: {nodata: x}, ` + cpu + `}`, "spec.labels[nodata]: Forbidden: remove it: the controller sets it"},
		"labels-name":           {`{alert: A, signal: {name: CPU}, labels: {__x: x}, ` + cpu + `}`, `spec.labels[__x]: Invalid value: "__x": must be a Prometheus label name such as team`},
		"annotations-name":      {`{alert: A, signal: {name: CPU}, annotations: {runbook-url: x}, ` + cpu + `}`, `spec.annotations[runbook-url]: Invalid value: "runbook-url": must be a name such as runbook_url`},
		"can-never-happen":      {`{alert: A, signal: {name: Memory}, levels: [{severity: w, above: 100}]}`, "the alert could never fire"},
	} {
		t.Run(name, func(t *testing.T) {
			createThreshold(t, namespace, name, tc.spec)
			threshold := waitFor(t, admin, namespace, name, v1alpha1.ConditionAccepted, v1alpha1.ReasonInvalidSpec)
			expectCondition(t, threshold, v1alpha1.ConditionAccepted, metav1.ConditionFalse, 1, tc.says)
			expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionFalse, 1, tc.says)
			expectCondition(t, threshold, v1alpha1.ConditionProgrammed, metav1.ConditionFalse, 1, "no rule is in place")
		})
	}
}

// TestLongNameIsAllowed checks that the longest name that gets in can be turned into a rule.
func TestLongNameIsAllowed(t *testing.T) {
	namespace, name := newNamespace(t), strings.Repeat("a", 63)
	createThreshold(t, namespace, name, `{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}`)
	waitFor(t, admin, namespace, name, v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if errs := validation.IsDNS1123Subdomain(rules.Name(name)); len(errs) > 0 {
		t.Error(errs)
	}
}

// TestColumns reads the table that kubectl get prints.
func TestColumns(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "slow-response", `{alert: SlowResponse, signal: {name: HTTPLatency}, levels: [{severity: warning, above: 2s}, {severity: critical, above: 5s}]}`)
	waitFor(t, admin, namespace, "slow-response", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	const want = "Name=slow-response Alert=SlowResponse Signal=HTTPLatency Threshold=warning > 2s, critical > 5s Current=<nil> State=<nil> Ready=True Loaded=<nil>"
	table := getTable(t, namespace)
	var got []string
	for i, column := range table.ColumnDefinitions {
		if column.Priority == 0 && column.Name != "Age" {
			got = append(got, fmt.Sprintf("%s=%v", column.Name, table.Rows[0].Cells[i]))
		}
	}
	if strings.Join(got, " ") != want {
		t.Errorf("table is %s, want %s", strings.Join(got, " "), want)
	}
}

// getTable asks for a namespace's thresholds as kubectl get does.
func getTable(t *testing.T, namespace string) metav1.Table {
	t.Helper()
	api, err := rest.HTTPClientFor(adminConfig)
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.JoinPath(adminConfig.Host, "apis", "plimsoll.dev", "v1alpha1", "namespaces", namespace, "alertthresholds")
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	resp, err := api.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var table metav1.Table
	if err := json.NewDecoder(resp.Body).Decode(&table); err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) != 1 {
		t.Fatalf("%d rows, want 1", len(table.Rows))
	}
	return table
}
