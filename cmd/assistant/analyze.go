package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/logs/analysis"
)

const analyzeUsage = `Usage: assistant analyze [flags] FILE...

Prints statistics of the assistant's log files: errors, requests and model calls, and advice; the same as GET /stats of a
running assistant. Each error counts once: ERRORS has failed requests, failed model calls by themselves (a request that
fails for its model is in both), and other lines at level ERROR.

Files may be gzipped; - is standard input. They are read in one pass and in bounded memory. Lines may be as kubectl logs
prints them, with --prefix and --timestamps, as Docker Compose does, or as containerd, CRI-O and Docker keep them on a node.
Levels may be in any spelling, times in Python's formats; times without a zone are in UTC.

Lines that are no JSON (broken), of another program, or more than five minutes in the future are counted and shown. DEBUG
lines are left out, so that the statistics do not depend on the level that was logged.

  assistant analyze app.log
  assistant analyze --range 1h -o json app-*.log.gz app.log
  kubectl logs --prefix -l app.kubernetes.io/component=assistant | assistant analyze -
  xz -dc app.log.xz | assistant analyze -

Flags:
  --range DURATION   only the last DURATION, such as 90s, 30m, 1h, 1d (default: all)
  --since TIME       only what was logged after TIME, such as 2026-01-31T12:00:00Z
  -o table|json      output format (default table)

Exit code: 0 if every file was read, 1 if one was not (the statistics are of the others), 2 for wrong usage.
`

// usageError is an error in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// streams are the standard streams of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // err is a terminal: progress is shown
}

type analyzeOptions struct {
	files  []string
	from   time.Time
	to     time.Time
	output string
}

// analyze runs the command analyze.
func analyze(ctx context.Context, args []string, s streams) error {
	o, err := parseAnalyze(args, time.Now())
	if errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(s.out, analyzeUsage)
		return err
	}
	if err != nil {
		return usageError{fmt.Errorf("analyze: %w; see assistant analyze --help", err)}
	}
	var read atomic.Int64
	done := progress(s, o.files, &read)
	report, failed := analysis.Analyze(ctx, sources(o.files, s.in), analysis.Options{From: o.from, To: o.to, Read: &read})
	done()
	if ctx.Err() != nil {
		return fmt.Errorf("analyze: %w", ctx.Err())
	}
	show := printTable
	if o.output == "json" {
		show = printJSON
	}
	if err := show(s.out, report); err != nil {
		return fmt.Errorf("printing the statistics: %w", err)
	}
	if failed == nil {
		failed = noneOurs(report)
	}
	if failed != nil {
		return fmt.Errorf("analyze: %w", failed)
	}
	return nil
}

// noneOurs returns an error if there are lines, but none of the assistant.
func noneOurs(r analysis.Report) error {
	const ask = "is this the assistant's log?"
	switch n := r.Lines; {
	case n.Total == 0 || n.Broken+n.Foreign < n.Total:
		return nil
	case n.Foreign == 0:
		return fmt.Errorf("none of the %d lines is a JSON log line: %s", n.Total, ask)
	case n.Broken == 0:
		return fmt.Errorf("all %d lines are another program's, the first in %s: %s", n.Total, sampleText(r.Foreign), ask)
	default:
		return fmt.Errorf("none of the %d lines is the assistant's: %d of another program, %d no JSON; the first in %s: %s",
			n.Total, n.Foreign, n.Broken, sampleText(r.Foreign), ask)
	}
}

// sampleText is where a line is and how it begins.
func sampleText(s *analysis.Sample) string { return s.Source + ": " + printable(s.Line) }

// parseAnalyze reads the command line, with flags and files in any order.
func parseAnalyze(args []string, now time.Time) (analyzeOptions, error) {
	o := analyzeOptions{to: now}
	fs := flag.NewFlagSet("analyze", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	lookback := fs.String("range", "", "")
	since := fs.String("since", "", "")
	fs.StringVar(&o.output, "o", "table", "")
	var rest []string // after --, where everything is a file
	if i := slices.Index(args, "--"); i >= 0 {
		args, rest = args[:i], args[i+1:]
	}
	for {
		if err := fs.Parse(args); err != nil {
			return o, err
		}
		if fs.NArg() == 0 {
			break
		}
		o.files, args = append(o.files, fs.Arg(0)), fs.Args()[1:]
	}
	o.files = append(o.files, rest...)
	if len(o.files) == 0 {
		return o, errors.New("no file given; - is standard input")
	}
	if o.output != "table" && o.output != "json" {
		return o, fmt.Errorf("-o %q: must be table or json", o.output)
	}
	return o, o.setRange(*lookback, *since)
}

// setRange sets the start of the range.
func (o *analyzeOptions) setRange(lookback, since string) error {
	switch {
	case lookback != "" && since != "":
		return errors.New("--range and --since are mutually exclusive")
	case lookback != "":
		d, err := model.ParseDuration(lookback)
		if err != nil || d <= 0 {
			return fmt.Errorf("--range %q: must be a duration such as 90s, 30m, 1h or 1d", lookback)
		}
		o.from = o.to.Add(-time.Duration(d))
	case since != "":
		t, err := time.Parse(time.RFC3339, since)
		if err != nil {
			return fmt.Errorf("--since %q: must be a time such as %s", since, o.to.UTC().Format(time.RFC3339))
		}
		o.from = t
	}
	return nil
}

func sources(files []string, stdin io.Reader) []analysis.Source {
	var all []analysis.Source
	for _, name := range files {
		s := analysis.Source{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }}
		if name == "-" {
			s = analysis.Source{Name: "standard input", Open: func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }}
		}
		all = append(all, s)
	}
	return all
}

func printJSON(w io.Writer, r analysis.Report) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(r)
}
