package history

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func minutes(n int) backtest.Window {
	return backtest.Window{Start: start, End: start.Add(time.Duration(n-1) * time.Minute), Step: time.Minute}
}

// streamOf has the values at the window's evaluations from one on, but for those that are absent.
func streamOf(w backtest.Window, name string, from int, values ...float64) *model.SampleStream {
	s := &model.SampleStream{Metric: model.Metric{"path": model.LabelValue(name)}}
	for i, v := range values {
		if !isAbsent(v) {
			at := w.Start.Add(time.Duration(from+i) * w.Step)
			s.Values = append(s.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(at.UnixNano()), Value: model.SampleValue(v)})
		}
	}
	return s
}

// cut hands the parts of the whole to all ingesters, as a range query would give them.
func cut(t *testing.T, rng *rand.Rand, w backtest.Window, whole model.Matrix, ingesters ...func(model.Matrix, time.Time) error) {
	t.Helper()
	for next := 0; next < w.Evaluations(); {
		end := next + 1 + rng.IntN(w.Evaluations()-next)
		from, to := w.Start.Add(time.Duration(next)*w.Step), w.Start.Add(time.Duration(end-1)*w.Step)
		var part model.Matrix
		for _, s := range whole {
			between := &model.SampleStream{Metric: s.Metric}
			for _, v := range s.Values {
				if at := v.Timestamp.Time(); !at.Before(from) && !at.After(to) {
					between.Values = append(between.Values, v)
				}
			}
			if len(between.Values) > 0 {
				part = append(part, between)
			}
		}
		for _, ingest := range ingesters {
			if err := ingest(part, to); err != nil {
				t.Fatal(err)
			}
		}
		next = end
	}
}

// history makes up series that rise and fall slowly or flap, with gaps, NaN, ties and infinities; blocks of all kinds among them.
func history(rng *rand.Rand) (backtest.Window, model.Matrix) {
	w := minutes(1 + rng.IntN([]int{70, 3 * blockSize}[rng.IntN(2)]))
	var whole model.Matrix
	for i := range 1 + rng.IntN(4) {
		from := rng.IntN(2) * rng.IntN(w.Evaluations())
		v, calm := float64(rng.IntN(6)), 1+rng.IntN([]int{10, 5000}[rng.IntN(2)])
		flaws := rng.IntN(3) > 0
		var values []float64
		for range max(rng.IntN(2)*(w.Evaluations()-from), rng.IntN(w.Evaluations()-from+1)) {
			if rng.IntN(calm) == 0 {
				v = float64(rng.IntN(6))
			}
			x := v
			if flaws {
				switch rng.IntN(12 * calm) {
				case 0:
					x = absent
				case 1:
					x = math.NaN()
				case 2:
					x = math.Inf(1 - 2*rng.IntN(2))
				}
			}
			values = append(values, x)
		}
		whole = append(whole, streamOf(w, string(rune('a'+i)), from, values...))
	}
	return w, whole
}

func randomLevel(rng *rand.Rand) rules.Level {
	l := rules.Level{
		Severity: "warning", Unit: unit.Number, Comparison: []rules.Comparison{rules.Above, rules.Below, rules.Outside}[rng.IntN(3)],
		Value:         float64(rng.IntN(13)-1) / 2,
		For:           time.Duration(rng.IntN(3)*rng.IntN(300)) * 20 * time.Second,
		KeepFiringFor: time.Duration(rng.IntN(3)*rng.IntN(300)) * 20 * time.Second,
	}
	if l.Comparison == rules.Outside {
		l.Lower = l.Value - float64(1+rng.IntN(4))/2
	}
	return l
}

// checkReplay holds the replay to that of backtest: all counts, durations and episodes.
func checkReplay(t *testing.T, s *Samples, want *backtest.Result) {
	t.Helper()
	level := want.Levels[0]
	c := s.collect(level.Level)
	checkResult(t, c.result(), level)
	if s.Coverage() != want.Coverage {
		t.Fatalf("covered %g, want %g", s.Coverage(), want.Coverage)
	}
	for i, e := range c.longestEpisodes {
		labels := map[string]string{}
		for name, v := range s.series[e.series].metric {
			labels[string(name)] = string(v)
		}
		if !maps.Equal(labels, level.Episodes[i].Labels) {
			t.Fatalf("episode %d is of %v, want %v", i, labels, level.Episodes[i].Labels)
		}
	}
}

// checkResult holds a result, of no more than MaxEpisodes, to that of backtest.
func checkResult(t *testing.T, got *Result, want backtest.LevelResult) {
	t.Helper()
	if got.Fires != want.Fires || got.Firing != want.Firing || got.Longest != want.Longest || len(got.Episodes) != len(want.Episodes) {
		t.Fatalf("%+v: %d fires, firing %s, longest %s; want %d, %s, %s", want.Level, got.Fires, got.Firing, got.Longest, want.Fires, want.Firing, want.Longest)
	}
	series := map[string]bool{}
	for i, e := range got.Episodes {
		one := want.Episodes[i]
		series[fmt.Sprint(one.Labels)] = true
		if !e.ActiveAt.Equal(one.ActiveAt) || !e.FiredAt.Equal(one.FiredAt) || e.IsOpen != one.ResolvedAt.IsZero() || !e.IsOpen && !e.ResolvedAt.Equal(one.ResolvedAt) {
			t.Fatalf("%+v: episode %+v, want %+v", want.Level, e, one)
		}
	}
	began := 0
	for _, n := range got.Began {
		began += int(n)
	}
	if got.Series != len(series) || began != got.Fires {
		t.Fatalf("%d series, want %d; %d began of %d", got.Series, len(series), began, got.Fires)
	}
}

