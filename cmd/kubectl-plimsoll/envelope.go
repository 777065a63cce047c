package main

import (
	"math"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// envelope is the worst of all series at every step: the greatest value, or the least when the line is below.
type envelope struct {
	span  promapi.Range
	below bool
	// values has NaN where no series has a value.
	values []float64
}

func newEnvelope(plan *rules.Plan, span promapi.Range) envelope {
	e := envelope{span: span, below: plan.Levels[0].Comparison == rules.Below, values: make([]float64, span.Points())}
	for i := range e.values {
		e.values[i] = math.NaN()
	}
	return e
}

// feed takes in a part of the span.
func (e *envelope) feed(part model.Matrix, _ time.Time) error {
	for _, stream := range part {
		for _, sample := range stream.Values {
			i := int(sample.Timestamp.Time().Sub(e.span.Start) / e.span.Step)
			v := float64(sample.Value)
			if i < 0 || i >= len(e.values) || math.IsNaN(v) {
				continue
			}
			worst := &e.values[i]
			if math.IsNaN(*worst) || e.below && v < *worst || !e.below && v > *worst {
				*worst = v
			}
		}
	}
	return nil
}
