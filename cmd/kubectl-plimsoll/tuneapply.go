package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/tuner"
)

// applyTries is how often a change is tried that only writes of the status keep from being applied.
const applyTries = 3

// applyLevels patches the levels of a threshold of the cluster that has not changed since it was read, after a dry run; with dryRun that
// is all.
func (c *cli) applyLevels(ctx context.Context, from *v1alpha1.AlertThreshold, change *tuner.Change, dryRun bool) (tuner.Applied, error) {
	for try := 1; ; try++ {
		applied, err := c.patchLevels(ctx, from, change.Resource, true)
		if err == nil && !dryRun {
			applied, err = c.patchLevels(ctx, from, change.Resource, false)
		}
		if !apierrors.IsConflict(err) {
			return applied, err
		}
		if try == applyTries {
			return applied, tuner.ErrConflict
		}
	}
}

func (c *cli) patchLevels(ctx context.Context, from, changed *v1alpha1.AlertThreshold, dryRun bool) (tuner.Applied, error) {
	warnings := &warningList{}
	api, _, err := c.connectWith(func(config *rest.Config) { config.WarningHandlerWithContext = warnings })
	if err != nil {
		return tuner.Applied{}, err
	}
	key := client.ObjectKeyFromObject(from)
	now := &v1alpha1.AlertThreshold{}
	if err := api.Get(ctx, key, now); err != nil {
		return tuner.Applied{}, fmt.Errorf("reading AlertThreshold %s: %w", key, err)
	}
	if now.UID != from.UID || now.Generation != from.Generation {
		return tuner.Applied{}, tuner.ErrConflict
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]string{"resourceVersion": now.ResourceVersion},
		"spec":     map[string]any{"levels": changed.Spec.Levels},
	})
	if err != nil {
		return tuner.Applied{}, err
	}
	options := []client.PatchOption{client.FieldOwner("kubectl-plimsoll")}
	if dryRun {
		options = append(options, client.DryRunAll)
	}
	if err := api.Patch(ctx, now, client.RawPatch(types.MergePatchType, patch), options...); err != nil {
		return tuner.Applied{}, fmt.Errorf("patching AlertThreshold %s: %w", key, err)
	}
	return tuner.Applied{Resource: now, Warnings: warnings.all()}, nil
}

// warningList keeps the API server's warnings.
type warningList struct {
	mu    sync.Mutex
	texts []string
}

// HandleWarningHeaderWithContext is rest.WarningHandlerWithContext's.
func (l *warningList) HandleWarningHeaderWithContext(_ context.Context, code int, _, text string) {
	if code != 299 || text == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.texts, text) {
		l.texts = append(l.texts, text)
	}
}

func (l *warningList) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.texts)
}
