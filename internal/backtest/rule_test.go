package backtest

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
)

func ruleReplay(t *testing.T, w Window, rule alert.Rule) *Replay {
	t.Helper()
	rule.Name = "A"
	r, err := NewRuleReplay(w, rule)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRuleReplay: a sample is an alert whatever its value is; the rest is Prometheus' own way with failures and limits.
func TestRuleReplay(t *testing.T) {
	m := time.Minute
	for name, tc := range map[string]struct {
		rule   alert.Rule
		series [][]float64
		// labels are the series', path otherwise.
		want   [][3]int
		failed int
	}{
		"any value":        {series: [][]float64{{gone, 0, math.NaN(), -1, gone}}, want: [][3]int{{1, 1, 4}}},
		"for":              {rule: alert.Rule{For: 2 * m}, series: [][]float64{{1, 1, gone, 1, 1, 1, gone}}, want: [][3]int{{3, 5, 6}}},
		"keep_firing_for":  {rule: alert.Rule{KeepFiringFor: 2 * m}, series: [][]float64{{1, gone, 1, gone, gone, gone}}, want: [][3]int{{0, 0, 5}}},
		"changing labels":  {rule: alert.Rule{Labels: map[string]string{"v": "{{ $value }}"}}, series: [][]float64{{1, 1, 2, 2, gone}}, want: [][3]int{{0, 0, 2}, {2, 2, 4}}},
		"the same labels":  {rule: alert.Rule{Labels: map[string]string{"path": "all"}}, series: [][]float64{{1, 1, 1, gone}, {gone, 1, gone, gone}}, want: [][3]int{{0, 0, 3}}, failed: 1},
		"a failure counts": {rule: alert.Rule{For: 2 * m, Labels: map[string]string{"path": ""}}, series: [][]float64{{1, 1, 1, 1, gone}, {gone, gone, 1, gone, gone}}, want: [][3]int{{0, 3, 4}}, failed: 1},
		"one takes over":   {rule: alert.Rule{Labels: map[string]string{"path": ""}}, series: [][]float64{{1, 1, gone, gone}, {gone, gone, 1, gone}}, want: [][3]int{{0, 0, 3}}},
		"under the limit":  {rule: alert.Rule{Evaluation: alert.Evaluation{Limit: 2}}, series: [][]float64{{1, 1, gone}, {1, gone, gone}}, want: [][3]int{{0, 0, 2}, {0, 0, 1}}},
		"over the limit":   {rule: alert.Rule{Evaluation: alert.Evaluation{Limit: 1}}, series: [][]float64{{1, 1, 1, 1}, {gone, 1, gone, gone}}, want: [][3]int{{0, 0, 1}, {2, 2, none}}, failed: 1},
		"pending counts":   {rule: alert.Rule{For: m, Evaluation: alert.Evaluation{Limit: 1}}, series: [][]float64{{1, 1, 1, 1, 1}, {gone, gone, 1, gone, gone}}, want: [][3]int{{0, 1, 2}, {3, 4, none}}, failed: 1},
		"kept ones count":  {rule: alert.Rule{KeepFiringFor: 5 * m, Evaluation: alert.Evaluation{Limit: 1}}, series: [][]float64{{1, gone, gone}, {gone, gone, 1}}, want: [][3]int{{0, 0, 2}}, failed: 1},
	} {
		for _, parts := range []int{1, 2, 99} {
			w := minutes(len(tc.series[0]))
			r := ruleReplay(t, w, tc.rule)
			var all model.Matrix
			for i, values := range tc.series {
				if s := series(w, string(rune('a'+i)), 0, values...); len(s.Values) > 0 {
					all = append(all, s)
				}
			}
			size := max(1, w.Evaluations()/parts)
			for at := size - 1; ; at += size {
				through := w.at(min(at, w.Evaluations()-1))
				if err := r.Ingest(cutUntil(all, model.TimeFromUnixNano(through.UnixNano())), through); err != nil {
					t.Fatal(err)
				}
				if !through.Before(w.End) {
					break
				}
			}
			result := r.Result()
			if got := steps(w, result.Levels[0].Episodes); !reflect.DeepEqual(got, tc.want) || result.Failed != tc.failed {
				t.Errorf("%s, in %d parts: episodes %v, %d failed, want %v, %d", name, parts, got, result.Failed, tc.want, tc.failed)
			}
		}
	}
}

// TestFail: an evaluation that the server refuses changes no alert.
func TestFail(t *testing.T) {
	w := minutes(6)
	r := ruleReplay(t, w, alert.Rule{For: time.Minute, KeepFiringFor: 2 * time.Minute})
	ingest := func(at int, value float64) {
		if err := r.Ingest(model.Matrix{series(w, "a", at, value)}, w.at(at)); err != nil {
			t.Fatal(err)
		}
	}
	refused := errors.New("many-to-many")
	ingest(0, 1)
	if err := r.Fail(w.at(1), refused); err != nil {
		t.Fatal(err)
	}
	ingest(2, 1)
	ingest(3, gone)
	if err := r.Fail(w.at(5), refused); !errors.Is(err, ErrReplay) {
		t.Errorf("a failure out of order: %v", err)
	}
	if err := r.Fail(w.at(4), refused); err != nil {
		t.Fatal(err)
	}
	ingest(5, gone)
	result := r.Result()
	if got := steps(w, result.Levels[0].Episodes); !reflect.DeepEqual(got, [][3]int{{0, 2, 5}}) || result.Failed != 2 || !errors.Is(result.Failure, refused) {
		t.Errorf("episodes %v, failed %d, %v", got, result.Failed, result.Failure)
	}
}

// TestRuleOffset: the samples lie the query offset before the evaluations.
func TestRuleOffset(t *testing.T) {
	w, offset := minutes(3), 90*time.Second
	r := ruleReplay(t, w, alert.Rule{Evaluation: alert.Evaluation{QueryOffset: &offset}})
	asked := r.QueryWindow()
	if !asked.Start.Equal(w.Start.Add(-offset)) || !asked.End.Equal(w.End.Add(-offset)) {
		t.Errorf("asked for %+v", asked)
	}
	if err := r.Ingest(model.Matrix{series(asked, "a", 0, gone, 1, gone)}, asked.End); err != nil {
		t.Fatal(err)
	}
	episodes := r.Result().Levels[0].Episodes
	if got := steps(w, episodes); !reflect.DeepEqual(got, [][3]int{{1, 1, 2}}) || episodes[0].Labels["alertname"] != "A" {
		t.Errorf("episodes %v of %v", got, episodes)
	}
}

// TestHistogramIsAnAlert: a native histogram is a sample as a number is.
func TestHistogramIsAnAlert(t *testing.T) {
	w := minutes(3)
	r := ruleReplay(t, w, alert.Rule{Labels: map[string]string{"v": "{{ $value }}"}})
	s := series(w, "a", 0, gone, gone, 3)
	s.Histograms = []model.SampleHistogramPair{{Timestamp: model.TimeFromUnixNano(w.at(1).UnixNano()), Histogram: &model.SampleHistogram{}}}
	if err := r.Ingest(model.Matrix{s}, w.End); err != nil {
		t.Fatal(err)
	}
	if got := steps(w, r.Result().Levels[0].Episodes); !reflect.DeepEqual(got, [][3]int{{1, 1, 2}, {2, 2, none}}) {
		t.Errorf("episodes %v", got)
	}
}

func TestRuleWindow(t *testing.T) {
	end := time.Date(2026, 3, 1, 10, 0, 30, 0, time.UTC)
	for name, tc := range map[string]struct {
		rule  alert.Rule
		start string
	}{
		"in whole steps": {alert.Rule{}, "09:00:00"},
		"when the group is evaluated": {
			alert.Rule{Evaluation: alert.Evaluation{At: time.Date(2026, 2, 1, 0, 0, 17, 123456789, time.UTC)}}, "09:00:17.123",
		},
		"not after the end": {alert.Rule{Evaluation: alert.Evaluation{At: time.Date(2026, 2, 1, 0, 0, 42, 0, time.UTC)}}, "08:59:42"},
		"in its interval":   {alert.Rule{Evaluation: alert.Evaluation{Interval: 30 * time.Second}}, "09:00:30"},
	} {
		w := RuleWindow(end, time.Hour, time.Minute, tc.rule)
		if got := w.Start.Format("15:04:05.999"); got != tc.start || w.Length() != time.Hour || w.validate() != nil {
			t.Errorf("%s: the window is %s to %s every %s, want %s", name, got, w.End, w.Step, tc.start)
		}
		if strings.Contains(name, "interval") && w.Step != 30*time.Second {
			t.Errorf("step %s", w.Step)
		}
	}
}
