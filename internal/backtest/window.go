// Package backtest says what the levels of a threshold would have done over a past window, and which level would have been
// quiet enough. It is pure: the samples are given to it, and it has no clock. Status, admission warning and command line
// all answer from it.
package backtest

import (
	"errors"
	"fmt"
	"time"
)

// Window is a past time and how often rules were evaluated in it: at Start and every Step after it until End. Start and Step
// are whole milliseconds, as Prometheus' timestamps are.
type Window struct {
	Start, End time.Time
	Step       time.Duration
}

// validate says what is wrong with the window.
func (w Window) validate() error {
	switch {
	case w.Step < time.Millisecond || w.Step%time.Millisecond != 0:
		return fmt.Errorf("the step %s of the window must be whole milliseconds, at least one", w.Step)
	case w.Start.Nanosecond()%int(time.Millisecond) != 0:
		return errors.New("the window must begin at a whole millisecond")
	case w.End.Before(w.Start):
		return errors.New("the window must not end before it begins")
	}
	return nil
}

// WindowUntil returns the window of that length that ends at the last whole step, counted from 1970, before end. So the
// evaluations of windows fall together, whenever they are asked for, as a query cache wants them.
func WindowUntil(end time.Time, length, step time.Duration) Window {
	end = end.Truncate(step)
	return Window{Start: end.Add(-length.Truncate(step)), End: end, Step: step}
}

// Evaluations is how many evaluations lie in the window, both ends included; none when the window is not valid.
func (w Window) Evaluations() int {
	if w.Step <= 0 || w.End.Before(w.Start) {
		return 0
	}
	return int(w.Length()/w.Step) + 1
}

// First returns the part of the window with its first n evaluations, or all of it when there are fewer.
func (w Window) First(n int) Window {
	if n < w.Evaluations() {
		w.End = w.at(n - 1)
	}
	return w
}

// Length is the time from the first evaluation to the end.
func (w Window) Length() time.Duration { return w.End.Sub(w.Start) }

// Thin returns a window that ends with this one and has that many steps at most, each a multiple of this one's.
func (w Window) Thin(steps int) Window {
	w.Step *= max(1, (w.Length()/time.Duration(steps)+w.Step-1)/w.Step)
	w.Start = w.End.Add(-w.Length().Truncate(w.Step))
	return w
}

// at returns the time of the n-th evaluation, counted from 0.
func (w Window) at(n int) time.Time { return w.Start.Add(time.Duration(n) * w.Step) }

// steps is how many steps it takes until at least that time has passed.
func (w Window) steps(d time.Duration) int { return int((d + w.Step - 1) / w.Step) }
