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
				err = trend.judge(0.05)
			}
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("judge = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestGoroutinesAtRest(t *testing.T) {
	for r, ok := range map[rest]bool{{20, 20}: true, {20, 12}: true, {20, 24}: true, {20, 40}: false, {0, 0}: false} {
		if err := r.judge(); (err == nil) != ok {
			t.Errorf("judge of %+v = %v", r, err)
		}
	}
}

// TestEveryWayIsPlayed: the first requests go each way once, and every request of a run has one.
func TestEveryWayIsPlayed(t *testing.T) {
	all, seen := ways(), map[cell]bool{}
	choose := chooser(all)
	for n := range len(all) {
		w := choose(n)
		seen[cell{w.name, w.form}] = true
	}
	if len(seen) != len(all) {
		t.Errorf("%d ways have only %d names", len(all), len(seen))
	}
	if w := choose(1e6); w.form == "" {
		t.Errorf("a request goes no way: %+v", w)
	}
}
