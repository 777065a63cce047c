package main

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

func TestWritten(t *testing.T) {
	at := func(version string) *v1alpha1.AlertThreshold {
		return &v1alpha1.AlertThreshold{ObjectMeta: metav1.ObjectMeta{ResourceVersion: version}}
	}
	for name, tc := range map[string]struct {
		written []string
		has     []string
		heard   bool
	}{
		"nothing written":             {heard: true, has: []string{"5"}},
		"nothing there":               {written: []string{"5"}},
		"all that was written":        {written: []string{"9", "10"}, has: []string{"7", "10"}, heard: true},
		"later than what was written": {written: []string{"9"}, has: []string{"12", "3"}, heard: true},
		"the last is missing":         {written: []string{"10", "9"}, has: []string{"9", "8"}},
		"a write that did not happen": {written: []string{""}, has: []string{"5"}, heard: true},
	} {
		t.Run(name, func(t *testing.T) {
			var w written
			for _, version := range tc.written {
				w.add(at(version))
			}
			var all []v1alpha1.AlertThreshold
			for _, version := range tc.has {
				all = append(all, *at(version))
			}
			if got := w.isSeen(all); got != tc.heard {
				t.Errorf("heard = %v, want %v", got, tc.heard)
			}
		})
	}
}
