package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

const (
	// clients is how many clients create at once, and how many the plain client is; the controller has as many workers.
	clients = 8
	// many thresholds are created at once, singles one by one, for the controller and the plain client in turn.
	many, singles = 1000, 200
	// repairs is how many rules are deleted, and how many are edited.
	repairs = 20
	// quiet is for how long writes at rest are counted.
	quiet = time.Minute
	// most is at how many thresholds memory is measured last.
	most = 5000
)

// row is a line of the table: what, what was measured, and the target.
type row struct{ what, measured, target string }

// benchController runs the built controller against a real API server of its own. Times depend on the machine, and on
// what else it does: the plain client beside it says what the machine can do.
func benchController(ctx context.Context, out io.Writer) (err error) {
	b, err := newControllerBench(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close(context.WithoutCancel(ctx))) }()
	for _, stage := range []struct {
		name string
		run  func(context.Context) ([]row, error)
	}{{"creation", b.creation}, {"singles", b.singles}, {"rest", b.rest}, {"repair", b.repair}, {"memory", b.memory}} {
		rows, err := stage.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", stage.name, err)
		}
		b.rows = append(b.rows, rows...)
	}
	fmt.Fprintf(out, "the controller, with %d thresholds\n", many)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tmeasured\ttarget")
	for _, r := range b.rows {
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.what, r.measured, r.target)
	}
	return table.Flush()
}

// creation creates many thresholds at once, for the controller and for the plain client in turn.
func (b *controllerBench) creation(ctx context.Context) ([]row, error) {
	var controller, plain samples
	for round := range rounds {
		if err := b.clear(ctx); err != nil {
			return nil, err
		}
		took, err := b.plainRound(ctx)
		if err != nil {
			return nil, fmt.Errorf("plain client: %w", err)
		}
		plain = append(plain, took)
		last := round == rounds-1
		if last {
			if b.plainSingles, err = b.oneByOne(ctx, b.createAndWrite); err != nil {
				return nil, fmt.Errorf("plain client, one by one: %w", err)
			}
		}
		if err := b.clear(ctx); err != nil {
			return nil, err
		}
		if took, err = b.controllerRound(ctx, last); err != nil {
			return nil, fmt.Errorf("controller: %w", err)
		}
		controller = append(controller, took)
	}
	ratio := float64(controller.percentile(.5)) / float64(plain.percentile(.5))
	return []row{
		{fmt.Sprintf("create to last rule and status of %d, plain client", many), seconds(plain.percentile(.5)), ""},
		{fmt.Sprintf("create to last rule and status of %d, controller", many), seconds(controller.percentile(.5)), ""},
		{"controller / plain client", fmt.Sprintf("%.2f", ratio), "at most 1.30"},
	}, nil
}

// plainRound is what the machine can do: a client makes the same writes, told by nobody but the creator.
func (b *controllerBench) plainRound(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	if err := b.each(ctx, many, b.createAndWrite); err != nil {
		return 0, err
	}
	return b.seen.settled(ctx, begin, many)
}

// controllerRound creates the same for the controller, and in the end leaves it running, if that is the last.
func (b *controllerBench) controllerRound(ctx context.Context, last bool) (time.Duration, error) {
	if err := b.start(ctx); err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := b.each(ctx, many, b.create); err != nil {
		return 0, err
	}
	took, err := b.seen.settled(ctx, begin, many)
	if err != nil || last {
		return took, err
	}
	return took, b.stop()
}

// singles creates single thresholds beside the many.
func (b *controllerBench) singles(ctx context.Context) ([]row, error) {
	times, err := b.oneByOne(ctx, b.create)
	if err != nil {
		return nil, err
	}
	ratio := float64(times.percentile(.99)) / float64(b.plainSingles.percentile(.99))
	return []row{
		{"create to rule of one, plain client, p50", milliseconds(b.plainSingles.percentile(.5)), ""},
		{"create to rule of one, plain client, p99", milliseconds(b.plainSingles.percentile(.99)), ""},
		{"create to rule of one, controller, p50", milliseconds(times.percentile(.5)), ""},
		{"create to rule of one, controller, p99", milliseconds(times.percentile(.99)), "under 40 ms"},
		{"controller / plain client, p99", fmt.Sprintf("%.2f", ratio), ""},
	}, nil
}

