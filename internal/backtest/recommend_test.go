package backtest

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

var aWeek = Window{Start: start, End: start.Add(week), Step: 10 * time.Minute}

// quietWeek is a week at 1 with some spikes, each three evaluations long.
func quietWeek(evaluations int, spikes ...float64) *model.SampleStream {
	values := slices.Repeat([]float64{1}, evaluations)
	for i := range values {
		values[i] += float64(i%10) / 100
	}
	for i, height := range spikes {
		copy(values[10+20*i:], []float64{height, height, height})
	}
	return series(aWeek, "/chat", 0, values...)
}

func recommendation(t *testing.T, plan *rules.Plan, perWeek int, samples ...*model.SampleStream) Recommendation {
	t.Helper()
	s, err := NewSweep(aWeek, plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ingest(samples, aWeek.End); err != nil {
		t.Fatal(err)
	}
	return s.Recommend(perWeek)[0]
}

func TestRecommend(t *testing.T) {
	const full = 1009
	above := rules.Level{Severity: "warning", Comparison: rules.Above, Value: 1, Unit: signal.Seconds}
	below := rules.Level{Severity: "warning", Comparison: rules.Below, Value: 1, Unit: signal.Seconds}
	band := rules.Level{Severity: "warning", Comparison: rules.Outside, Value: 2, Lower: 1, Unit: signal.Seconds}
	size := rules.Level{Severity: "warning", Comparison: rules.Above, Value: 1, Unit: signal.Bytes}
	held := above
	held.For = 30 * time.Minute
	for _, tt := range []struct {
		name     string
		level    rules.Level
		greatest float64
		perWeek  int
		samples  *model.SampleStream
		want     *v1alpha1.Recommendation
		fires    int
		none     string
	}{
		{
			name: "the second spike is the limit", level: above, perWeek: 1, samples: quietWeek(full, 5, 3.14159, 2),
			want: &v1alpha1.Recommendation{Above: "3.2s", Because: "fires at most once a week over 7d (100% covered)"}, fires: 1,
		},
		{
			name: "a band", level: band, perWeek: 1, samples: quietWeek(full, 5, 3, 0.1),
			none: "none is made for a level with both above and below: which of the two to move is for you to say",
		},
		{
			name: "sizes", level: size, perWeek: 1, samples: quietWeek(full, 5e9, 3.14159e9, 2e9),
			want: &v1alpha1.Recommendation{Above: "3Gi", Because: "fires at most once a week over 7d (100% covered)"}, fires: 1,
		},
		{
			name: "the third at two a week", level: above, perWeek: 2, samples: quietWeek(full, 5, 3, 2),
			want: &v1alpha1.Recommendation{Above: "2s", Because: "fires at most twice a week over 7d (100% covered)"}, fires: 2,
		},
		{
			name: "with for, the spikes are too short", level: held, perWeek: 1, samples: quietWeek(full, 5, 3, 2),
			want: &v1alpha1.Recommendation{Above: "1.1s", Because: "fires at most once a week over 7d (100% covered)"},
		},
		{
			name: "below", level: below, perWeek: 1, samples: quietWeek(full, 0.1, 0.339, 0.5),
			want: &v1alpha1.Recommendation{Below: "330ms", Because: "fires at most once a week over 7d (100% covered)"}, fires: 1,
		},
		{
			name: "a part of the week is scaled, to none here", level: above, perWeek: 1, samples: quietWeek(full/2, 5, 3, 2),
			want: &v1alpha1.Recommendation{Above: "5s", Because: "does not fire over 7d (49% covered)"},
		},
		{
			name: "a little short of a week is one", level: above, perWeek: 1, samples: quietWeek(full-50, 5, 3, 2),
			want: &v1alpha1.Recommendation{Above: "3s", Because: "fires at most once a week over 7d (95% covered)"}, fires: 1,
		},
		{
			name: "below the greatest value, more digits are needed", level: above, greatest: 5, perWeek: 0, samples: quietWeek(full, 4.9876),
			want: &v1alpha1.Recommendation{Above: "4.99s", Because: "does not fire over 7d (100% covered)"},
		},
		{
			name: "too thin", level: above, perWeek: 1, samples: quietWeek(100, 5),
			none: "the signal must have had a value for at least 1d: it had one for 16h39m over 7d (9% covered)",
		},
		{
			name: "no samples", level: above, perWeek: 1, samples: quietWeek(0),
			none: "the signal must have had a value for at least 1d: it had one for 0s over 7d (0% covered)",
		},
		{
			name: "all the same", level: above, perWeek: 1, samples: series(aWeek, "/chat", 0, slices.Repeat([]float64{3}, full)...),
			none: "the value tells no level from another: it hardly changed over 7d (100% covered)",
		},
		{
			name: "at its greatest again and again", level: above, greatest: 5, perWeek: 1, samples: quietWeek(full, 5, 5, 5),
			none: "no level above which the value can cross fires so seldom over 7d (100% covered)",
		},
		{
			name: "infinite again and again", level: above, perWeek: 1, samples: quietWeek(full, math.Inf(1), math.Inf(1), math.Inf(1)),
			none: "no level above which the value can cross fires so seldom over 7d (100% covered)",
		},
		{
			name: "at zero again and again", level: below, perWeek: 1, samples: quietWeek(full, 0, 0, 0),
			none: "no level below which the value can cross fires so seldom over 7d (100% covered)",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := &rules.Plan{Levels: []rules.Level{tt.level}, Value: rules.Value{Unit: tt.level.Unit, Max: tt.greatest}}
			if tt.greatest == 0 {
				plan.Value.Max = math.Inf(1)
			}
			got := recommendation(t, plan, tt.perWeek, tt.samples)
			if tt.none != "" {
				if got.Found || got.Because != tt.none || got.Level != tt.level {
					t.Errorf("%+v, want none because %q", got, tt.none)
				}
				return
			}
			tt.want.Severity = "warning"
			if status := RecommendationStatus([]Recommendation{got}); len(status) != 1 || status[0] != *tt.want || got.Fires != tt.fires {
				t.Errorf("%+v\nfires %d, status %+v\nwant  %d, %+v", got, got.Fires, status, tt.fires, tt.want)
			}
			checkCurve(t, got, tt.samples)
		})
	}
}

