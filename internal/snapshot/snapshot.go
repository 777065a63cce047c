// Package snapshot reads what a Prometheus holds of thresholds, and what the cluster's Prometheus objects select.
package snapshot

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Read reads the rules and recorded values of all thresholds, or only of one, by three requests. They go together only when one
// server answers all of them: see promapi.Client.OneServer.
func Read(ctx context.Context, from *promapi.Client, only *types.NamespacedName) (*observe.Snapshot, error) {
	snap := observe.NewSnapshot(time.Now())
	selector, series := observe.RuleSelector, ""
	if only != nil {
		selector = fmt.Sprintf("{%s=%q}", rules.ThresholdLabel, only.Name)
		series = fmt.Sprintf("{%s=%q,%s=%q}", rules.NamespaceLabel, only.Namespace, rules.ThresholdLabel, only.Name)
	}
	for group, err := range from.Rules(ctx, selector) {
		if err != nil {
			return nil, err
		}
		if key, ok := rules.GroupThreshold(group.Name); ok && (only == nil || key == *only) {
			snap.AddGroup(group)
		}
	}
	signals, err := from.Query(ctx, rules.SignalMetric+series, snap.ValuesAt())
	if err != nil {
		return nil, err
	}
	snap.AddSignals(signals)
	levels, err := from.Query(ctx, rules.ThresholdMetric+series, snap.ValuesAt())
	if err != nil {
		return nil, err
	}
	snap.AddThresholds(levels)
	return snap, nil
}