// oneByOne creates single thresholds, and returns how long after that the rule of each was seen. The next one comes when
// the status of the last is written.
func (b *controllerBench) oneByOne(ctx context.Context, create func(context.Context, int) error) (samples, error) {
	var times samples
	for n := range singles {
		i := many + n
		begin := time.Now()
		if err := create(ctx, i); err != nil {
			return nil, err
		}
		took, err := b.seen.ruleAfter(ctx, begin, b.threshold(i).Name, func(r ruleSeen) bool { return r.generation > 0 })
		if err != nil {
			return nil, err
		}
		times = append(times, took)
		if _, err := b.seen.settled(ctx, begin, i+1); err != nil {
			return nil, err
		}
	}
	return times, nil
}

// repair deletes and edits rules behind the controller's back.
func (b *controllerBench) repair(ctx context.Context) ([]row, error) {
	var deleted, edited samples
	for i := range repairs {
		name := b.threshold(i).Name
		was := b.seen.rule(name)
		begin := time.Now()
		if err := b.deleteRule(ctx, name); err != nil {
			return nil, err
		}
		took, err := b.seen.ruleAfter(ctx, begin, name, func(r ruleSeen) bool { return r.generation > 0 && r.uid != was.uid })
		if err != nil {
			return nil, err
		}
		deleted = append(deleted, took)

		was, begin = b.seen.rule(name), time.Now()
		if err := b.editRule(ctx, name); err != nil {
			return nil, err
		}
		// One generation is the edit's, the next the repair's.
		took, err = b.seen.ruleAfter(ctx, begin, name, func(r ruleSeen) bool { return r.generation >= was.generation+2 })
		if err != nil {
			return nil, err
		}
		edited = append(edited, took)
	}
	return []row{
		{"a deleted rule is back, slowest", milliseconds(deleted.percentile(1)), "under 1 s"},
		{"an edited rule is put back, slowest", milliseconds(edited.percentile(1)), "under 1 s"},
	}, nil
}

// rest counts writes while nothing happens, and when the controller is started again.
func (b *controllerBench) rest(ctx context.Context) ([]row, error) {
	// The last rule was seen; its threshold's status may still be on the way.
	if _, err := b.seen.settled(ctx, time.Now(), many+singles); err != nil {
		return nil, err
	}
	atRest, err := b.writesDuring(ctx, func() error { return sleep(ctx, quiet) })
	if err != nil {
		return nil, err
	}
	restart, err := b.writesDuring(ctx, func() error {
		if err := b.stop(); err != nil {
			return err
		}
		if err := b.start(ctx); err != nil {
			return err
		}
		if err := b.reconciled(ctx, many+singles); err != nil {
			return err
		}
		return sleep(ctx, 5*time.Second)
	})
	if err != nil {
		return nil, err
	}
	return []row{
		{fmt.Sprintf("writes to the API server in %s of rest", quiet), atRest, "none"},
		{"writes to the API server on restart", restart, "none"},
	}, nil
}

// memory lets a fresh controller bear more and more.
func (b *controllerBench) memory(ctx context.Context) ([]row, error) {
	if err := b.stop(); err != nil {
		return nil, err
	}
	if err := b.clear(ctx); err != nil {
		return nil, err
	}
	if err := b.start(ctx); err != nil {
		return nil, err
	}
	targets := map[int]string{1000: "under 64 MiB", 5000: "under 128 MiB"}
	var rows []row
	have := 0
	for _, size := range []int{100, many, most} {
		begin, first := time.Now(), have
		err := b.each(ctx, max(0, size-have), func(ctx context.Context, i int) error { return b.create(ctx, first+i) })
		if err != nil {
			return nil, err
		}
		have = max(have, size)
		if _, err := b.seen.settled(ctx, begin, have); err != nil {
			return nil, err
		}
		if err := sleep(ctx, 5*time.Second); err != nil {
			return nil, err
		}
		resident, peak, err := b.resident()
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{fmt.Sprintf("resident memory at %d thresholds (peak)", have),
			fmt.Sprintf("%.1f MiB (%.1f MiB)", resident, peak), targets[have]})
	}
	return rows, b.stop()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
