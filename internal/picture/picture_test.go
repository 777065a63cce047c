package picture

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/plot"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

var start = time.Date(2026, 11, 17, 6, 30, 0, 0, time.UTC)

func at(step int) time.Time { return start.Add(time.Duration(step) * 30 * time.Second) }

// week is a wave with noise, a gap, a spike over both lines and a plateau between them.
func week() Picture {
	values := make([]float64, 20161)
	for i := range values {
		noise := 0.25 * math.Sin(float64(i)*1.7) * math.Sin(float64(i)/37)
		switch {
		case i > 4000 && i < 5000:
			values[i] = math.NaN()
		case i > 9000 && i < 9200:
			values[i] = 6
		case i > 15000 && i < 15900:
			values[i] = 2.8 + noise/2
		default:
			values[i] = 1.2 + math.Sin(float64(i)/1500)/2 + noise
		}
	}
	return Picture{
		Chart: plot.Chart{
			Start: start, End: at(20160), Values: values, Format: func(v float64) string { return fmt.Sprintf("%.3gs", v) },
			Lines: []plot.Line{
				{Name: "warning", Value: 2, Firing: []plot.Span{{From: at(9020), To: at(9200)}, {From: at(15020), To: at(15900)}, {From: at(18000), To: at(18001)}}},
				{Name: "critical", Value: 5, Firing: []plot.Span{{From: at(9020), To: at(9200)}}},
			},
		},
		Title: "AlertThreshold ai/slow-response", Subtitle: "7d until 2026-11-24 06:30 UTC, evaluated every 30s, 95% covered",
		Axis: "HTTP latency (p95), worst series", Unit: unit.Seconds,
		Legends: []string{"> 2s for 5m: 3 fires, firing 9h, longest 7h20m", "> 5s for 5m: 1 fire, firing 1h30m, longest 1h30m"},
	}
}

// element is one of an SVG, with those in it.
type element struct {
	XMLName  xml.Name
	Style    string    `xml:"style,attr"`
	D        string    `xml:"d,attr"`
	Label    string    `xml:"aria-label,attr"`
	Text     string    `xml:",chardata"`
	Elements []element `xml:",any"`
}

// all are the element and those in it, of that name, whose style has the text.
func (e element) all(name, style string) (found []element) {
	if e.XMLName.Local == name && strings.Contains(e.Style, style) {
		found = append(found, e)
	}
	for _, inner := range e.Elements {
		found = append(found, inner.all(name, style)...)
	}
	return found
}

func drawSVG(t *testing.T, p Picture) (root element, text string) {
	t.Helper()
	var svg bytes.Buffer
	if err := p.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(svg.Bytes(), &root); err != nil {
		t.Fatal(err)
	}
	return root, svg.String()
}

