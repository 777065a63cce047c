package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/audit"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

const (
	// maxUnanswered is after how many rules in a row without an answer the audit ends.
	maxUnanswered = 3
	// selectorsAtOnce is of how many selectors one question asks whether they have series.
	selectorsAtOnce = 20
)

type auditOptions struct {
	loader
	window windowOptions
	output output
	// maxFires is negative for no limit.
	maxFires int
	// percent is the part of the time in which Prometheus may be busy for the audit.
	percent int
}

func (c *cli) auditCommand() *cobra.Command {
	o := auditOptions{loader: loader{cli: c, withRules: true}, window: newWindowOptions(), output: newOutput("table", "json", "yaml", "markdown")}
	cmd := &cobra.Command{
		Use:   "audit [-f FILENAME] --prometheus-url URL",
		Short: "Show which alerting rules make the noise, and which are broken",
		Long: `Show, of every alerting rule that Prometheus has loaded, or of those in files, what it did over a past window: how often alerts
began to fire and for how long, how many of the fires were flaps (within 10m of the end of the same alert's last one), and its
share of all fires. The noisiest come first. And what is wrong with a rule:

  NoData        what it reads had no series at any time of the window
  CannotFire    no value meets its comparisons, such as x > 5 < 3 or count(x) == 0, or its level lies above the highest bucket
  AlwaysFiring  some alert fired throughout the window; a rule that reads no series, as a dead man's switch, may
  Fails         Prometheus refuses some of its evaluations, or all
  ShortFor      its "for" is shorter than two evaluations
  NotLoaded     this Prometheus has no rule of its group and name
  Unknown       there was no answer about it, or it would cost a question for each evaluation

Without -f and with a cluster, PrometheusRules of which Prometheus has loaded nothing are listed too, with what would select them.

Prometheus is busy for the audit for a tenth of the time at most, see --load, so that 300 rules take minutes. An interrupt (Ctrl-C)
prints what there is, and the exit code is 2, as it is when Prometheus no longer answers.`,
		Example: `  # Which alerts wake people, and which cannot?
  kubectl plimsoll audit --prometheus-url http://localhost:9090

  # For a ticket
  kubectl plimsoll audit --prometheus-url http://localhost:9090 --window 30d -o markdown > audit.md

  # In CI: fail when a rule of a file would have fired more than 20 times a week
  kubectl plimsoll audit -f rules.yaml --prometheus-url "$PROMETHEUS" --max-fires 20`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.addFileFlags(cmd)
	cmd.Flags().Lookup("filename").Usage = "file or directory with PrometheusRules or rule files, or - for standard input"
	o.window.addFlags(cmd)
	o.output.addFlag(cmd)
	cmd.Flags().IntVar(&o.maxFires, "max-fires", -1, "exit with 1 when a rule would have fired more often in the window; -1 for no limit")
	cmd.Flags().IntVar(&o.percent, "load", 10, "part of the time in which Prometheus may be busy for the audit, in percent; 100 for no pauses")
	return cmd
}

func (o *auditOptions) run(ctx context.Context) error {
	if o.percent < 1 || o.percent > 100 {
		return usageErrorf("--load must be from 1 to 100")
	}
	client, w, err := o.window.connect(ctx)
	if err != nil {
		return err
	}
	set, loaded, err := o.loadRules(ctx, client)
	if err != nil {
		return err
	}
	var unselected []audit.Unselected
	if len(o.paths) == 0 {
		unselected = o.unselected(ctx, loaded)
	}
	b := client.NewRuleBacktester(ctx, w, set)
	all, failed := o.audit(ctx, client, b, w, loaded)
	report := audit.NewReport(w, len(b.Set.Alerts), all)
	report.NotLoaded = unselected
	if err := printAudit(o.Out, o.output.format, report); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("auditing: %w, after %d of %s", failed, len(all), manifest.Count(len(b.Set.Alerts), "rule"))
	}
	return o.checkFires(report)
}

// errInterrupted is why an audit is not whole.
var errInterrupted = errors.New("interrupted")

func (o *auditOptions) checkFires(report audit.Report) (failed error) {
	for _, r := range report.Rules {
		if o.exceeds(o.maxFires, r.String(), int64(r.Fires)) {
			failed = errCheckFailed
		}
	}
	return failed
}

// loadRules returns the rules that are audited, and the alerting rules that Prometheus has loaded; nil when that is not known.
func (o *auditOptions) loadRules(ctx context.Context, client *promapi.Client) (set alert.Set, loaded []alert.Rule, err error) {
	if len(o.paths) > 0 {
		targets, err := o.loadFiles()
		if err != nil {
			return set, nil, err
		}
		if len(targets) > 0 {
			fmt.Fprintf(o.ErrOut, "left out %s: use kubectl plimsoll backtest\n", manifest.Count(len(targets), "AlertThreshold"))
		}
		set = o.alerts
	}
	var fromServer alert.Set
	for group, err := range client.Rules(ctx, "") {
		if err != nil && len(o.paths) > 0 {
			fmt.Fprintf(o.ErrOut, "which rules are loaded is not known: %v\n", err)
			return set, nil, nil
		} else if err != nil {
			return set, nil, fmt.Errorf("%w (to audit rule files with a server that has no rules API, use -f)", err)
		}
		fromServer.Add(group.Set())
	}
	if len(o.paths) == 0 {
		set = fromServer
	}
	if len(set.Alerts) == 0 {
		return set, nil, errors.New("auditing: there is no alerting rule: check --prometheus-url, or the files of -f")
	}
	return set, append([]alert.Rule{}, fromServer.Alerts...), nil
}

