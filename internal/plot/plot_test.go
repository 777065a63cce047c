package plot

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden files anew")

var start = time.Date(2026, 11, 17, 6, 30, 0, 0, time.UTC)

func at(step int) time.Time { return start.Add(time.Duration(step) * 30 * time.Second) }

func seconds(v float64) string { return fmt.Sprintf("%.3gs", v) }

// week is a slow wave with a gap, a spike over both lines and a plateau between them.
func week() Chart {
	values := make([]float64, 20161)
	for i := range values {
		switch {
		case i > 4000 && i < 5000:
			values[i] = math.NaN()
		case i > 9000 && i < 9200:
			values[i] = 6
		case i > 15000 && i < 15900:
			values[i] = 2.8
		default:
			values[i] = 1.2 + math.Sin(float64(i)/1500)/2
		}
	}
	return Chart{
		Start: start, End: at(20160), Values: values, Format: seconds,
		Lines: []Line{
			{"warning", 2, []Span{{at(9020), at(9200)}, {at(15020), at(15900)}}},
			{"critical", 5, []Span{{at(9020), at(9200)}}},
		},
	}
}

// TestDraw compares charts with what they looked like when somebody looked at them.
func TestDraw(t *testing.T) {
	nothing := slice(10, math.NaN())
	for name, tc := range map[string]struct {
		chart Chart
		width int
	}{
		"week":        {week(), 80},
		"narrow":      {week(), 40},
		"flat":        {Chart{Start: start, End: at(9), Values: slice(10, 3), Format: seconds}, 40},
		"nothing":     {Chart{Start: start, End: at(9), Values: nothing, Format: seconds, Lines: []Line{{Name: "warning", Value: 2}}}, 40},
		"below zero":  {Chart{Start: start, End: at(9), Values: []float64{-2, -1, 0, 1, 2, math.Inf(1), 2, 1, 0, -1}, Format: seconds, Lines: []Line{{Name: "w", Value: -1}}}, 40},
		"no value":    {Chart{Start: start, End: start, Format: seconds}, 40},
		"little room": {week(), 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := tc.chart.Draw(tc.width)
			for line := range strings.Lines(got) {
				if n := utf8.RuneCountInString(strings.TrimSpace(line)); n > max(tc.width, least+12) {
					t.Errorf("a line has %d characters, want at most %d: %s", n, tc.width, line)
				}
			}
			path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s: chart is\n%s\nwant\n%s\n(go test -update writes it anew)", path, got, want)
			}
		})
	}
}

func slice(n int, v float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = v
	}
	return values
}
