package backtest

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// decode makes a history of the bytes: two series, a sample a byte, the series in turn.
func decode(data []byte) (Window, model.Matrix) {
	var values [2][]float64
	for i, b := range data {
		v := float64(b % 8)
		switch {
		case b >= 224:
			v = math.NaN()
		case b >= 192:
			v = gone
		case b >= 184:
			v = math.Inf(1)
		}
		values[i%2] = append(values[i%2], v)
	}
	w := minutes(max(1, len(values[0])))
	var part model.Matrix
	for i, v := range values {
		if s := series(w, string(rune('a'+i)), 0, v...); len(s.Values) > 0 {
			part = append(part, s)
		}
	}
	return w, part
}

// FuzzReplay: whatever the history and the level, episodes are well formed and in order, no time is counted twice or
// beyond the window, parts give what the whole gives, and the survey agrees.
func FuzzReplay(f *testing.F) {
	f.Add([]byte{0, 5, 5, 5, 5, 0, 0, 5}, byte(0), byte(0), byte(2), byte(3), false)
	f.Add([]byte{5, 5, 200, 230, 5, 5, 0, 0, 5, 0, 0}, byte(2), byte(3), byte(4), byte(1), true)
	f.Fuzz(func(t *testing.T, data []byte, hold, keep, value, cutAt byte, below bool) {
		w, samples := decode(data[:min(len(data), 1000)])
		level := rules.Level{
			Comparison: rules.Above, Value: float64(value % 8), Unit: unit.Number,
			For: time.Duration(hold%20) * 30 * time.Second, KeepFiringFor: time.Duration(keep%20) * 30 * time.Second,
		}
		if below {
			level.Comparison = rules.Below
		}
		whole := replayOf(t, w, []rules.Level{level}, samples...)
		checkLevel(t, w, whole.Levels[0])

		first := int(cutAt) % w.Evaluations()
		r, err := NewReplay(w, []rules.Level{level})
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewSweep(w, &rules.Plan{Levels: []rules.Level{level}, Value: rules.Value{Unit: level.Unit, Min: math.Inf(-1), Max: math.Inf(1)}})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range [][2]int{{0, first}, {first + 1, w.Evaluations() - 1}} {
			if part[0] > part[1] {
				continue
			}
			between := between(samples, w.at(part[0]), w.at(part[1]))
			if err := r.Ingest(between, w.at(part[1])); err != nil {
				t.Fatal(err)
			}
			if err := s.Ingest(between, w.at(part[1])); err != nil {
				t.Fatal(err)
			}
			r.Result() // changes nothing
		}
		if parts := r.Result(); !reflect.DeepEqual(parts, whole) {
			t.Errorf("parts %+v\nwhole %+v", parts, whole)
		}
		c := s.curve(0)
		if got := c.fires(c.level.orient(level.Value)); got != whole.Levels[0].Fires {
			t.Errorf("the survey has %d fires, replay %d", got, whole.Levels[0].Fires)
		}
		s.Recommend(OnceAWeek)
	})
}

func checkLevel(t *testing.T, w Window, l LevelResult) {
	t.Helper()
	if l.Firing < 0 || l.Firing > w.Length() || l.Longest > l.Firing || l.Fires != len(l.Episodes) || (l.Fires == 0) != (l.Worst == nil) {
		t.Errorf("%+v", l)
	}
	until := map[string]time.Time{}
	for i, e := range l.Episodes {
		if i > 0 && e.FiredAt.Before(l.Episodes[i-1].FiredAt) {
			t.Errorf("episode %d fired before the one before it", i)
		}
		if e.ActiveAt.Before(w.Start) || e.FiredAt.Sub(e.ActiveAt) < l.Level.For || e.FiredAt.Sub(e.ActiveAt) >= l.Level.For+w.Step {
			t.Errorf("episode %d: active at %s, fired at %s with for %s", i, e.ActiveAt, e.FiredAt, l.Level.For)
		}
		end, of := e.ResolvedAt, e.Labels["path"]
		if end.IsZero() {
			end = w.End.Add(w.Step)
		}
		if !end.After(e.FiredAt) || end.After(w.End.Add(w.Step)) || e.ActiveAt.Before(until[of]) {
			t.Errorf("episode %d of %s: %+v, the one before it ended at %s", i, of, e, until[of])
		}
		until[of] = end
	}
}
