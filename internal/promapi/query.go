package promapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// Query evaluates the expression at a time; at the server's present when it is zero. A scalar comes as one sample
// without labels.
func (c *Client) Query(ctx context.Context, expr string, at time.Time) (model.Vector, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	value, _, err := c.api.Query(ctx, expr, at)
	if err != nil {
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

// Range is a window of time and how finely it is looked at.
type Range struct {
	Start, End time.Time
	Step       time.Duration
}

// Align moves the start up and the end down to whole steps since 1970, as a query cache wants them. So the points of a
// window do not depend on when it is asked for, and those of two windows fall together.
func (r Range) Align() Range {
	start := r.Start.Truncate(r.Step)
	if start.Before(r.Start) {
		start = start.Add(r.Step)
	}
	return Range{Start: start, End: r.End.Truncate(r.Step), Step: r.Step}
}

// Points is how many points a series without gaps has.
func (r Range) Points() int {
	if r.Step <= 0 || r.End.Before(r.Start) {
		return 0
	}
	return int(r.End.Sub(r.Start)/r.Step) + 1
}

// Chunk is the part of a range that one request answers.
type Chunk struct {
	// Range is the part: the next one, if there is one, begins a step after its end.
	Range
	// Series are those with points in it, each with its points in order of time.
	Series model.Matrix
}

// QueryRange evaluates the expression at every step of the range, both ends included, in chunks as large as the server
// takes, in order of time. It ends after the first error; to go on later, ask for what follows the last chunk.
func (c *Client) QueryRange(ctx context.Context, expr string, r Range) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		if r.Step <= 0 {
			yield(Chunk{}, errors.New("querying Prometheus over a range: the step must be longer than 0"))
			return
		}
		for left := r; left.Points() > 0; {
			part := left
			if left.Points() > c.maxPoints {
				part.End = left.Start.Add(time.Duration(c.maxPoints-1) * r.Step)
			}
			series, err := c.queryPart(ctx, expr, part)
			if !yield(Chunk{Range: part, Series: series}, err) || err != nil {
				return
			}
			left.Start = part.End.Add(r.Step)
		}
	}
}

func (c *Client) queryPart(ctx context.Context, expr string, part Range) (model.Matrix, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	value, _, err := c.api.QueryRange(ctx, expr, prometheusv1.Range{Start: part.Start, End: part.End, Step: part.Step})
	if err != nil {
		return nil, c.explain("querying Prometheus over a range", err)
	}
	series, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("querying Prometheus over a range: the answer is a %s, not a matrix: check that the URL is a Prometheus'", value.Type())
	}
	return series, nil
}
