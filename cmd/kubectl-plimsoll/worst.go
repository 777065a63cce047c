package main

import (
	"math"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/sample"
)

// worstSeries is the worst value of all series at every step: the greatest, or the least when levels are below, or the furthest
// outside a band.
type worstSeries struct {
	window backtest.Window
	level  rules.Level
	// values has NaN where no series has a value.
	values []float64
}

func newWorstSeries(level rules.Level, window backtest.Window) worstSeries {
	w := worstSeries{window: window, level: level, values: make([]float64, window.Evaluations())}
	for i := range w.values {
		w.values[i] = math.NaN()
	}
	return w
}

// add takes in a part of the window.
func (w *worstSeries) add(part model.Matrix, _ time.Time) error {
	for _, stream := range part {
		for _, one := range stream.Values {
			i := int(one.Timestamp.Time().Sub(w.window.Start) / w.window.Step)
			v := float64(one.Value)
			if i < 0 || i >= len(w.values) || !sample.IsNumber(v) {
				continue
			}
			if worst := &w.values[i]; math.IsNaN(*worst) || w.level.Worse(v, *worst) {
				*worst = v
			}
		}
	}
	return nil
}
