package promapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// Query evaluates the expression at a time; at the server's present when it is zero. A scalar comes as one sample
// without labels.
func (c *Client) Query(ctx context.Context, expr string, at time.Time) (model.Vector, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	value, warnings, err := c.api.Query(ctx, expr, at)
	if err = cmp.Or(err, partial(warnings)); err != nil {
		return nil, c.explain("querying Prometheus", err)
	}
	switch value := value.(type) {
	case model.Vector:
		return value, nil
	case *model.Scalar:
		return model.Vector{{Metric: model.Metric{}, Value: value.Value, Timestamp: value.Timestamp}}, nil
	default:
		return nil, fmt.Errorf("querying Prometheus: the expression gives a %s: it must give one value per series", value.Type())
	}
}

// Holds reports whether the expression has a value at the server's present. It is false for none, and when it is not known.
func (c *Client) Holds(ctx context.Context, expr string) bool {
	if expr == "" {
		return false
	}
	samples, err := c.Query(ctx, expr, time.Time{})
	return err == nil && len(samples) > 0
}

// Chunk is the part of a window that one request answers.
type Chunk struct {
	// Window is the part: the next one, if there is one, begins a step after its end.
	backtest.Window
	// Series are those with points in it, each with its points in order of time.
	Series model.Matrix
}

// Ingester takes the values of a window part by part, in order of time, each part up to and including through. Those of
// backtest.Replay and backtest.Sweep are some.
type Ingester func(part model.Matrix, through time.Time) error

// Ingest evaluates the expression at every step of the window and hands the values to all ingesters. It ends after the first
// error; that of an ingester is returned as it is.
func (c *Client) Ingest(ctx context.Context, expr string, w backtest.Window, ingesters ...Ingester) error {
	for chunk, err := range c.QueryRange(ctx, expr, w) {
		if err != nil {
			return err
		}
		for _, ingest := range ingesters {
			if err := ingest(chunk.Series, chunk.End); err != nil {
				return err
			}
		}
	}
	return nil
}

// QueryRange evaluates the expression at every step of the window, both ends included, in chunks as large as the server
// takes, in order of time. Where a chunk is too much for one answer, it and those after it are smaller. An
// expression that depends on the range, as with @ end(), gives what it does in a query of each step alone. It ends after the first error.
func (c *Client) QueryRange(ctx context.Context, expr string, w backtest.Window) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		if w.Step <= 0 {
			yield(Chunk{}, errors.New("querying Prometheus over a range: the step must be longer than 0"))
			return
		}
		expr, perEvaluation := alert.RangeExpr(expr)
		points := c.points(perEvaluation)
		for left := w; left.Evaluations() > 0; {
			part := left.First(points)
			series, err := c.queryPart(ctx, expr, part)
			if isTooMuch(err) && part.Evaluations() > 1 {
				points = max(part.Evaluations()/4, 1)
				continue
			}
			if !yield(Chunk{Window: part, Series: series}, err) || err != nil {
				return
			}
			left.Start = part.End.Add(w.Step)
		}
	}
}

func (c *Client) queryPart(ctx context.Context, expr string, part backtest.Window) (model.Matrix, error) {
	if answer, known := c.memory.get(expr, part); known {
		return answer, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	value, warnings, err := c.api.QueryRange(ctx, expr, prometheusv1.Range{Start: part.Start, End: part.End, Step: part.Step})
	if err = cmp.Or(err, partial(warnings)); err != nil {
		return nil, c.explain("querying Prometheus over a range", err)
	}
	series, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("querying Prometheus over a range: the answer is a %s, not a matrix: check that the URL is a Prometheus'", value.Type())
	}
	c.memory.add(expr, part, series)
	return series, nil
}

// maxFailed is at how many evaluations a rule may fail before its replay is given up: each costs a request.
const maxFailed = 1000

// RuleIngester takes the history of a rule, of which some evaluations may fail; backtest.Replay is one.
type RuleIngester interface {
	// QueryWindow is what is to be read.
	QueryWindow() backtest.Window
	Ingest(part model.Matrix, through time.Time) error
	Fail(at time.Time, reason error) error
	// Failed is at how many evaluations the rule has failed so far.
	Failed() int
}

// Replay asks for the history of a rule and hands it to the ingester. Where the server refuses a range, smaller ones are asked for, so
// that only those evaluations fail at which the rule's own query would; one by one, where the query says so. Evaluations that fail come
// in a row, so after one the next is asked for alone, and after each that does not, twice as many.
func (c *Client) Replay(ctx context.Context, q alert.Query, r RuleIngester) error {
	most := c.points(q.PerEvaluation)
	points := most
	for left := r.QueryWindow(); left.Evaluations() > 0; {
		part := left.First(points)
		series, err := c.queryPart(ctx, q.Expr, part)
		n := part.Evaluations()
		switch {
		case err == nil:
			err = r.Ingest(series, part.End)
			points = min(2*points, most)
		case isTooMuch(err) && n > 1:
			most = n / 2
			points = most
			continue
		case isExecution(err) && n > 1:
			points = n / 2
			continue
		case isExecution(err) && r.Failed() >= maxFailed:
			err = fmt.Errorf("giving up at %s, after %d evaluations that fail: %w", part.End.UTC().Format(time.RFC3339), maxFailed, err)
		case isExecution(err):
			err = r.Fail(part.End, err)
		}
		if err != nil {
			return err
		}
		left.Start = part.End.Add(left.Step)
	}
	return nil
}

// points is how many evaluations one request asks for.
func (c *Client) points(perEvaluation bool) int {
	if perEvaluation {
		return 1
	}
	return c.maxPoints
}