func replayBoth(t *testing.T, rng *rand.Rand, w backtest.Window, whole model.Matrix, level rules.Level) (*Samples, *backtest.Result) {
	t.Helper()
	s := NewSamples(w)
	r, err := backtest.NewReplay(w, []rules.Level{level})
	if err != nil {
		t.Fatal(err)
	}
	cut(t, rng, w, whole, s.Ingest, r.Ingest)
	return s, r.Result()
}

// TestReplayIsBacktest: over generated histories and levels, the replay of held samples is backtest's.
func TestReplayIsBacktest(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 7))
		w, whole := history(rng)
		level := randomLevel(rng)
		s, want := replayBoth(t, rng, w, whole, level)
		checkReplay(t, s, want)
		c := newCrossing(level)
		for _, one := range s.series {
			for k, b := range one.blocks {
				switch {
				case b == nil:
					seen["nil"]++
				case c.none(b):
					seen["none"]++
				case b.numbers == min(blockSize, s.next-k*blockSize) && c.all(b):
					seen["all"]++
				default:
					seen["mixed"]++
				}
			}
		}
		for _, e := range want.Levels[0].Episodes {
			seen["episode"]++
			if e.ResolvedAt.IsZero() {
				seen["open"]++
			}
			if e.FiredAt.After(e.ActiveAt) {
				seen["for"]++
			}
		}
	}
	for what, least := range map[string]int{"nil": 500, "none": 1000, "all": 500, "mixed": 1000, "episode": 1000, "open": 300, "for": 300} {
		if seen[what] < least {
			t.Errorf("%s: %d times, want at least %d", what, seen[what], least)
		}
	}
}

// FuzzReplay: whatever the history and the level, the replay is backtest's.
func FuzzReplay(f *testing.F) {
	f.Add([]byte{0, 5, 5, 5, 5, 0, 0, 5}, uint16(0), uint16(0), byte(2), byte(0), uint64(1))
	f.Add([]byte{5, 5, 200, 230, 5, 5, 0, 0, 5, 0, 0}, uint16(2), uint16(3), byte(4), byte(1), uint64(2))
	f.Add([]byte{255, 6, 193, 2, 255, 6}, uint16(600), uint16(600), byte(4), byte(2), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, forMinutes, keepMinutes uint16, value, comparison byte, seed uint64) {
		values := make([]float64, 0, len(data))
		for i := 0; i < len(data) && len(values) < 4*blockSize; i++ {
			v, n := float64(data[i]%8), 1
			switch b := data[i]; {
			case b >= 250:
				n = blockSize / 2 // of the value after it
				if i++; i < len(data) {
					v = float64(data[i] % 8)
				}
			case b >= 224:
				v = math.NaN()
			case b >= 192:
				v = absent
			case b >= 188:
				v = math.Inf(-1)
			case b >= 184:
				v = math.Inf(1)
			}
			for range n {
				values = append(values, v)
			}
		}
		w := minutes(max(1, len(values)))
		level := rules.Level{
			Comparison: []rules.Comparison{rules.Above, rules.Below, rules.Outside}[comparison%3], Value: float64(value % 8), Lower: float64(value%8) - 2,
			Unit: unit.Number, For: time.Duration(forMinutes) * time.Minute / 2, KeepFiringFor: time.Duration(keepMinutes) * time.Minute / 2,
		}
		if level.Comparison != rules.Outside {
			level.Lower = 0
		}
		whole := model.Matrix{streamOf(w, "a", 0, values...), streamOf(w, "b", 0, slices.Concat(values[len(values)/2:], values[:len(values)/2])...)}
		whole = slices.DeleteFunc(whole, func(s *model.SampleStream) bool { return len(s.Values) == 0 })
		s, want := replayBoth(t, rand.New(rand.NewPCG(seed, 1)), w, whole, level)
		checkReplay(t, s, want)
	})
}

// benchSamples are four weeks of 100 series every 30 seconds: 8 million samples of noise around 1.
func benchSamples(b testing.TB) *Samples {
	w := backtest.Window{Start: start, End: start.Add(4*7*24*time.Hour - 30*time.Second), Step: 30 * time.Second}
	s := NewSamples(w)
	rng := rand.New(rand.NewPCG(1, 2))
	last := make([]float64, 100)
	const points = 2750
	for next := 0; next < w.Evaluations(); next += points {
		n := min(points, w.Evaluations()-next)
		part := make(model.Matrix, len(last))
		for i := range part {
			values := make([]float64, n)
			for j := range values {
				last[i] += 0.02*(1-last[i]) + rng.NormFloat64()*0.12
				values[j] = last[i]
			}
			part[i] = streamOf(w, fmt.Sprint("/", i), next, values...)
		}
		if err := s.Ingest(part, s.at(next+n-1)); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkReplay replays one moved level over 8 million samples. The worst is in the middle of the noise, where no block lies on one side.
func BenchmarkReplay(b *testing.B) {
	s := benchSamples(b)
	for _, value := range []float64{0, 1, 1.5, 2, 2.5, 3} {
		for _, forDuration := range []time.Duration{0, 5 * time.Minute} {
			b.Run(fmt.Sprintf("%g/%s", value, forDuration), func(b *testing.B) {
				level := rules.Level{Comparison: rules.Above, Value: value, Unit: unit.Number, For: forDuration}
				fires := 0
				for b.Loop() {
					fires = s.Replay(level).Fires
				}
				b.ReportMetric(float64(fires), "fires")
				b.ReportMetric(float64(s.count)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Msamples/s")
			})
		}
	}
}
