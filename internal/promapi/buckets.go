package promapi

import (
	"context"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/bucket"
)

// bucketReads is at how many times of a window buckets are read, at most: every hour of a week.
const bucketReads = 168

// Buckets returns the buckets that the values of an expression are made of, and whether they changed in the window; nil when
// they are not quantiles of histograms.
func (c *Client) Buckets(ctx context.Context, expr string, w backtest.Window) (*bucket.Histogram, error) {
	query, ok := bucket.QueryOf(expr)
	if !ok {
		return nil, nil
	}
	history := query.NewHistory()
	if err := c.Ingest(ctx, query.Expr, w.Thin(bucketReads), history.Ingest); err != nil {
		return nil, err
	}
	h := history.Histogram()
	return &h, nil
}