// checkCurve holds every point, the recommended level among them, to Replay.
func checkCurve(t *testing.T, r Recommendation, samples *model.SampleStream) {
	t.Helper()
	if len(r.Curve) < 5 || !slices.Contains(r.Curve, Point{r.Level.Value, r.Fires}) {
		t.Errorf("the recommended level is not on the curve, or that is too short: %v", r.Curve)
	}
	for i, p := range r.Curve {
		level := r.Level
		level.Value = p.Value
		if got := replayOf(t, aWeek, []rules.Level{level}, samples).Levels[0].Fires; got != p.Fires {
			t.Errorf("the curve has %d fires for %s, replay %d", p.Fires, level, got)
		}
		if i > 0 && (p.Value < r.Curve[i-1].Value) != (level.Comparison == rules.Above) {
			t.Errorf("the curve is not in order: %v", r.Curve)
		}
	}
}

// TestRecommendedLinesAreQuiet: over made-up weeks, the recommended level as a person reads it, and every looser one, fire
// no more often than allowed.
func TestRecommendedLinesAreQuiet(t *testing.T) {
	units := []signal.Unit{signal.Seconds, signal.Percent, signal.Ratio, signal.PerSecond, signal.Bytes, signal.Number}
	found := 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		values := make([]float64, aWeek.Evaluations())
		v, scale := 0.0, math.Pow(10, float64(rng.IntN(5)-3))
		for i := range values {
			v += 0.05*(2-v) + rng.NormFloat64()*0.3
			values[i] = math.Abs(v) * scale
		}
		level := rules.Level{
			Severity: "warning", Comparison: []rules.Comparison{rules.Above, rules.Below}[rng.IntN(2)], Unit: units[rng.IntN(len(units))],
			Value: scale, For: time.Duration(rng.IntN(40)) * time.Minute, KeepFiringFor: time.Duration(rng.IntN(40)) * time.Minute,
		}
		perWeek := rng.IntN(4)
		samples := series(aWeek, "/chat", 0, values...)
		r := recommendation(t, &rules.Plan{Levels: []rules.Level{level}, Value: rules.Value{Unit: level.Unit, Max: math.Inf(1)}}, perWeek, samples)
		if !r.Found {
			continue
		}
		found++
		read, err := level.Unit.Parse(level.Unit.Format(r.Level.Value))
		if err != nil || read != r.Level.Value {
			t.Fatalf("seed %d: %v is read as %v, %v", seed, r.Level.Value, read, err)
		}
		loosest := slices.Max(values)
		if level.Comparison == rules.Below {
			loosest = slices.Min(values)
		}
		for i := range 20 {
			level.Value = read + (loosest-read)*float64(i)/20
			if fires := replayOf(t, aWeek, []rules.Level{level}, samples).Levels[0].Fires; fires > perWeek {
				t.Fatalf("seed %d: %s recommended for %d a week, but %s fires %d times", seed, r.Level, perWeek, level, fires)
			}
		}
	}
	if found < 200 {
		t.Errorf("only %d recommendations", found)
	}
}

