package rules

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// resolveChoices reads noData and mode and fills in their defaults, which the API server has filled in already.
func resolveChoices(t *v1alpha1.AlertThreshold, spec *field.Path) (v1alpha1.NoData, v1alpha1.Mode, field.ErrorList) {
	noData, noDataErr := choose(t.Spec.NoData, spec.Child("noData"), v1alpha1.NoDataIgnore, v1alpha1.NoDataAlert)
	mode, modeErr := choose(t.Spec.Mode, spec.Child("mode"), v1alpha1.ModeEnforce, v1alpha1.ModeShadow, v1alpha1.ModeOff)
	return noData, mode, append(noDataErr, modeErr...)
}

// choose returns the value if it is one of those there are, the first of which is the default.
func choose[T ~string](value T, path *field.Path, choices ...T) (T, field.ErrorList) {
	if value == "" {
		return choices[0], nil
	}
	for _, choice := range choices {
		if value == choice {
			return value, nil
		}
	}
	return value, field.ErrorList{field.NotSupported(path, value, choices)}
}
