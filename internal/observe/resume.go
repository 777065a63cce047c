package observe

import (
	"math"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// observationOf returns the observation that the status has; not ok when there is none of the generation.
func observationOf(status *v1alpha1.AlertThresholdStatus, generation int64) (o Observation, ok bool) {
	loaded := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionLoaded)
	if loaded == nil || loaded.ObservedGeneration != generation {
		return Observation{}, false
	}
	o = Observation{
		Loaded:        Condition{loaded.Status, loaded.Reason, loaded.Message},
		State:         status.State,
		Current:       status.Current,
		CurrentLabels: status.CurrentLabels,
		Headroom:      status.Headroom,
		headroom:      math.NaN(),
	}
	for _, level := range status.Levels {
		is := Level{Severity: level.Severity, State: level.State}
		if level.ActiveSince != nil {
			is.ActiveSince = level.ActiveSince.Time
		}
		o.Levels = append(o.Levels, is)
	}
	return o, true
}
