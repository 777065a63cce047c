// Command ruleengine evaluates rules over a past window with Prometheus' own rule engine, which the server only runs in the
// present: what a replay is compared with. It prints the episodes of every alerting rule as JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "ruleengine:", err)
		os.Exit(1)
	}
}

type options struct {
	data, recorded, rules string
	start, end            int64
	warmUp, interval      time.Duration
}

// result is what one alerting rule did.
type result struct {
	Group, Name string
	// Index is the rule's place in its group.
	Index int
	// Start is the group's first evaluation in the window, in nanoseconds since 1970.
	Start    int64
	Episodes []episode
	// Failed is at how many evaluations the rule has failed, Failure the last reason.
	Failed  int
	Failure string `json:",omitempty"`
}

// episode is an alert that fired. Times are nanoseconds since 1970; Resolved is 0 while it fires.
type episode struct {
	Labels                  map[string]string
	Active, Fired, Resolved int64
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.data, "data", "", "folder of the blocks with the history; nothing is written to it")
	flag.StringVar(&o.recorded, "recorded", "", "new folder for blocks with what the rules record")
	flag.StringVar(&o.rules, "rules", "", "rule file")
	flag.Int64Var(&o.start, "start", 0, "start of the window, in seconds since 1970")
	flag.Int64Var(&o.end, "end", 0, "end of the window")
	flag.DurationVar(&o.warmUp, "warm-up", 0, "for how long before the start rules are evaluated too; alerts then start anew")
	flag.DurationVar(&o.interval, "interval", time.Minute, "interval of groups that have none")
	flag.Parse()

	history, err := open(o.data)
	if err != nil {
		return err
	}
	defer history.Close()
	scratch, err := os.MkdirTemp("", "ruleengine")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	recorded, err := open(scratch)
	if err != nil {
		return err
	}
	defer recorded.Close()

	e := engine{options: o, recorded: recorded, history: history}
	if _, err := e.evaluate(ctx, time.Unix(o.start, 0).Add(-o.warmUp), time.Unix(o.start, 0)); err != nil {
		return err
	}
	results, err := e.evaluate(ctx, time.Unix(o.start, 0), time.Unix(o.end, 0).Add(1))
	if err != nil {
		return err
	}
	if o.recorded != "" {
		if err := recorded.Snapshot(o.recorded, true); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}

func open(dir string) (*tsdb.DB, error) {
	o := tsdb.DefaultOptions()
	o.RetentionDuration = 0
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, o, nil)
	if err != nil {
		return nil, err
	}
	db.DisableCompactions()
	return db, nil
}

type engine struct {
	options
	history, recorded *tsdb.DB
}

// Querier reads the history and what was recorded, as one storage.
func (e *engine) Querier(mint, maxt int64) (storage.Querier, error) {
	history, err := e.history.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	recorded, err := e.recorded.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return storage.NewMergeQuerier([]storage.Querier{history, recorded}, nil, storage.ChainedSeriesMerge), nil
}

// evaluate evaluates every group from its first evaluation at start or after it to the last before end.
func (e *engine) evaluate(ctx context.Context, start, end time.Time) ([]*result, error) {
	promQL := parser.NewParser(parser.Options{})
	query := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 5e7, Timeout: time.Minute, EnableAtModifier: true, EnableNegativeOffset: true, Parser: promQL,
		NoStepSubqueryIntervalFn: func(int64) int64 { return e.interval.Milliseconds() },
	})
	defer query.Close()
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc: rules.EngineQueryFunc(query, e), Queryable: e, Appendable: e.recorded, Context: ctx, Parser: promQL,
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {}, Logger: slog.New(slog.DiscardHandler),
	})
	loaded, errs := manager.LoadGroups(e.interval, labels.EmptyLabels(), "", nil, true, e.rules)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	var groups []*evaluatedGroup
	for _, key := range slices.Sorted(maps.Keys(loaded)) {
		groups = append(groups, newEvaluatedGroup(loaded[key], start))
	}
	for {
		next := slices.MinFunc(groups, func(a, b *evaluatedGroup) int { return a.next.Compare(b.next) })
		if !next.next.Before(end) {
			break
		}
		next.eval(ctx)
	}
	var results []*result
	for _, g := range groups {
		for _, r := range g.alerting {
			results = append(results, r.result)
		}
	}
	return results, nil
}

type evaluatedGroup struct {
	group    *rules.Group
	next     time.Time
	alerting []*alertingRule
}

type alertingRule struct {
	rule   *rules.AlertingRule
	result *result
	// firing is where the episode of an alert stands that fires.
	firing map[string]int
}

func newEvaluatedGroup(group *rules.Group, start time.Time) *evaluatedGroup {
	g := &evaluatedGroup{group: group, next: group.EvalTimestamp(start.UnixNano())}
	for g.next.Before(start) {
		g.next = g.next.Add(group.Interval())
	}
	for i, r := range group.Rules() {
		if alerting, ok := r.(*rules.AlertingRule); ok {
			alerting.SetRestored(true) // else it records nothing
			g.alerting = append(g.alerting, &alertingRule{
				rule: alerting, firing: map[string]int{},
				result: &result{Group: group.Name(), Name: r.Name(), Index: i, Start: g.next.UnixNano(), Episodes: []episode{}},
			})
		}
	}
	return g
}

func (g *evaluatedGroup) eval(ctx context.Context) {
	g.group.Eval(ctx, g.next)
	for _, r := range g.alerting {
		r.track(g.next)
	}
	g.next = g.next.Add(g.group.Interval())
}

// track keeps the episodes that begin and end with the evaluation at that time.
func (r *alertingRule) track(at time.Time) {
	if err := r.rule.LastError(); err != nil {
		r.result.Failed++
		r.result.Failure = err.Error()
	}
	still := map[string]bool{}
	for _, a := range r.rule.ActiveAlerts() {
		if a.State != rules.StateFiring {
			continue
		}
		key := a.Labels.String()
		still[key] = true
		if _, known := r.firing[key]; !known {
			r.firing[key] = len(r.result.Episodes)
			r.result.Episodes = append(r.result.Episodes, episode{Labels: a.Labels.Map(), Active: a.ActiveAt.UnixNano(), Fired: at.UnixNano()})
		}
	}
	for key, i := range r.firing {
		if !still[key] {
			r.result.Episodes[i].Resolved = at.UnixNano()
			delete(r.firing, key)
		}
	}
}
