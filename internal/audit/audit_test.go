package audit

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/bucket"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// did is the result of a rule whose alert fired from and to those minutes, by turns, in an hour.
func did(minutes ...int) *backtest.Result {
	level := backtest.LevelResult{Fires: (len(minutes) + 1) / 2}
	for i := 0; i < len(minutes); i += 2 {
		e := backtest.Episode{Labels: map[string]string{"a": "b"}, FiredAt: start.Add(time.Duration(minutes[i]) * time.Minute)}
		end := start.Add(time.Hour)
		if i+1 < len(minutes) {
			end = start.Add(time.Duration(minutes[i+1]) * time.Minute)
			e.ResolvedAt = end
		}
		level.Firing += end.Sub(e.FiredAt)
		level.LastFired = e.FiredAt
		level.Episodes = append(level.Episodes, e)
	}
	return &backtest.Result{Window: backtest.Window{Start: start, End: start.Add(time.Hour), Step: time.Minute}, Levels: []backtest.LevelResult{level}}
}

func TestJudge(t *testing.T) {
	histogram := bucket.Known("x", []float64{1, 10})
	failing := did()
	failing.Failed, failing.Failure = 3, errors.New("many-to-many")
	for name, tc := range map[string]struct {
		expr      string
		For       time.Duration
		did       *backtest.Result
		err       error
		refused   bool
		notLoaded bool
		absent    string
		want      string
	}{
		"quiet":                        {expr: "up == 0", did: did()},
		"noisy":                        {expr: "up == 0", did: did(1, 2, 4, 5)},
		"absent":                       {expr: "gone > 1", did: did(), absent: "gone", want: "NoData: gone is absent, at all times of the window"},
		"other labels":                 {expr: `up{job="x"} == 0`, did: did(), absent: `up{job="x"}`, want: `NoData: up has series, but none is up{job="x"}`},
		"absent, which is the point":   {expr: "absent(gone)", did: did(0), absent: "gone", want: "AlwaysFiring: "},
		"absent, but fired":            {expr: "gone > 1", did: did(5, 6), absent: "gone"},
		"absent in part":               {expr: "gone > 1 or up == 0", did: did(), absent: "gone"},
		"contradiction":                {expr: "up > 1 < 0", did: did(), want: "CannotFire: no value meets up > 1 < 0"},
		"always":                       {expr: "up == 1", did: did(0), want: "AlwaysFiring: some alert fired throughout"},
		"always, after for":            {expr: "up == 1", For: 5 * time.Minute, did: did(5), want: "AlwaysFiring: "},
		"since later":                  {expr: "up == 1", did: did(1)},
		"a dead man's switch":          {expr: "vector(1)", did: did(0)},
		"fails at times":               {expr: "up == 1", did: failing, want: "Fails: 3 of 61 evaluations fail: many-to-many"},
		"refused":                      {expr: "up == 1", err: errors.New("no such function"), refused: true, want: "Fails: no such function"},
		"no answer":                    {expr: "up == 1", err: errors.New("timeout"), want: "Unknown: timeout"},
		"short for":                    {expr: "up == 0", For: time.Minute, did: did(), want: "ShortFor: for 1m is shorter than two evaluations, which are 1m apart: write for 2m or more"},
		"for of two evaluations":       {expr: "up == 0", For: 2 * time.Minute, did: did()},
		"not loaded":                   {expr: "up == 0", did: did(), notLoaded: true, want: "NotLoaded: "},
		"at the highest bucket":        {expr: "histogram_quantile(0.9, x_bucket) > 10", did: did(), want: "CannotFire: the buckets of x end at 10: they show no value > 10"},
		"the highest bucket included":  {expr: "histogram_quantile(0.9, x_bucket) >= 10", did: did()},
		"below all buckets":            {expr: "histogram_quantile(0.9, x_bucket) < 0", did: did(), want: "CannotFire: the buckets of x end at 10: they show no value < 0"},
		"inside the buckets":           {expr: "histogram_quantile(0.9, x_bucket) > 5", did: did()},
		"above old buckets, but fired": {expr: "histogram_quantile(0.9, x_bucket) > 10", did: did(1, 2)},
		"two": {
			expr: "gone > 1 < 0", For: time.Second, did: did(), absent: "gone",
			want: "CannotFire: no value meets gone > 1 < 0; NoData: gone is absent, at all times of the window; ShortFor: ",
		},
	} {
		rule := alert.Rule{Ref: alert.Ref{Group: "g", Name: name}, Evaluation: alert.Evaluation{Interval: time.Minute}, Expr: tc.expr, For: tc.For}
		var buckets *bucket.Histogram
		if strings.Contains(tc.expr, "histogram_quantile") {
			buckets = &histogram
		}
		got := Judge(rule, Evidence{
			Query: alert.Query{Expr: tc.expr}, Result: tc.did, Err: tc.err, IsRefused: tc.refused, IsNotLoaded: tc.notLoaded,
			Absent: func(s alert.Selector) bool { return s.Text == tc.absent }, Buckets: buckets,
		})
		var texts []string
		for _, p := range got.Problems {
			texts = append(texts, string(p.Kind)+": "+p.Message)
		}
		if text := strings.Join(texts, "; "); !strings.HasPrefix(text, tc.want) || tc.want == "" && text != "" {
			t.Errorf("%s: %q, want %q", name, text, tc.want)
		}
	}
}

func TestReport(t *testing.T) {
	var all []Rule
	for name, result := range map[string]*backtest.Result{
		"flapping": did(0, 5, 15, 20, 31, 32), "long": did(10), "quiet": did(), "short": did(10, 11), "silent": did(),
	} {
		rule := alert.Rule{Ref: alert.Ref{Group: "g", Name: name}, Expr: "up == 0"}
		all = append(all, Judge(rule, Evidence{Result: result, IsNotLoaded: name == "silent"}))
	}
	report := NewReport(did().Window, 6, all)
	var names []string
	for _, r := range report.Rules {
		names = append(names, r.Alert)
	}
	if want := []string{"flapping", "long", "short", "silent", "quiet"}; !slices.Equal(names, want) || report.Fires != 5 || report.Total != 6 {
		t.Errorf("%d fires of %s, want 5 of %s", report.Fires, names, want)
	}
	if first := report.Rules[0]; first.Flaps != 1 || first.Share != 0.6 || first.Firing != "11m" || first.String() != "g/flapping" {
		t.Errorf("first = %+v, want one flap and a share of 0.6", first)
	}
	loaded := []alert.Rule{{Ref: alert.Ref{Group: "g", Name: "A", Object: "/etc/rules.yaml"}}}
	for _, r := range []alert.Rule{{Ref: alert.Ref{Group: "h", Name: "A"}}, {Ref: alert.Ref{Group: "g", Name: "B"}}} {
		if IsLoaded(r, loaded) || !IsLoaded(loaded[0], loaded) {
			t.Errorf("%s is loaded", r.Ref)
		}
	}
}
