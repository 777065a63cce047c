package main

import (
	"strings"
	"testing"
)

func TestTrimKinds(t *testing.T) {
	for given, want := range map[string]string{
		"cpu":                               "cpu",
		"at/cpu":                            "cpu",
		"alertthreshold.plimsoll.dev/cpu":   "cpu",
		"at cpu":                            "cpu",
		"AlertThreshold cpu memory":         "cpu memory",
		"alertthresholds.plimsoll.dev cpu":  "cpu",
		"at.v1alpha1.plimsoll.dev cpu":      "cpu",
		"at":                                "at",
		"cpu at":                            "cpu at",
		"at.example.com cpu":                "at.example.com cpu",
		"alertthresholds.xplimsoll.dev cpu": "alertthresholds.xplimsoll.dev cpu",
		"at.v2.plimsoll.dev cpu":            "at.v2.plimsoll.dev cpu",
	} {
		if got := strings.Join(trimKinds(strings.Fields(given)), " "); got != want {
			t.Errorf("trimKinds(%s) = %s, want %s", given, got, want)
		}
	}
}
