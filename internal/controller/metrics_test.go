package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// listOf is a cache that holds those thresholds.
type listOf []v1alpha1.AlertThreshold

func (l listOf) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*v1alpha1.AlertThresholdList).Items = l
	return nil
}

func (listOf) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("not asked for")
}

// TestMetricsAreTheContract holds what is registered against internal/metric, in names and labels.
func TestMetricsAreTheContract(t *testing.T) {
	registry, elected := prometheus.NewPedanticRegistry(), make(chan struct{})
	close(elected)
	m, err := newMetrics(registry, listOf{*newThreshold()}, elected, "")
	if err != nil {
		t.Fatal(err)
	}
	m.countRuleWrite(metric.RuleCreate, nil)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, family := range families {
		labels := []string{}
		for _, pair := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, pair.GetName())
		}
		got[family.GetName()] = labels
	}
	for _, want := range metric.Controller() {
		if want.Name == metric.Forecasts.Name {
			continue // the webhook's to register
		}
		labels, there := got[want.Name]
		if slices.Sort(want.Labels); !there || !slices.Equal(labels, want.Labels) {
			t.Errorf("%s has labels %q, want %q", want.Name, labels, want.Labels)
		}
		delete(got, want.Name)
	}
	if len(got) > 0 {
		t.Errorf("not in the contract: %v", got)
	}
}

func TestOnlyTheLeaderCounts(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	if _, err := newMetrics(registry, listOf{*newThreshold()}, make(chan struct{}), ""); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == metric.Thresholds.Name {
			t.Errorf("a replica that does not lead counts %v", family.GetMetric())
		}
	}
}

func TestLabelValues(t *testing.T) {
	fresh := newThreshold()
	ready := newThreshold()
	settle(ready, 3, seen{})
	off := newThreshold()
	off.Spec.Mode = v1alpha1.ModeOff
	settle(off, 3, seen{})
	for _, tc := range []struct {
		at   *v1alpha1.AlertThreshold
		want [4]string
	}{
		{fresh, [4]string{"Enforce", "Unknown", "Unknown", "Unknown"}},
		{ready, [4]string{"Enforce", "True", "Unknown", "Unknown"}},
		{off, [4]string{"Off", "True", "Unknown", "Off"}},
	} {
		if got := labelValues(tc.at); got != tc.want {
			t.Errorf("values = %v, want %v", got, tc.want)
		}
	}
}

func TestReasonOf(t *testing.T) {
	resource := schema.GroupResource{Resource: "prometheusrules"}
	for want, err := range map[string]error{
		metric.ReasonConflict:    fmt.Errorf("apply: %w", apierrors.NewConflict(resource, "a", errors.New("x"))),
		metric.ReasonForbidden:   apierrors.NewForbidden(resource, "a", errors.New("x")),
		metric.ReasonRefused:     apierrors.NewBadRequest("x"),
		metric.ReasonUnavailable: errors.Join(nil, apierrors.NewServerTimeout(resource, "patch", 1)),
		metric.Other:             errors.New("x"),
	} {
		if got := reasonOf(err); got != want {
			t.Errorf("reason of %v = %s, want %s", err, got, want)
		}
	}
}
