package main

import (
	"strings"
	"testing"
)

// course is n samples, each made from its place.
func course(n int, at func(i float64) sample) []sample {
	var samples []sample
	for i := range n {
		samples = append(samples, at(float64(i)))
	}
	return samples
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name    string
		samples []sample
		want    string // part of the error; none if empty
	}{
		{"flat", course(9, func(float64) sample { return sample{100, 30} }), ""},
		{"one spike", append(course(12, func(float64) sample { return sample{100, 30} }), sample{900, 900}), ""},
		{"memory falls", course(30, func(i float64) sample { return sample{100 - i, 30} }), ""},
		{"memory leaks", course(30, func(i float64) sample { return sample{100 + i, 30} }), "memory grew"},
		{"goroutines leak", course(30, func(i float64) sample { return sample{100, 30 + 2*i} }), "goroutines grew"},
		{"too short", course(8, func(float64) sample { return sample{100, 30} }), "too few"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := judge(tt.samples)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("judge = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestALoadThatFailedProvesNothing(t *testing.T) {
	for l, ok := range map[load]bool{{10, 0}: true, {0, 0}: false, {10, 1}: false} {
		if err := l.verdict(); (err == nil) != ok {
			t.Errorf("verdict of %+v = %v", l, err)
		}
	}
}
