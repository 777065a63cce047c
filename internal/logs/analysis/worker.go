package analysis

import (
	"bytes"
	"log/slog"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
)

// worker counts the lines of blocks.
type worker struct {
	from, to time.Time
	parser   *parser
	totals   stats.Totals
	recent   stats.Recent
	lines    Lines
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
		if skipSpace(line, 0) < len(line) {
			w.line(line, order)
		}
	}
}

func (w *worker) line(line []byte, order uint64) {
	w.lines.Total++
	if !w.parser.parse(line) {
		w.lines.Broken++
		return
	}
	e := &w.parser.entry
	switch {
	case !w.from.IsZero() && !e.Time.After(w.from), e.Time.After(w.to):
		w.lines.Outside++
	case e.Level < stats.MinLevel:
		w.lines.Debug++
	default:
		w.lines.Counted++
		w.totals.Add(e)
		if e.Level >= slog.LevelError && w.recent.Keeps(e.Time, order) {
			w.parser.fillTexts()
			w.recent.Add(e, order)
		}
	}
}

func (w *worker) merge(other *worker) {
	w.totals.Merge(&other.totals)
	w.recent.Merge(&other.recent)
	w.lines.Total += other.lines.Total
	w.lines.Counted += other.lines.Counted
	w.lines.Broken += other.lines.Broken
	w.lines.Debug += other.lines.Debug
	w.lines.Outside += other.lines.Outside
}
