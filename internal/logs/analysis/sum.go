package analysis

import (
	"bytes"
	"log/slog"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
)

// sum is what one worker has counted.
type worker struct {
	from, to time.Time
	parser   *parser
	totals   stats.Totals
	recent   stats.Recent
	lines    Lines
}

// add counts the lines of a block.
func (s *worker) add(b *block) {
	order := b.order
	for rest := b.data; len(rest) > 0; order++ {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		if skipSpace(line, 0) < len(line) {
			s.line(line, order)
		}
	}
}

func (s *worker) line(line []byte, order uint64) {
	s.lines.Total++
	if !s.parser.parse(line) {
		s.lines.Broken++
		return
	}
	e := &s.parser.entry
	switch {
	case !s.from.IsZero() && !e.Time.After(s.from), e.Time.After(s.to):
		s.lines.Outside++
	case e.Level < stats.MinLevel:
		s.lines.Debug++
	default:
		s.lines.Counted++
		s.totals.Add(e)
		if e.Level >= slog.LevelError && s.recent.Keeps(e.Time, order) {
			s.parser.fillTexts()
			s.recent.Add(e, order)
		}
	}
}

func (s *worker) merge(other *worker) {
	s.totals.Merge(&other.totals)
	s.recent.Merge(&other.recent)
	s.lines.Total += other.lines.Total
	s.lines.Counted += other.lines.Counted
	s.lines.Broken += other.lines.Broken
	s.lines.Debug += other.lines.Debug
	s.lines.Outside += other.lines.Outside
}
