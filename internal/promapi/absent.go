package promapi

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/expression"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Outside says, each in a sentence, where series are at that time that the plan's value is meant to be of and does not find, for
// they are not of its namespace. It is empty when there are none, and when that is not known.
func (c *Client) Outside(ctx context.Context, plan *rules.Plan, at time.Time) []string {
	asked := expression.Outside(plan.Value.Expr, plan.Namespace)
	if asked == "" || plan.Value.IsUnconfined {
		return nil
	}
	answer, err := c.Query(ctx, asked, at)
	if err != nil {
		return nil
	}
	return expression.OutsideNotes(answer, plan.Namespace)
}

// absentReads is at how many times of a window Absent looks, at most.
const absentReads = 100

// Absent returns those of the selectors of which no series has a sample in the window. They are asked for together, so they should be
// few; first at some times of the window, and where none had any then, at all.
func (c *Client) Absent(ctx context.Context, selectors []string, w backtest.Window) (absent []string, err error) {
	thin := w
	thin.Step = max(w.Step, (w.Length() / absentReads).Truncate(time.Second))
	thin.Start = w.End.Add(-w.Length().Truncate(thin.Step))
	absent = selectors
	for _, form := range []string{"%s", "present_over_time(%s[" + model.Duration(thin.Step).String() + "])"} {
		if absent, err = c.withoutValue(ctx, absent, form, thin); err != nil {
			return nil, err
		}
	}
	return absent, nil
}

// withoutValue returns the selectors of which the form has no value at the times of the window.
func (c *Client) withoutValue(ctx context.Context, selectors []string, form string, w backtest.Window) (absent []string, err error) {
	if len(selectors) == 0 {
		return nil, nil
	}
	const which = "plimsoll_selector" // no metric has this label
	parts := make([]string, len(selectors))
	for i, selector := range selectors {
		parts[i] = fmt.Sprintf(`label_replace(count(%s), %q, "%d", "", "")`, fmt.Sprintf(form, selector), which, i)
	}
	found := map[string]bool{}
	err = c.Ingest(ctx, strings.Join(parts, " or "), w, func(part model.Matrix, _ time.Time) error {
		for _, series := range part {
			found[string(series.Metric[which])] = true
		}
		return nil
	})
	for i, selector := range selectors {
		if !found[strconv.Itoa(i)] {
			absent = append(absent, selector)
		}
	}
	return absent, err
}
