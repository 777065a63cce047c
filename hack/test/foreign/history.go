// Package foreign writes a history for alerting rules in the shapes of others': of the metrics that they read.
package foreign

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/build"
)

// Write writes blocks with the history of the metrics of a table, from start to end: a sample a minute. It leaves the text in file.
func Write(t testing.TB, table, file, blocks string, start, end time.Time) {
	t.Helper()
	lines, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for _, line := range strings.Split(strings.TrimSpace(string(lines)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, s := range expandSeries(t, line) {
			s.write(w, start, end)
		}
	}
	fmt.Fprintln(w, "# EOF")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	bin, err := build.FindBin()
	if err != nil {
		t.Fatal(err)
	}
	promtool := exec.Command(filepath.Join(bin, "promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet",
		"--max-block-duration", "744h", file, blocks) // it reads the file once for each block
	if out, err := promtool.CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
}

// generated is a series of the history. It is good or bad for a while, by turns; now and then scrapes are missed.
type generated struct {
	name, labels, kind string
	good, bad          float64
	rng                *rand.Rand
}

// Namespace is that of series whose line names none: what Prometheus scrapes in a cluster has one.
const Namespace = "a"

// expandSeries are the series of a line of the table, one for every combination of label values.
func expandSeries(t testing.TB, line string) (all []generated) {
	t.Helper()
	name, rest, ok := strings.Cut(line, "{")
	text, rest, closed := strings.Cut(rest, "} ")
	words := strings.Fields(rest)
	if !ok || !closed || len(words) != 3 {
		t.Fatalf("cannot read %q", line)
	}
	good, _ := strconv.ParseFloat(words[1], 64)
	bad, _ := strconv.ParseFloat(words[2], 64)
	combinations := []string{""}
	for _, pair := range strings.Split(text, ",") {
		label, values, _ := strings.Cut(pair, "=")
		var next []string
		for _, before := range combinations {
			for _, value := range strings.Split(values, "|") {
				next = append(next, strings.TrimPrefix(before+fmt.Sprintf(",%s=%q", label, value), ","))
			}
		}
		combinations = next
	}
	for _, labels := range combinations {
		seed := fnv.New64a()
		fmt.Fprint(seed, name, labels)
		if !strings.Contains(labels, "namespace=") {
			labels += `,namespace="` + Namespace + `"`
		}
		all = append(all, generated{name, labels, words[0], good, bad, rand.New(rand.NewPCG(seed.Sum64(), 7))})
	}
	return all
}

// buckets are the bounds of every histogram: seconds, of requests and of certificates.
var buckets = []float64{0.1, 0.5, 1, 5, 10, 60, 300, 1e5, 604800, 1e6}

// write writes the samples, one a minute.
func (s generated) write(w io.Writer, start, end time.Time) {
	counts := make([]float64, len(buckets)+1)
	total, level, started := 0.0, s.good, 0.0
	isBad, until, missed := false, s.minutes(10, 150), 0
	phase := s.rng.IntN(60)
	for i := 0; ; i++ {
		at := start.Add(time.Duration(i)*time.Minute + time.Duration(phase)*time.Second)
		if at.After(end) {
			break
		}
		if until--; until <= 0 {
			isBad = !isBad
			if until = s.minutes(20, 180); isBad {
				until = s.minutes(3, 75)
			}
		}
		target := s.good
		if isBad {
			target = s.bad
		}
		if missed--; missed < 0 && s.rng.IntN(400) == 0 {
			missed = s.minutes(2, 12)
		}
		total += target * 60
		level += (target - level) / 8
		if s.kind == "counter" && s.rng.IntN(700) == 0 {
			total = 0
		}
		if s.kind == "histogram" {
			s.observe(counts, target)
		}
		if s.kind == "restarts" && (isBad || i == 0) {
			started = float64(at.Unix())
		}
		if missed > 0 || s.kind == "gone" && isBad {
			continue
		}
		if s.kind == "histogram" {
			s.writeHistogram(w, counts, at)
			continue
		}
		fmt.Fprintf(w, "%s{%s} %g %d\n", s.name, s.labels, s.value(i, target, level, total, started, at), at.Unix())
	}
}

func (s generated) value(i int, target, level, total, started float64, at time.Time) float64 {
	switch s.kind {
	case "counter":
		return total
	case "gauge":
		return target * (0.9 + 0.2*s.rng.Float64())
	case "gone":
		return s.good + (s.bad-s.good)*s.rng.Float64()
	case "walk":
		return level
	case "age":
		return float64(at.Unix()) - target
	case "restarts":
		return started
	case "flap":
		if target == s.bad && i/4%2 == 0 {
			return s.good
		}
	}
	return target
}

func (s generated) minutes(least, most int) int { return least + s.rng.IntN(most-least) }

// observe counts a minute of observations about the value.
func (s generated) observe(counts []float64, value float64) {
	for range 60 {
		v := value * (0.5 + s.rng.Float64())
		for i, bound := range buckets {
			if v <= bound {
				counts[i]++
			}
		}
		counts[len(buckets)]++
	}
}

func (s generated) writeHistogram(w io.Writer, counts []float64, at time.Time) {
	for i, bound := range buckets {
		fmt.Fprintf(w, "%s_bucket{%s,le=\"%g\"} %g %d\n", s.name, s.labels, bound, counts[i], at.Unix())
	}
	fmt.Fprintf(w, "%s_bucket{%s,le=\"+Inf\"} %g %d\n", s.name, s.labels, counts[len(buckets)], at.Unix())
	fmt.Fprintf(w, "%s_count{%s} %g %d\n", s.name, s.labels, counts[len(buckets)], at.Unix())
}
