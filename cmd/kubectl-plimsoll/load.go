package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// target is a valid threshold, from a file or from the cluster, and its plan.
type target struct {
	resource *v1alpha1.AlertThreshold
	plan     *rules.Plan
}

// String names the threshold in a sentence.
func (t target) String() string {
	return "AlertThreshold " + t.resource.Namespace + "/" + t.resource.Name
}

// isDefault reports whether another threshold with the same alert overrides it.
func (t target) isDefault() bool { return t.resource.Labels[v1alpha1.DefaultLabel] == "true" }

// loader loads thresholds from files, or by name from the cluster.
type loader struct {
	*cli
	paths     []string
	recursive bool
	selection selection
	// withRules loads the alerting rules of files too, into alerts.
	withRules bool
	alerts    alert.Set
	// mayBeEmpty takes files in which there is nothing.
	mayBeEmpty bool
	// rule names a PrometheusRule of the cluster whose rules are loaded instead, alert the only alert that is wanted of rules.
	rule, alert string
}

func (l *loader) addFileFlags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVarP(&l.paths, "filename", "f", nil, "file or directory with AlertThresholds, or - for standard input")
	cmd.Flags().BoolVarP(&l.recursive, "recursive", "R", false, "read the subdirectories of a directory given with -f too")
	cobra.CheckErr(cmd.MarkFlagFilename("filename", "yaml", "yml", "json"))
}

func (l *loader) addRuleFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.rule, "rule", "", "PrometheusRule of the cluster whose alerts are meant, as [NAMESPACE/]NAME")
	cmd.Flags().StringVar(&l.alert, "alert", "", "only the alert of this name, of rules")
}

// wants reports whether rules with the alert are to be taken.
func (l *loader) wants(alert string) bool { return l.alert == "" || l.alert == alert }

// loadAll returns the thresholds, and the rules of the files or of the cluster's PrometheusRule.
func (l *loader) loadAll(ctx context.Context, names []string) ([]target, alert.Set, error) {
	if l.rule == "" {
		targets, err := l.load(ctx, names)
		return targets, l.alerts, err
	}
	if len(names) > 0 || len(l.paths) > 0 || l.selection.isSet() {
		return nil, alert.Set{}, usageErrorf("must be either --rule, names or files: remove the others")
	}
	set, err := l.fetchRule(ctx, l.rule)
	return nil, set, err
}

// load returns the thresholds of the files or of the cluster. It prints what is wrong with invalid ones, and goes on without them where
// they were not named.
func (l *loader) load(ctx context.Context, names []string) ([]target, error) {
	switch {
	case len(l.paths) > 0 && (len(names) > 0 || l.selection.isSet()):
		return nil, usageErrorf("must be either names or files: remove -f, or the names and --all, -A and -l")
	case len(l.paths) > 0:
		return l.loadFiles()
	case len(names) > 0 || l.selection.isSet():
		return l.loadNames(ctx, names)
	default:
		return nil, usageErrorf("must say which AlertThresholds: give names, -l SELECTOR, --all or -A, or use -f FILE")
	}
}

func (l *loader) loadFiles() ([]target, error) {
	targets, result, err := l.validateFiles()
	if err != nil {
		return nil, err
	}
	if len(result.Errors) > 0 {
		for _, e := range result.Errors {
			fmt.Fprintln(l.ErrOut, e)
		}
		return nil, errCheckFailed
	}
	result.warnSkipped(l.ErrOut)
	return targets, nil
}

