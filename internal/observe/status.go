package observe

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// Record writes the observation of the given generation into the status. A level that the status does not have is left
// out: its line is not in force yet, or no more.
func (o Observation) Record(status *v1alpha1.AlertThresholdStatus, generation int64) {
	meta.SetStatusCondition(&status.Conditions, metav1.Condition{
		Type:               v1alpha1.ConditionLoaded,
		Status:             o.Loaded.Status,
		ObservedGeneration: generation,
		Reason:             o.Loaded.Reason,
		Message:            o.Loaded.Message,
	})
	status.State, status.Current, status.CurrentLabels, status.Headroom = o.State, o.Current, o.CurrentLabels, o.Headroom
	for i := range status.Levels {
		level := &status.Levels[i]
		level.State, level.ActiveSince = v1alpha1.StateUnknown, nil
		for _, is := range o.Levels {
			if is.Severity != level.Severity {
				continue
			}
			level.State = is.State
			if !is.ActiveSince.IsZero() {
				level.ActiveSince = &metav1.Time{Time: is.ActiveSince}
			}
		}
	}
}

// recorded is the observation that the status has; not ok when there is none of the generation.
func recorded(status *v1alpha1.AlertThresholdStatus, generation int64) (o Observation, ok bool) {
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
