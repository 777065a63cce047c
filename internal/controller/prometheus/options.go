package prometheus

import (
	"errors"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// Options say which Prometheus is asked, and how often; none when the URL is empty.
type Options struct {
	promapi.Options
	// Interval is the time between two observations.
	Interval time.Duration
	// BacktestInterval is the time between two backtests of an unchanged threshold, BacktestWindow how far they look back, and
	// BacktestStep the evaluation interval where Prometheus does not tell it.
	BacktestInterval, BacktestWindow, BacktestStep time.Duration
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	if o.URL == "" {
		if o.TokenFile != "" || o.CAFile != "" {
			return errors.New("a token or CA file for Prometheus needs its URL: name it with --prometheus-url")
		}
		return nil
	}
	errs := []error{o.Options.Validate()}
	if min(o.Interval, o.BacktestInterval, o.BacktestStep) < time.Second {
		errs = append(errs, errors.New("--observe-interval, --backtest-interval and --backtest-step must be at least 1s"))
	}
	if o.BacktestWindow < o.BacktestStep {
		errs = append(errs, errors.New("--backtest-window must not be shorter than --backtest-step"))
	}
	return errors.Join(errs...)
}
