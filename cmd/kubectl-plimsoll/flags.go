package main

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/prometheus/common/model"
	"golang.org/x/term"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// duration is a flag for a Prometheus duration above 0.
type duration time.Duration

func (d *duration) String() string {
	if *d == 0 {
		return ""
	}
	return backtest.FormatDuration(time.Duration(*d))
}

// Set parses the value.
func (d *duration) Set(text string) error {
	parsed, err := model.ParseDuration(text)
	if err != nil || parsed == 0 {
		return errors.New("must be a duration such as 30s, 12h or 7d")
	}
	*d = duration(parsed)
	return nil
}

// Type names the value in the usage.
func (d *duration) Type() string { return "duration" }

// instant is a flag for a time.
type instant time.Time

func (i *instant) String() string {
	if time.Time(*i).IsZero() {
		return ""
	}
	return time.Time(*i).Format(time.RFC3339)
}

// Set parses the value.
func (i *instant) Set(text string) error {
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return errors.New("must be a time such as 2006-01-02T15:04:05Z or 2006-01-02T15:04:05+01:00")
	}
	*i = instant(parsed)
	return nil
}

// Type names the value in the usage.
func (i *instant) Type() string { return "time" }

// isTerminal reports whether the stream is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// width returns the columns of the terminal, 80 when there is none.
func width(w io.Writer) int {
	if file, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}