func (l *loader) loadNames(ctx context.Context, names []string) ([]target, error) {
	api, keys, err := l.keys(ctx, names, l.selection)
	if err != nil {
		return nil, err
	}
	var targets []target
	var invalid bool
	for _, key := range keys {
		t := &v1alpha1.AlertThreshold{}
		if err := api.Get(ctx, key, t); err != nil {
			return nil, fmt.Errorf("reading AlertThreshold %s: %w", key, err)
		}
		plan, errs := l.rules.Resolve(t)
		if len(errs) > 0 {
			fmt.Fprintf(l.ErrOut, "AlertThreshold %s is invalid: %v\n", key, errs.ToAggregate())
			invalid = true
			continue
		}
		targets = append(targets, target{t, plan})
	}
	if invalid && (len(names) > 0 || len(targets) == 0) {
		return nil, errCheckFailed
	}
	return targets, nil
}

// fetchRule returns the rules of a PrometheusRule of the cluster, named as [NAMESPACE/]NAME. Prometheus' operator has refused
// what could not be read, so that is an error.
func (l *loader) fetchRule(ctx context.Context, name string) (alert.Set, error) {
	api, key, err := l.ruleKey(name)
	if err != nil {
		return alert.Set{}, err
	}
	rule := &monitoringv1.PrometheusRule{}
	if err := api.Get(ctx, key, rule); err != nil {
		return alert.Set{}, fmt.Errorf("reading PrometheusRule %s: %w", key, err)
	}
	return alertingRules(rule)
}

// ruleKey returns the key of a PrometheusRule named as [NAMESPACE/]NAME, with the client that connects to it.
func (l *loader) ruleKey(name string) (client.Client, client.ObjectKey, error) {
	api, namespace, err := l.connect()
	key := client.ObjectKey{Namespace: namespace, Name: name}
	if before, after, found := strings.Cut(name, "/"); found {
		key = client.ObjectKey{Namespace: before, Name: after}
	}
	return api, key, err
}

func alertingRules(rule *monitoringv1.PrometheusRule) (alert.Set, error) {
	set, err := alert.FromPrometheusRule(rule)
	if err == nil && len(set.Alerts) == 0 {
		err = fmt.Errorf("reading PrometheusRule %s/%s: it has no alerting rule", rule.Namespace, rule.Name)
	}
	return set, err
}

// validation is the result of validating files, as -o json prints it.
type validation struct {
	Thresholds int                   `json:"thresholds"`
	Files      int                   `json:"files"`
	Errors     []manifest.Diagnostic `json:"errors"`
	Warnings   []manifest.Diagnostic `json:"warnings"`

	// skipped counts the objects of other kinds.
	skipped int
}

// validateFiles reads and validates the files. The targets count only when there are no errors in the result.
func (l *loader) validateFiles() ([]target, validation, error) {
	if len(l.paths) == 0 {
		return nil, validation{}, usageErrorf("must say which files: use -f FILE, -f DIRECTORY, or -f - for standard input")
	}
	namespace, enforce, err := l.namespace()
	if err != nil {
		return nil, validation{}, err
	}
	reader := manifest.Reader{Namespace: namespace, Enforce: enforce, Recursive: l.recursive, Rules: l.withRules, MayBeEmpty: l.mayBeEmpty, Stdin: l.In}
	set, err := reader.Read(l.paths)
	if err != nil {
		return nil, validation{}, err
	}
	result := validation{
		Thresholds: len(set.Thresholds), Files: set.Files, skipped: set.Skipped,
		Errors: append([]manifest.Diagnostic{}, set.Errors...), Warnings: []manifest.Diagnostic{},
	}
	l.alerts = set.Rules
	targets := make([]target, len(set.Thresholds))
	for i, threshold := range set.Thresholds {
		checked := threshold.CheckWith(l.rules)
		result.Errors = append(result.Errors, checked.Errors...)
		result.Warnings = append(result.Warnings, checked.Warnings...)
		targets[i] = target{checked.Resource, checked.Plan}
	}
	return targets, result, nil
}

// warnSkipped prints how many objects of other kinds were skipped.
func (v validation) warnSkipped(stderr io.Writer) {
	if v.skipped > 0 {
		fmt.Fprintf(stderr, "skipped %s of other kinds\n", manifest.Count(v.skipped, "object"))
	}
}
