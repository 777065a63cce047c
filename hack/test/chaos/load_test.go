package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestLeaks(t *testing.T) {
	const mib = 1 << 20
	before := load{memory: 100 * mib, goroutines: 80, leases: 1, secrets: 5, events: 10}
	for name, tc := range map[string]struct {
		grows func(*load)
		says  string // part of the error; none if empty
	}{
		"nothing":          {func(*load) {}, ""},
		"all falls":        {func(l *load) { *l = load{} }, ""},
		"a little of all":  {func(l *load) { l.memory, l.goroutines, l.events = 150*mib, 100, 14 }, ""},
		"memory":           {func(l *load) { l.memory = 300 * mib }, "300 MiB"},
		"goroutines":       {func(l *load) { l.goroutines = 400 }, "400 goroutines"},
		"a lease":          {func(l *load) { l.leases++ }, "2 leases"},
		"a secret":         {func(l *load) { l.secrets++ }, "6 secrets"},
		"events":           {func(l *load) { l.events = 10 + eventsEach + eventsAway + 1 }, "17 events"},
		"memory and lease": {func(l *load) { l.memory, l.leases = 300*mib, 2 }, "2 leases"},
	} {
		t.Run(name, func(t *testing.T) {
			now := before
			tc.grows(&now)
			err := leaks(before, now, 1, 1)
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("leaks = %v, want %q", err, tc.says)
			}
		})
	}
}

// TestReport holds the table and the exit to what came of the faults.
func TestReport(t *testing.T) {
	good := result{fault: "SIGKILL of etcd", limit: 20 * time.Second, times: 1, thresholds: 2000, changes: 100, took: 3 * time.Second}
	for name, tc := range map[string]struct {
		changes func(*result)
		row     string
		fails   bool
	}{
		"recovered":   {func(*result) {}, "3.0s 20.0s ok", false},
		"lost":        {func(r *result) { r.lost = 1 }, "FAILED", true},
		"duplicates":  {func(r *result) { r.duplicates = 1 }, "FAILED", true},
		"untold":      {func(r *result) { r.untold = 1 }, "FAILED", true},
		"late":        {func(r *result) { r.took = 21 * time.Second }, "FAILED", true},
		"a leak":      {func(r *result) { r.leak = errors.New("leak") }, "FAILED", true},
		"not tested":  {func(r *result) { r.skipped = "needs a node" }, "not tested: needs a node", false},
		"lost in all": {func(r *result) { r.lost, r.duplicates, r.took = 7, 8, time.Minute }, "7 8 0 0.0s 60.0s", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			tc.changes(&r)
			var out strings.Builder
			err := report(&out, []result{good, r})
			if (err != nil) != tc.fails || err != nil && !strings.Contains(err.Error(), r.fault) {
				t.Errorf("error = %v, want one: %t", err, tc.fails)
			}
			if text := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(text, tc.row) {
				t.Errorf("no %q in\n%s", tc.row, out.String())
			}
		})
	}
}

// TestNothingTriedIsNoProof: a run whose every fault was left out must not pass.
func TestNothingTriedIsNoProof(t *testing.T) {
	if err := report(&strings.Builder{}, nil); err == nil {
		t.Error("a run without a fault passed")
	}
	if err := report(&strings.Builder{}, []result{{fault: "x", skipped: "needs a node"}}); err == nil {
		t.Error("a run of skipped faults passed")
	}
}
