package tuner

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/tuner/history"
)

// threshold is an AlertThreshold that is tuned.
type threshold struct {
	resource *v1alpha1.AlertThreshold
	plan     *rules.Plan
	options  rules.Options
}

// NewThreshold returns a target of a valid AlertThreshold. The error says what is invalid.
func NewThreshold(resource *v1alpha1.AlertThreshold, options rules.Options) (Target, error) {
	plan, errs := options.Resolve(resource)
	if len(errs) > 0 {
		return nil, fmt.Errorf("AlertThreshold %s/%s is invalid: %w", resource.Namespace, resource.Name, errs.ToAggregate())
	}
	return &threshold{resource, plan, options}, nil
}

func (t *threshold) header() header {
	return header{
		Kind: v1alpha1.Kind, Namespace: t.plan.Namespace, Name: t.plan.Name, Alert: t.plan.Alert,
		Expr: t.plan.Value.Expr, Unit: string(t.plan.Value.Unit),
	}
}

func (t *threshold) value() rules.Value { return t.plan.Value }

func (t *threshold) isByLevel(s *history.Samples) bool {
	if !t.plan.SharesAlerts() {
		return true
	}
	return !slices.ContainsFunc(t.plan.Levels, func(l rules.Level) bool { return !s.IsByLevel(replay.AlertOf(t.plan, l)) })
}

func (t *threshold) present() []Level { return newLevels(t.plan.Levels) }

func newLevels(levels []rules.Level) []Level {
	all := make([]Level, len(levels))
	for i, l := range levels {
		all[i] = newLevel(l)
	}
	return all
}

// change writes the levels into the resource as a person would and reads them again, so that what is replayed is what is applied.
func (t *threshold) change(levels []Level) (*Change, error) {
	if err := checkSeverities(t.present(), levels); err != nil {
		return nil, err
	}
	resource := t.resource.DeepCopy()
	changed := false
	for i, was := range t.plan.Levels {
		level, moved := findLevel(levels, was.Severity)
		if !moved {
			continue
		}
		differs, err := setLevel(&resource.Spec.Levels[i], was, level)
		if err != nil {
			return nil, err
		}
		changed = changed || differs
	}
	plan, errs := t.options.Resolve(resource)
	if len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	answer, err := describeChange(resource)
	if err != nil {
		return nil, err
	}
	answer.Changed = changed
	return &Change{
		levels: plan.Levels, shown: newLevels(plan.Levels), Resource: resource, answer: answer,
		ruleOf: func(l rules.Level) alert.Rule { return replay.AlertOf(plan, l) },
	}, nil
}

// setLevel writes what differs into the spec: what stays is left as it is written.
func setLevel(spec *v1alpha1.Level, was rules.Level, level Level) (changed bool, err error) {
	if err := level.checkNumbers(); err != nil {
		return false, err
	}
	now := newLevel(was)
	sides := []struct {
		name     string
		was, now *float64
		text     *v1alpha1.Value
	}{{"above", now.Above, level.Above, &spec.Above}, {"below", now.Below, level.Below, &spec.Below}}
	for _, side := range sides {
		if (side.was == nil) != (side.now == nil) {
			return false, fmt.Errorf("level %s: %s must be given if and only if the level has it", was.Severity, side.name)
		}
		if side.was != nil && *side.was != *side.now {
			*side.text, changed = v1alpha1.Value(was.Unit.Format(*side.now)), true
		}
	}
	forDuration, keepFiringFor, err := level.durations()
	if err != nil {
		return false, err
	}
	if forDuration != was.For {
		spec.For, changed = v1alpha1.Duration(formatDuration(forDuration)), true
	}
	if keepFiringFor != was.KeepFiringFor {
		spec.KeepFiringFor, changed = v1alpha1.Duration(formatDuration(keepFiringFor)), true
	}
	return changed, nil
}

// describeChange writes the changed threshold as a manifest, a JSON merge patch, and the kubectl command that applies the patch.
func describeChange(t *v1alpha1.AlertThreshold) (changeAnswer, error) {
	metadata := map[string]any{"name": t.Name, "namespace": t.Namespace}
	if len(t.Labels) > 0 {
		metadata["labels"] = t.Labels
	}
	manifest, err := yaml.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": v1alpha1.Kind, "metadata": metadata, "spec": t.Spec,
	})
	if err != nil {
		return changeAnswer{}, err
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"levels": t.Spec.Levels}})
	if err != nil {
		return changeAnswer{}, err
	}
	command := fmt.Sprintf("kubectl patch alertthreshold %s -n %s --type=merge -p '%s'", t.Name, t.Namespace, strings.ReplaceAll(string(patch), "'", `'\''`))
	return changeAnswer{YAML: string(manifest), Patch: string(patch), Command: command}, nil
}
