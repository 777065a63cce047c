package rules

import (
	"math"
	"testing"
)

func TestLevel(t *testing.T) {
	tests := map[string]struct {
		level    Level
		value    float64
		crossed  bool
		distance float64
	}{
		"above, under it":  {Level{Comparison: Above, Value: 2}, 1.5, false, 0.5},
		"above, at it":     {Level{Comparison: Above, Value: 2}, 2, false, 0},
		"above, over it":   {Level{Comparison: Above, Value: 2}, 3, true, -1},
		"below, over it":   {Level{Comparison: Below, Value: 2}, 3, false, 1},
		"below, at it":     {Level{Comparison: Below, Value: 2}, 2, false, 0},
		"below, under it":  {Level{Comparison: Below, Value: 2}, 1.5, true, -0.5},
		"band, inside":     {Level{Comparison: Outside, Value: 5, Lower: 2}, 3, false, 1},
		"band, at its top": {Level{Comparison: Outside, Value: 5, Lower: 2}, 5, false, 0},
		"band, over it":    {Level{Comparison: Outside, Value: 5, Lower: 2}, 6, true, -1},
		"band, at its end": {Level{Comparison: Outside, Value: 5, Lower: 2}, 2, false, 0},
		"band, under it":   {Level{Comparison: Outside, Value: 5, Lower: 2}, 0, true, -2},
		"band, infinite":   {Level{Comparison: Outside, Value: 5, Lower: 2}, math.Inf(-1), true, math.Inf(-1)},
		"no number, band":  {Level{Comparison: Outside, Value: 5, Lower: 2}, math.NaN(), false, math.NaN()},
		"no number, above": {Level{Comparison: Above, Value: 2}, math.NaN(), false, math.NaN()},
		"no number, below": {Level{Comparison: Below, Value: 2}, math.NaN(), false, math.NaN()},
		"infinite, above":  {Level{Comparison: Above, Value: 2}, math.Inf(1), true, math.Inf(-1)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if crossed := tt.level.Crossed(tt.value); crossed != tt.crossed {
				t.Errorf("Crossed(%v) = %v", tt.value, crossed)
			}
			distance := tt.level.Distance(tt.value)
			if distance != tt.distance && !(math.IsNaN(distance) && math.IsNaN(tt.distance)) {
				t.Errorf("Distance(%v) = %v, want %v", tt.value, distance, tt.distance)
			}
			if tt.level.Worse(tt.level.Value, tt.value) && tt.crossed {
				t.Error("the level is worse than a value that crosses it")
			}
		})
	}
}
