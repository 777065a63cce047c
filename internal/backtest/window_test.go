package backtest

import (
	"testing"
	"time"
)

func TestWindowUntil(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0).UTC() }
	for name, tc := range map[string]struct {
		end, length      int
		wantFrom, wantTo int
		evaluations      int
	}{
		"whole steps":    {120, 60, 60, 120, 3},
		"between steps":  {119, 60, 30, 90, 3},
		"length between": {119, 59, 60, 90, 2},
		"within a step":  {89, 29, 60, 60, 1},
		"no length":      {60, 0, 60, 60, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := WindowUntil(at(tc.end), time.Duration(tc.length)*time.Second, 30*time.Second)
			if !got.Start.Equal(at(tc.wantFrom)) || !got.End.Equal(at(tc.wantTo)) || got.Evaluations() != tc.evaluations {
				t.Errorf("window is %s to %s with %d evaluations", got.Start, got.End, got.Evaluations())
			}
		})
	}
	if n := (Window{Start: at(60), End: at(30), Step: time.Second}).Evaluations(); n != 0 {
		t.Errorf("%d evaluations in a window that ends before it begins", n)
	}
	if n := (Window{Start: at(30), End: at(60)}).Evaluations(); n != 0 {
		t.Errorf("%d evaluations without a step", n)
	}
}

func TestThin(t *testing.T) {
	const hour = time.Hour
	end := time.Unix(0, 0).UTC()
	for name, tc := range map[string]struct{ length, step, wantLength, wantStep time.Duration }{
		"a week":               {168 * hour, 30 * time.Second, 168 * hour, hour},
		"nothing to leave out": {hour, time.Minute, hour, time.Minute},
		"a multiple":           {169 * hour, 7 * time.Minute, 168 * hour, 63 * time.Minute},
		"one evaluation":       {0, time.Minute, 0, time.Minute},
	} {
		got := Window{Start: end.Add(-tc.length), End: end, Step: tc.step}.Thin(168)
		if got.Length().Truncate(hour) != tc.wantLength.Truncate(hour) || got.Step != tc.wantStep || !got.End.Equal(end) || got.Length()%got.Step != 0 {
			t.Errorf("%s: window is %s to %s every %s", name, got.Start, got.End, got.Step)
		}
	}
}
