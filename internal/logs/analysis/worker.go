package analysis

import (
	"bytes"
	"log/slog"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
)

// worker counts the lines of blocks.
type worker struct {
	from, future time.Time
	parser       *parser
	totals       stats.Totals
	recent       stats.Recent
	lines        Lines
	foreign      orderedSample
	latest       time.Time // of the lines in the future
}

// orderedSample is a sample with its line's order.
type orderedSample struct {
	Sample
	order uint64
}

// add counts the lines of a block.
func (w *worker) add(b *block) {
	order := b.order
	for rest := b.data; len(rest) > 0; order++ {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		if line = content(line); len(line) > 0 {
			w.line(line, b.source, order)
		}
	}
}

// content returns a line without white space and tools' prefixes before it.
func content(line []byte) []byte {
	line = line[skipSpace(line, 0):]
	if len(line) == 0 || line[0] == '{' { // as nearly all are
		return line
	}
	line = stripPrefix(line)
	return line[skipSpace(line, 0):]
}

func (w *worker) line(line []byte, source string, order uint64) {
	w.lines.Total++
	e := &w.parser.entry
	switch whose := w.parser.parse(line); {
	case whose == broken:
		w.lines.Broken++
	case whose == foreign:
		w.lines.Foreign++
		if w.foreign.Line == "" || order < w.foreign.order {
			w.foreign = orderedSample{Sample{source, excerpt(line)}, order}
		}
	case e.Time.After(w.future):
		w.lines.Future++
		if e.Time.After(w.latest) {
			w.latest = e.Time
		}
	case !w.from.IsZero() && !e.Time.After(w.from):
		w.lines.Outside++
	case e.Level < stats.MinLevel:
		w.lines.Debug++
	default:
		w.count(e, order)
	}
}

func (w *worker) count(e *stats.Entry, order uint64) {
	w.lines.Counted++
	w.totals.Add(e)
	if e.Level >= slog.LevelError && w.recent.Keeps(e.Time, order) {
		w.parser.fillTexts()
		w.recent.Add(e, order)
	}
}

// excerpt returns the start of a line.
func excerpt(line []byte) string {
	const longest = 200
	line = bytes.TrimSpace(line)
	if len(line) <= longest {
		return string(line)
	}
	return strings.ToValidUTF8(string(line[:longest]), "") + "…"
}

func (w *worker) merge(other *worker) {
	w.totals.Merge(&other.totals)
	w.recent.Merge(&other.recent)
	w.lines.Total += other.lines.Total
	w.lines.Counted += other.lines.Counted
	w.lines.Broken += other.lines.Broken
	w.lines.Debug += other.lines.Debug
	w.lines.Foreign += other.lines.Foreign
	w.lines.Outside += other.lines.Outside
	w.lines.Future += other.lines.Future
	if other.foreign.Line != "" && (w.foreign.Line == "" || other.foreign.order < w.foreign.order) {
		w.foreign = other.foreign
	}
	if other.latest.After(w.latest) {
		w.latest = other.latest
	}
}
