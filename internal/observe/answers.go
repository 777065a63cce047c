package observe

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/sample"
)

// Kind returns the greatest Kind of the threshold's recorded samples.
func (s *Snapshot) Kind(threshold types.NamespacedName) sample.Kind {
	if h := s.thresholds[threshold]; h != nil {
		return h.kind
	}
	return sample.None
}

// Values returns the recorded values of the threshold, one for each series that has a number.
func (s *Snapshot) Values(threshold types.NamespacedName) []float64 {
	h := s.thresholds[threshold]
	if h == nil {
		return nil
	}
	values := make([]float64, len(h.series))
	for i, series := range h.series {
		values[i] = series.value
	}
	return values
}
