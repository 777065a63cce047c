package observe

import "k8s.io/apimachinery/pkg/types"

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