func TestRoundUp(t *testing.T) {
	for _, tt := range []struct{ v, want float64 }{
		{0, 0}, {3.1, 3.1}, {3.10001, 3.2}, {9.91, 10}, {0.0999, 0.1}, {99.1, 100}, {0.00314, 0.0032}, {-3.14, -3.1}, {-9.99, -9.9},
		{1234, 1300}, {0.29, 0.29}, {1e-320, 1e-320}, {math.Inf(1), math.Inf(1)},
	} {
		if got := roundUp(tt.v, 2); got != tt.want {
			t.Errorf("roundUp(%v) = %v, want %v", tt.v, got, tt.want)
		}
	}
}

func TestStatus(t *testing.T) {
	w := minutes(11)
	levels := []rules.Level{
		{Severity: "warning", Comparison: rules.Above, Value: 2, Unit: signal.Number},
		{Severity: "critical", Comparison: rules.Above, Value: 9, Unit: signal.Number},
	}
	got := replayOf(t, w, levels, series(w, "/chat", 1, 1, 3, 3, 1, 1, 3, 3, 3, 1, 1)).Status(4)
	if want := w.at(6); got.Levels[0].LastFired == nil || !got.Levels[0].LastFired.Time.Equal(want) {
		t.Errorf("last fired %v, want %v", got.Levels[0].LastFired, want)
	}
	if !got.EvaluatedAt.Time.Equal(w.End) {
		t.Errorf("evaluated at %v, want %v", got.EvaluatedAt, w.End)
	}
	got.Levels[0].LastFired, got.EvaluatedAt.Time = nil, time.Time{}
	want := &v1alpha1.Backtest{
		Window: "10m", Coverage: "90%", Generation: 4, Fires: "warning 2, critical 0",
		Levels: []v1alpha1.BacktestLevel{
			{Severity: "warning", Fires: 2, Firing: "5m", Longest: "3m", WorstLabels: map[string]string{"path": "/chat"}},
			{Severity: "critical", Firing: "0s"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestFormat(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 42 * time.Minute: "42m", 90 * time.Minute: "1h30m", week: "7d", 2 * week: "14d", 25 * time.Hour: "1d1h"} {
		if got := FormatDuration(d); got != want {
			t.Errorf("FormatDuration(%s) = %s, want %s", d, got, want)
		}
	}
	for share, want := range map[float64]string{0: "0%", 0.0001: "<1%", 0.0099: "<1%", 0.01: "1%", 0.29: "29%", 0.9999: "99%", 1: "100%"} {
		if got := FormatCoverage(share); got != want {
			t.Errorf("FormatCoverage(%v) = %s, want %s", share, got, want)
		}
	}
}
