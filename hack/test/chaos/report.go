package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// result is what came of one fault.
type result struct {
	fault string
	limit time.Duration
	// times is how often the fault happened, changes what was written to thresholds and rules meanwhile.
	times, thresholds, changes int
	// lost, duplicates and untold are violations that were left at the end.
	lost, duplicates, untold int
	// took is how long the recovery took, writing how much of it the harness itself was still writing.
	took, writing time.Duration
	// problem is what else did not come right, leak what the controllers did not give back.
	problem, leak error
	// skipped is why the fault was not tried.
	skipped string
}

// verdict is nil when nothing was lost and nothing late.
func (r result) verdict() error {
	var errs []error
	if r.skipped != "" {
		return nil
	}
	if r.lost+r.duplicates+r.untold > 0 {
		errs = append(errs, fmt.Errorf("%d lost, %d duplicates, %d untold", r.lost, r.duplicates, r.untold))
	}
	if r.took > r.limit {
		errs = append(errs, fmt.Errorf("took %s, more than %s", seconds(r.took), seconds(r.limit)))
	}
	if err := errors.Join(append(errs, r.problem, r.leak)...); err != nil {
		return fmt.Errorf("%s: %w", r.fault, err)
	}
	return nil
}

// report prints the table, and returns what did not hold. When nothing was tried, nothing did.
func report(out io.Writer, results []result) error {
	errs, tried := []error(nil), 0
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FAULT\tTIMES\tTHRESHOLDS\tCHANGES\tLOST\tDUPLICATES\tUNTOLD\tWRITING\tRECOVERY\tLIMIT\t")
	for _, r := range results {
		if r.skipped != "" {
			fmt.Fprintf(w, "%s\tnot tested: %s\n", r.fault, r.skipped)
			continue
		}
		tried++
		verdict := "ok"
		if err := r.verdict(); err != nil {
			verdict = "FAILED"
			errs = append(errs, err)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", r.fault, r.times, r.thresholds, r.changes,
			r.lost, r.duplicates, r.untold, seconds(r.writing), seconds(r.took), seconds(r.limit), verdict)
	}
	if tried == 0 {
		errs = append(errs, errors.New("no fault was tried"))
	}
	return errors.Join(append(errs, w.Flush())...)
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s" }
