package backtest

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// gone is a step without a sample.
var gone = math.Float64frombits(0x7ff0000000000123)

// series has the values at the window's evaluations from the given one on.
func series(w Window, name string, from int, values ...float64) *model.SampleStream {
	s := &model.SampleStream{Metric: model.Metric{"path": model.LabelValue(name)}}
	for i, v := range values {
		if math.Float64bits(v) != math.Float64bits(gone) {
			at := model.TimeFromUnixNano(w.at(from + i).UnixNano())
			s.Values = append(s.Values, model.SamplePair{Timestamp: at, Value: model.SampleValue(v)})
		}
	}
	return s
}

func minutes(n int) Window {
	return Window{Start: start, End: start.Add(time.Duration(n-1) * time.Minute), Step: time.Minute}
}

func replayOf(t *testing.T, w Window, levels []rules.Level, samples ...*model.SampleStream) *Result {
	t.Helper()
	r, err := NewReplay(w, levels)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Ingest(samples, w.End); err != nil {
		t.Fatal(err)
	}
	return r.Result()
}

// steps are an alert's active, fired and resolved, as evaluations; resolved is -1 for not resolved.
func steps(w Window, episodes []Episode) [][3]int {
	var all [][3]int
	for _, e := range episodes {
		at := func(t time.Time) int {
			if t.IsZero() {
				return none
			}
			return int(t.Sub(w.Start) / w.Step)
		}
		all = append(all, [3]int{at(e.ActiveAt), at(e.FiredAt), at(e.ResolvedAt)})
	}
	return all
}

func TestReplay(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		name      string
		below     bool
		hold      time.Duration
		keep      time.Duration
		values    []float64
		episodes  [][3]int
		firing    time.Duration
		longest   time.Duration
		lastFired int
	}{
		{name: "never beyond", values: []float64{1, 1, 1}},
		{name: "on the level is not beyond", values: []float64{2, 2, 2}},
		{name: "at once", values: []float64{1, 3, 1}, episodes: [][3]int{{1, 1, 2}}, firing: 1, longest: 1, lastFired: 1},
		{name: "below", below: true, values: []float64{3, 1, 3}, episodes: [][3]int{{1, 1, 2}}, firing: 1, longest: 1, lastFired: 1},
		{name: "not for long enough", hold: 2, values: []float64{3, 3, 1, 3, 3, 1}},
		{name: "just for long enough", hold: 2, values: []float64{3, 3, 3, 1}, episodes: [][3]int{{0, 2, 3}}, firing: 1, longest: 1, lastFired: 2},
		{name: "a gap ends pending", hold: 2, values: []float64{3, 3, gone, 3, 3, 1}},
		{name: "a gap resolves", values: []float64{3, gone, 3, 1}, episodes: [][3]int{{0, 0, 1}, {2, 2, 3}}, firing: 2, longest: 1, lastFired: 2},
		{name: "NaN resolves", values: []float64{3, nan, 3, 1}, episodes: [][3]int{{0, 0, 1}, {2, 2, 3}}, firing: 2, longest: 1, lastFired: 2},
		{name: "NaN is not below", below: true, values: []float64{3, nan, 3}},
		{name: "kept over a break", keep: 2, values: []float64{3, 1, 1, 3, 1, 1, 1, 1}, episodes: [][3]int{{0, 0, 6}}, firing: 6, longest: 6},
		{name: "a break that lasts too long", keep: 2, values: []float64{3, 1, 1, 1, 3, 1}, episodes: [][3]int{{0, 0, 3}, {4, 4, -1}}, firing: 4, longest: 3, lastFired: 4},
		{name: "kept over a gap", keep: 2, values: []float64{3, gone, gone, 3, gone, gone, gone}, episodes: [][3]int{{0, 0, 6}}, firing: 6, longest: 6},
		{name: "pending is not kept", hold: 2, keep: 5, values: []float64{3, 3, 1, 3, 3, 1}},
		{name: "begins at the end", values: []float64{1, 1, 3}, episodes: [][3]int{{2, 2, -1}}, lastFired: 2},
		{name: "fires to the end", values: []float64{1, 3, 3}, episodes: [][3]int{{1, 1, -1}}, firing: 1, longest: 1, lastFired: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			level := rules.Level{Comparison: rules.Above, Value: 2, For: tt.hold * time.Minute, KeepFiringFor: tt.keep * time.Minute}
			if tt.below {
				level.Comparison = rules.Below
			}
			w := minutes(len(tt.values))
			got := replayOf(t, w, []rules.Level{level}, series(w, "/chat", 0, tt.values...)).Levels[0]
			if s := steps(w, got.Episodes); !reflect.DeepEqual(s, tt.episodes) {
				t.Errorf("episodes = %v, want %v", s, tt.episodes)
			}
			want := LevelResult{Level: level, Fires: len(tt.episodes), Firing: tt.firing * time.Minute, Longest: tt.longest * time.Minute}
			if want.Fires > 0 {
				want.LastFired, want.Worst = w.at(tt.lastFired), map[string]string{"path": "/chat"}
			}
			got.Episodes = nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// TestSeveralSeries: fires add up, firing time does not, and the worst series is the one that fired longest.
func TestSeveralSeries(t *testing.T) {
	w := minutes(10)
	got := replayOf(t, w, []rules.Level{{Comparison: rules.Above, Value: 2}},
		series(w, "/a", 0, 3, 3, 1, 1, 3, 1),
		series(w, "/b", 1, 3, 3, 3, 3, 1),
		series(w, "/c", 8, 1))
	l := got.Levels[0]
	if l.Fires != 3 || l.Firing != 5*time.Minute || l.Longest != 4*time.Minute || l.Worst["path"] != "/b" {
		t.Errorf("%+v", l)
	}
	if got.Coverage != 0.7 {
		t.Errorf("coverage = %v, want 0.7", got.Coverage)
	}
}

func TestFeedRefusesWhatIsNotARangeQuery(t *testing.T) {
	w := minutes(10)
	late := series(w, "/a", 0, 1)
	late.Values[0].Timestamp++
	backwards := series(w, "/a", 0, 1, 2, 3)
	backwards.Values[1], backwards.Values[2] = backwards.Values[2], backwards.Values[1]
	named := series(w, "/a", 0, 1)
	named.Metric["__name__"] = "up"
	for name, part := range map[string]model.Matrix{
		"between evaluations": {late},
		"out of order":        {backwards},
		"past the part":       {series(w, "/a", 4, 1, 1)},
		"the same twice":      {series(w, "/a", 0, 1), named},
	} {
		r, err := NewReplay(w, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Ingest(part, w.at(4)); err == nil {
			t.Errorf("%s: fed", name)
		}
	}
	for name, w := range map[string]Window{
		"no step":        {Start: start, End: start},
		"a fine step":    {Start: start, End: start, Step: time.Microsecond},
		"an early end":   {Start: start, End: start.Add(-1), Step: time.Second},
		"a finer start":  {Start: start.Add(1), End: start.Add(time.Hour), Step: time.Second},
		"a twisted step": {Start: start, End: start, Step: time.Second + 1},
	} {
		if _, err := NewReplay(w, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestFeedRefusesAPartOutOfTurn(t *testing.T) {
	w := minutes(10)
	r, err := NewReplay(w, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range []struct {
		through int
		fed     bool
	}{{4, true}, {4, false}, {10, false}, {9, true}} {
		if err := r.Ingest(nil, w.at(part.through)); (err == nil) != part.fed {
			t.Errorf("part %d: %v", i, err)
		}
	}
}