// audit judges the rules one by one. It ends early when ctx does and when Prometheus no longer answers, and says so in the error.
func (o *auditOptions) audit(ctx context.Context, client *promapi.Client, b *promapi.RuleBacktester, w backtest.Window, loaded []alert.Rule) (all []audit.Rule, err error) {
	progress := o.newProgress(len(b.Set.Alerts))
	defer progress.clear()
	absent, err := o.absent(ctx, client, b, w)
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case err != nil:
		fmt.Fprintf(o.ErrOut, "which metrics are absent is not known: %v\n", err)
	}
	progress.began = time.Now()
	unanswered := 0
	for i, rule := range b.Set.Alerts {
		progress.show(i)
		e := audit.Evidence{
			Absent:      func(s alert.Selector) bool { return absent[s.Text] },
			IsNotLoaded: loaded != nil && !audit.IsLoaded(rule, loaded),
		}
		busy := client.Busy()
		e.Result, e.Query, e.Err = backtestAtOnce(ctx, b, rule, w)
		if ctx.Err() != nil {
			return all, errInterrupted
		}
		e.IsRefused = promapi.IsRefused(e.Err)
		if e.NeedsBuckets() {
			split, _ := e.Split()
			e.Buckets, _ = client.Buckets(ctx, split.Value, w) // without them it is only not known whether the level is one that they show
		}
		all = append(all, audit.Judge(rule, e))
		if unanswered++; e.Err == nil || e.IsRefused || errors.Is(e.Err, errOneByOne) {
			unanswered = 0
		}
		if unanswered == maxUnanswered {
			return all, fmt.Errorf("giving up: %w", e.Err)
		}
		if i < len(b.Set.Alerts)-1 && o.throttle(ctx, client, busy) != nil {
			return all, errInterrupted
		}
	}
	return all, nil
}

// errOneByOne is why a rule is left out that would cost as many questions as there are evaluations.
var errOneByOne = errors.New("its evaluations must be asked for one by one: use kubectl plimsoll backtest with -f and --alert, and a short --window")

// backtestAtOnce replays the rule, unless its evaluations must be asked for one by one and are many.
func backtestAtOnce(ctx context.Context, b *promapi.RuleBacktester, rule alert.Rule, w backtest.Window) (*backtest.Result, alert.Query, error) {
	const most = 1000
	if query, err := b.Query(ctx, rule); err != nil || query.PerEvaluation && w.Evaluations() > most {
		return nil, query, cmp.Or(err, errOneByOne)
	}
	return b.Backtest(ctx, rule)
}

// throttle leaves Prometheus the rest of the time, after it was busy that long before.
func (o *auditOptions) throttle(ctx context.Context, client *promapi.Client, busy time.Duration) error {
	return throttle(ctx, client.Busy()-busy, float64(o.percent)/100)
}

// absent returns the selectors, and the names of their metrics, that have no sample in the window, of all rules at once.
func (o *auditOptions) absent(ctx context.Context, client *promapi.Client, b *promapi.RuleBacktester, w backtest.Window) (map[string]bool, error) {
	absent := map[string]bool{}
	ask := func(texts []string) error {
		for some := range slices.Chunk(texts, selectorsAtOnce) {
			busy := client.Busy()
			found, err := client.Absent(ctx, some, w)
			if err != nil {
				return err
			}
			for _, text := range found {
				absent[text] = true
			}
			if err := o.throttle(ctx, client, busy); err != nil {
				return err
			}
		}
		return nil
	}
	selectors, err := o.selectors(ctx, client, b)
	if err != nil {
		return nil, err
	}
	var texts, metrics []string
	for _, s := range selectors {
		texts = append(texts, s.Text)
	}
	if err := ask(texts); err != nil {
		return nil, err
	}
	for _, s := range selectors {
		if absent[s.Text] && s.Metric != "" && !slices.Contains(texts, s.Metric) && !slices.Contains(metrics, s.Metric) {
			metrics = append(metrics, s.Metric)
		}
	}
	return absent, ask(metrics)
}

// selectors returns what the rules read, each once.
func (o *auditOptions) selectors(ctx context.Context, client *promapi.Client, b *promapi.RuleBacktester) (all []alert.Selector, err error) {
	for _, rule := range b.Set.Alerts {
		busy := client.Busy()
		query, err := b.Query(ctx, rule)
		if err != nil {
			return nil, err
		}
		for _, s := range alert.Selectors(query.Expr) {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		if err := o.throttle(ctx, client, busy); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// progress says on a terminal how far the audit is.
type progress struct {
	*cli
	total int
	began time.Time
}

func (c *cli) newProgress(total int) progress {
	p := progress{c, total, time.Now()}
	p.show(0)
	return p
}

func (p progress) show(done int) {
	text := p.text(done, time.Since(p.began))
	if p.onProgress != nil && done > 0 {
		p.onProgress(done, p.total, text)
	}
	if isTerminal(p.ErrOut) {
		fmt.Fprintf(p.ErrOut, "\r%s\x1b[K", text)
	}
}

func (p progress) clear() {
	if isTerminal(p.ErrOut) {
		fmt.Fprint(p.ErrOut, "\r\x1b[K")
	}
}

// text says how much is done, and how much time is left if the rest takes as long.
func (p progress) text(done int, elapsed time.Duration) string {
	text := fmt.Sprintf("audited %d of %s", done, manifest.Count(p.total, "rule"))
	if done > 0 {
		left := elapsed / time.Duration(done) * time.Duration(p.total-done)
		text += fmt.Sprintf(", about %s left", backtest.FormatDuration(left.Round(time.Second)))
	}
	return text
}