// hex is a color as SVG writes it.
func hex(c color.NRGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

// pictures are drawn by the tests.
func pictures() map[string]Picture {
	band, none, flat, brief, hostile, many := week(), week(), week(), week(), week(), week()
	band.Lines = append(band.Lines[:1:1], plot.Line{Value: 0.5})
	band.Legends = band.Legends[:1]
	none.Lines, none.Legends = []plot.Line{{Name: "page", Value: math.NaN(), Firing: none.Lines[0].Firing}}, []string{"3 fires"}
	for i := range none.Values {
		none.Values[i] = math.NaN()
	}
	flat.Values, flat.Lines, flat.Legends = []float64{3, 3, 3}, nil, nil
	brief.Start, brief.End, brief.Values = at(0), at(20), []float64{1, 2, math.NaN(), 3, math.NaN(), math.Inf(1), 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	hostile.Title = "<script>alert(1)</script>\x00\n" + strings.Repeat("long ", 100)
	hostile.Lines[0].Name, hostile.Legends[0] = `"><b>`+strings.Repeat("w", 300), "\xff&"
	many.Lines[0].Firing = nil
	for i := range 10000 {
		many.Lines[0].Firing = append(many.Lines[0].Firing, plot.Span{From: at(2 * i), To: at(2*i + 1)})
	}
	return map[string]Picture{"week": week(), "band": band, "no value": none, "flat": flat, "brief": brief, "hostile": hostile, "many": many}
}

// TestSVG checks what is in a picture by its structure.
func TestSVG(t *testing.T) {
	for name, want := range map[string]struct {
		lines, bands, otherBands, runs, gaps int
		texts                                []string
	}{
		"week": {1, 3, 1, 2, 1, []string{"AlertThreshold ai/slow-response", "HTTP latency (p95), worst series", "warning 2s", "critical 5s", "0s", "6s",
			"Wed Nov 18", "Tue Nov 24", "warning", "> 2s for 5m: 3 fires, firing 9h, longest 7h20m", "gray: no value · times are UTC"}},
		"band":     {2, 3, 0, 2, 1, []string{"warning 2s", "warning 0.5s"}},
		"no value": {0, 3, 0, 0, 1, []string{"page", "3 fires"}},
		"flat":     {0, 0, 0, 1, 0, []string{"times are UTC"}},
		"brief":    {1, 3, 1, 3, 2, []string{"06:35", "06:40"}},
		"hostile":  {1, 3, 1, 2, 1, nil},
		"many":     {1, 1, 1, 2, 1, nil},
	} {
		p := pictures()[name]
		root, text := drawSVG(t, p)
		count := func(what, element, style string, n int) {
			if got := len(root.all(element, style)); got != n {
				t.Errorf("%s: %d %s, want %d", name, got, what, n)
			}
		}
		count("lines of the first level", "path", "stroke:"+hex(levels[0]), want.lines)
		count("bands of the first level", "path", "fill:"+hex(levels[0]), want.bands)
		count("bands of the second level", "path", "fill:"+hex(levels[1]), want.otherBands)
		count("runs of values", "path", "stroke:"+hex(signal), want.runs)
		count("gaps", "path", "fill:"+hex(gap), want.gaps)
		count("scripts", "script", "", 0)
		for _, says := range want.texts {
			if !strings.Contains(text, ">"+strings.NewReplacer(">", "&gt;").Replace(says)+"</text>") {
				t.Errorf("%s: no text %q", name, says)
			}
		}
		if _, again := drawSVG(t, p); again != text {
			t.Errorf("%s: another picture the second time", name)
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || root.Label == "" {
			t.Errorf("%s: a place that is no number, or no label: %s", name, text)
		}
	}
}

// TestPlace checks that a value is as high as it should be, and a band as wide.
func TestPlace(t *testing.T) {
	root, _ := drawSVG(t, week())
	var x0, y, x1, y1 float64
	line := root.all("path", "stroke:"+hex(levels[0]))[0]
	if _, err := fmt.Sscanf(line.D, "M%g,%gL%g,%g", &x0, &y, &x1, &y1); err != nil || y != y1 {
		t.Fatalf("%s: %v", line.D, err)
	}
	for _, run := range root.all("path", "stroke:"+hex(signal))[1:] {
		above := 0
		for _, point := range strings.FieldsFunc(run.D, func(r rune) bool { return r == 'M' || r == 'L' }) {
			var px, py float64
			fmt.Sscanf(point, "%g,%g", &px, &py)
			if py > y+0.1 {
				above++
			}
		}
		if above < 100 {
			t.Errorf("%d points lie above the level, want those of the spike and the plateau", above)
		}
	}
	var from, to, low float64
	plateau := root.all("path", "fill:"+hex(levels[0]))[1]
	fmt.Sscanf(plateau.D, "M%g,%gL%g,", &from, &low, &to)
	if got, want := (to-from)/(x1-x0), 880.0/20160; math.Abs(got-want) > 0.001 {
		t.Errorf("the band takes %g of the width, want %g: %s", got, want, plateau.D)
	}
}

// TestPNG decodes pictures, and looks for the colors that should be in them.
func TestPNG(t *testing.T) {
	for name, p := range pictures() {
		var text bytes.Buffer
		if err := p.WritePNG(&text); err != nil {
			t.Fatal(err)
		}
		if dir := os.Getenv("PLIMSOLL_TEST_PICTURES"); dir != "" { // for people to look at
			if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".png"), text.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		decoded, err := png.Decode(&text)
		if err != nil {
			t.Fatal(err)
		}
		size := decoded.Bounds().Size()
		if size.X != 1800 || size.Y != int(2*p.height()) {
			t.Errorf("%s: %v, want 1800 pixels wide", name, size)
		}
		if name != "week" {
			continue
		}
		seen := map[color.Color]int{}
		for x := range size.X {
			for y := range size.Y {
				seen[color.NRGBAModel.Convert(decoded.At(x, y))]++
			}
		}
		if seen[signal] < 1000 || seen[levels[0]] < 1000 || seen[levels[1]] < 500 || seen[gap] < 10000 {
			t.Errorf("%s: %d pixels of the value, %d and %d of the levels, %d of the gap", name, seen[signal], seen[levels[0]], seen[levels[1]], seen[gap])
		}
	}
}

// TestTicks checks the values and times at the axes.
func TestTicks(t *testing.T) {
	for _, tc := range []struct {
		unit      unit.Unit
		low, high float64
		want      []float64
	}{
		{unit.Number, 0, 1, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{unit.Percent, 0, 95, []float64{0, 20, 40, 60, 80}},
		{unit.Number, -3, 4, []float64{-2, 0, 2, 4}},
		{unit.Seconds, 0, 0.31, []float64{0, 0.1, 0.2, 0.3}},
		{unit.Seconds, 0, 5000, []float64{0, 1200, 2400, 3600, 4800}},
		{unit.Bytes, 0, 5 << 30, []float64{0, 1 << 30, 2 << 30, 3 << 30, 4 << 30, 5 << 30}},
		{unit.Number, 1e6, 1e6 + 4, []float64{1e6, 1e6 + 1, 1e6 + 2, 1e6 + 3, 1e6 + 4}},
	} {
		d := drawing{Picture: Picture{Unit: tc.unit}, low: tc.low, high: tc.high}
		if got := d.ticks(); fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("%s from %g to %g: %v, want %v", tc.unit, tc.low, tc.high, got, tc.want)
		}
	}
	for _, tc := range []struct {
		length time.Duration
		want   string
	}{
		{5 * time.Minute, "06:30 06:31 06:32 06:33 06:34 06:35"},
		{time.Hour, "06:30 06:40 06:50 07:00 07:10 07:20 07:30"},
		{day, "09:00 12:00 15:00 18:00 21:00 Wed Nov 18 03:00 06:00"},
		{2 * day, "12:00 18:00 Wed Nov 18 06:00 12:00 18:00 Thu Nov 19 06:00"},
		{7 * day, "Wed Nov 18 Thu Nov 19 Fri Nov 20 Sat Nov 21 Sun Nov 22 Mon Nov 23 Tue Nov 24"},
		{28 * day, "Mon Nov 23 Mon Nov 30 Mon Dec 7 Mon Dec 14"},
		{0, "06:30"},
	} {
		var labels []string
		for _, at := range times(start, start.Add(tc.length)) {
			labels = append(labels, label(at, tc.length))
		}
		if got := strings.Join(labels, " "); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.length, got, tc.want)
		}
	}
}
