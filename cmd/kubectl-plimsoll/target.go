package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// target is a threshold that is looked at, from a file or from the cluster.
type target struct {
	resource *v1alpha1.AlertThreshold
	plan     *rules.Plan
}

// String names the threshold in a sentence.
func (t target) String() string {
	return "AlertThreshold " + t.resource.Namespace + "/" + t.resource.Name
}

// isDefault reports whether another threshold of the same alert takes its place.
func (t target) isDefault() bool { return t.resource.Labels[v1alpha1.DefaultLabel] == "true" }

// targets are the thresholds of the files or, by name, of the cluster. Mistakes are printed, and the answer is no.
func (o *fileOptions) targets(cmd *cobra.Command, names []string, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) ([]target, error) {
	switch {
	case len(o.paths) > 0 && len(names) > 0:
		return nil, usageError(cmd, errors.New("must be either names or files: remove -f or the names"))
	case len(o.paths) > 0:
		return o.fromFiles(cmd, config, streams)
	case len(names) > 0:
		return fromCluster(cmd.Context(), names, config, streams)
	default:
		return nil, usageError(cmd, errors.New("must say which AlertThresholds: give names, or use -f FILE"))
	}
}

func (o *fileOptions) fromFiles(cmd *cobra.Command, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) ([]target, error) {
	c, err := o.readValid(cmd, config, streams)
	if err != nil {
		return nil, err
	}
	targets := make([]target, len(c.verdicts))
	for i, verdict := range c.verdicts {
		targets[i] = target{verdict.Resource, verdict.Plan}
	}
	return targets, nil
}

func fromCluster(ctx context.Context, names []string, config *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) ([]target, error) {
	api, namespace, err := connect(config)
	if err != nil {
		return nil, err
	}
	targets := make([]target, len(names))
	for i, name := range names {
		t := &v1alpha1.AlertThreshold{}
		if err := api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: bare(name)}, t); err != nil {
			return nil, fmt.Errorf("read AlertThreshold %s/%s: %w", namespace, bare(name), err)
		}
		plan, errs := rules.Resolve(t)
		if len(errs) > 0 {
			fmt.Fprintf(streams.ErrOut, "AlertThreshold %s/%s is invalid: %v\n", namespace, t.Name, errs.ToAggregate())
			return nil, errNo
		}
		targets[i] = target{t, plan}
	}
	return targets, nil
}

// bare is the name without the kind, which kubectl takes and prints: alertthreshold.plimsoll.dev/slow-response.
func bare(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// connect gives a client of the cluster that kubectl would ask, and the namespace.
func connect(config *genericclioptions.ConfigFlags) (client.Client, string, error) {
	namespace, _, err := config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("find the namespace: %w", err)
	}
	restConfig, err := config.ToRESTConfig()
	if err != nil {
		return nil, "", fmt.Errorf("find the cluster: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme), monitoringv1.AddToScheme(scheme)); err != nil {
		return nil, "", err
	}
	api, err := client.New(restConfig, client.Options{Scheme: scheme})
	if err != nil {
		return nil, "", fmt.Errorf("reach the cluster: %w", err)
	}
	return api, namespace, nil
}
