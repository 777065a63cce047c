package main

import (
	"strings"
	"testing"
)

// course is n samples, each made from its place.
func course(n int, at func(i float64) float64) []float64 {
	var samples []float64
	for i := range n {
		samples = append(samples, at(float64(i)))
	}
	return samples
}

func TestMemory(t *testing.T) {
	for _, tt := range []struct {
		name    string
		samples []float64
		want    string // part of the error; none if empty
	}{
		{"flat", course(9, func(float64) float64 { return 100 }), ""},
		{"one spike", append(course(12, func(float64) float64 { return 100 }), 900), ""},
		{"falls", course(30, func(i float64) float64 { return 100 - i }), ""},
		{"leaks", course(30, func(i float64) float64 { return 100 + i }), "memory grew"},
		{"not told", course(30, func(float64) float64 { return 0 }), "lacks"},
		{"too short", course(8, func(float64) float64 { return 100 }), "too few"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trend, err := trendOf(tt.samples)
			if err == nil {
				err = trend.check(0.05)
			}
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("check = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestGoroutinesAtRest(t *testing.T) {
	for r, ok := range map[idleGoroutines]bool{{20, 20}: true, {20, 12}: true, {20, 24}: true, {20, 40}: false, {0, 0}: false} {
		if err := r.check(); (err == nil) != ok {
			t.Errorf("check of %+v = %v", r, err)
		}
	}
}

// TestEveryScenarioRuns: the first requests run each scenario once, and every request of a run has one.
func TestEveryScenarioRuns(t *testing.T) {
	all, seen := scenarios(), map[tableCell]bool{}
	choose := chooser(all)
	for n := range len(all) {
		w := choose(n)
		seen[tableCell{w.name, w.form}] = true
	}
	if len(seen) != len(all) {
		t.Errorf("%d scenarios have only %d names", len(all), len(seen))
	}
	if w := choose(1e6); w.form == "" {
		t.Errorf("a request has no scenario: %+v", w)
	}
}
