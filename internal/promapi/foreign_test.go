//go:build integration

package promapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/test/foreign"
	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/importer"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// The history of the foreign rules' metrics, and the window in it that is replayed.
var (
	historyStart  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	foreignStart  = historyStart.Add(8 * time.Hour)
	foreignEnd    = foreignStart.Add(16 * time.Hour)
	historyEnd    = foreignEnd.Add(10 * time.Minute)
	foreignWarmUp = 90 * time.Minute
)

const foreignRules = "testdata/foreign/rules.yaml"

// evaluated is what Prometheus' rule engine says of a rule: hack/tools/ruleengine.
type evaluated struct {
	Group, Name    string
	Index          int
	Start          int64
	Episodes       []evaluatedEpisode
	Failed         int
	Failure        string
	rule           alert.Rule
	exact, isEqual bool
}

type evaluatedEpisode struct {
	Labels                  map[string]string
	Active, Fired, Resolved int64
}

// TestReplayIsRuleEngine: the episodes of rules in the shapes of others' are those of Prometheus' own rule engine over the same
// blocks, alert for alert, in a Prometheus that holds what the rules record, and in one that does not.
func TestReplayIsRuleEngine(t *testing.T) {
	dir := t.TempDir()
	blocks, recorded := filepath.Join(dir, "blocks"), filepath.Join(dir, "recorded")
	foreign.Write(t, "testdata/foreign/metrics.txt", filepath.Join(dir, "history.txt"), blocks, historyStart, historyEnd)
	file, err := filepath.Abs(foreignRules)
	if err != nil {
		t.Fatal(err)
	}
	want := runEngine(t, "-data", blocks, "-recorded", recorded, "-rules", file,
		"-start", fmt.Sprint(foreignStart.Unix()), "-end", fmt.Sprint(foreignEnd.Unix()), "-warm-up", foreignWarmUp.String())
	set := readForeign(t)
	for _, r := range want {
		i := slices.IndexFunc(set.Alerts, func(a alert.Rule) bool { return a.Group == r.Group && a.Index == r.Index })
		r.rule = set.Alerts[i]
		// Of a group that a server has loaded, the rules API tells when it is evaluated.
		g := Group{Name: r.Group, File: file, Interval: r.rule.Interval.Seconds(), LastEvaluation: time.Unix(0, r.Start).Add(3 * time.Millisecond)}
		if r.rule.At = g.evaluatedAt(); r.rule.At.UnixNano() != r.Start {
			t.Errorf("group %s is evaluated at %s, want %s", r.Group, r.rule.At, time.Unix(0, r.Start).UTC())
		}
	}
	for name, holds := range map[string][]string{"holds the records": {blocks, recorded}, "lacks the records": {blocks}} {
		t.Run(name, func(t *testing.T) {
			lacks := func(string) bool { return len(holds) == 1 }
			client := newClient(t, Options{URL: serve(t, holds).URL()})
			for i := range want {
				want[i].compare(t, client, set, lacks)
			}
			report(t, name, want)
			checkRangeQuery(t, client)
			checkSweeps(t, client, set)
			if len(holds) == 2 {
				checkImport(t, client, set, want)
			}
		})
	}
}

// checkImport imports all rules into the namespace that most series are of, and proves each by a replay.
func checkImport(t *testing.T, client *Client, set alert.Set, want []*evaluated) {
	t.Helper()
	for i := range set.Alerts {
		r := &set.Alerts[i]
		r.At = want[slices.IndexFunc(want, func(e *evaluated) bool { return e.Group == r.Group && e.Index == r.Index })].rule.At
	}
	w := backtest.Window{Start: foreignStart, End: foreignEnd, Step: time.Minute}
	b := client.NewRuleBacktester(t.Context(), w, set)
	exact, confined, quiet, left, episodes := 0, 0, 0, 0, 0
	for _, i := range importer.FromRules(b.Set, foreign.Namespace, rules.Options{}, w.Step) {
		err := i.Prove(func(r alert.Rule) (*backtest.Result, error) {
			result, _, err := b.Backtest(t.Context(), r)
			return result, err
		})
		if err != nil && !IsRefused(err) {
			t.Fatalf("%s: %v", i.Rules[0].Ref, err)
		}
		switch n := len(i.Rules); {
		case i.Threshold == nil:
			left += n
			t.Logf("left: %s: %s", i.Rules[0].Ref, i.Because)
			continue
		case !i.IsProven():
			quiet += n
			t.Logf("never fires: %s", i.Rules[0].Ref)
		case i.Proof.Confined != "":
			confined += n
			t.Logf("%s: %s", i.Rules[0].Ref, i.Evidence())
		default:
			exact += n
		}
		episodes += i.Proof.Episodes
	}
	t.Logf("of %d alerting rules %d (%.1f%%) are imported and proven, %d of them as confined to the namespace; %d never fire in it; %d are left; %d episodes",
		len(want), exact+confined, 100*float64(exact+confined)/float64(len(want)), confined, quiet, left, episodes)
	if share := float64(exact) / float64(len(want)); share < 0.85 {
		t.Errorf("%.1f%% of the rules are imported and proven as they are: want 85%%", 100*share)
	}
}

// checkSweeps: the sweep of a rule's level says how often the rule fires as it is, and as recommended, as their replays do.
func checkSweeps(t *testing.T, client *Client, set alert.Set) {
	t.Helper()
	b := client.NewRuleBacktester(t.Context(), backtest.Window{Start: foreignStart, End: foreignEnd, Step: time.Minute}, set)
	fires := func(rule alert.Rule) int {
		result, _, err := b.Backtest(t.Context(), rule)
		if err != nil {
			t.Fatalf("%s: %v", rule.Ref, err)
		}
		return result.Levels[0].Fires
	}
	compared := 0
	for _, rule := range b.Set.Alerts {
		level, err := backtest.RuleLevel(rule)
		if err != nil {
			continue
		}
		sweep, query, err := b.Sweep(t.Context(), rule)
		differs := func(reason string) bool {
			return reason == sweepVaries || reason == sweepCollides || reason == sweepLimited
		}
		if err != nil || slices.ContainsFunc(query.Inexact, differs) {
			t.Logf("%s is not compared: %v %v", rule.Ref, err, query.Inexact)
			continue
		}
		for _, point := range sweep.Recommend(backtest.OnceAWeek)[0].Curve {
			changed := rule
			if point.Value != level.Value {
				changed = rule.WithLevel(point.Value)
			}
			if got := fires(changed); got != point.Fires {
				t.Errorf("%s: %s fires %d times, the sweep says %d", rule.Ref, changed.Expr, got, point.Fires)
			}
			compared++
		}
	}
	t.Logf("compared %d levels", compared)
	if compared < 700 {
		t.Errorf("only %d levels were compared", compared)
	}
}

// checkRangeQuery: an expression with @ end() gives at every step what it gives when it is evaluated then.
func checkRangeQuery(t *testing.T, client *Client) {
	t.Helper()
	w := backtest.Window{Start: foreignStart, End: foreignStart.Add(time.Hour), Step: 5 * time.Minute}
	ask := func(expr string) (all string) {
		points := map[string]string{}
		for chunk, err := range client.QueryRange(t.Context(), expr, w) {
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range chunk.Series {
				delete(s.Metric, "__name__")
				points[s.Metric.String()] += fmt.Sprint(s.Values)
			}
		}
		return strings.ReplaceAll(fmt.Sprint(points), "][", " ")
	}
	for expr, same := range map[string]string{
		"demo_gauge @ end() + 0":                      "demo_gauge + 0",
		"max_over_time((demo_gauge @ end())[10m:1m])": "demo_gauge",
	} {
		if got, want := ask(expr), ask(same); got != want {
			t.Errorf("%s gives %s\nwant %s", expr, got, want)
		}
	}
}

// compare replays the rule, and says whether the episodes are the engine's.
func (e *evaluated) compare(t *testing.T, client *Client, set alert.Set, lacks func(string) bool) {
	t.Helper()
	q, err := set.Query(e.rule, lacks)
	if err != nil {
		t.Fatal(err)
	}
	w := backtest.RuleWindow(foreignEnd, foreignEnd.Sub(foreignStart), time.Minute, e.rule)
	for w.Start.Before(foreignStart) {
		w.Start = w.Start.Add(w.Step)
	}
	r, err := backtest.NewRuleReplay(w, e.rule)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Replay(t.Context(), q, r); err != nil {
		t.Errorf("%s: %v", e.rule.Ref, err)
		return
	}
	got, want := replayed(r.Result()), e.engine()
	e.exact, e.isEqual = len(q.Inexact) == 0, slices.Equal(got, want)
	if e.exact && (!e.isEqual || r.Result().Failed != e.Failed) {
		t.Errorf("%s every %s: %s\n%s\nfailed %d (%v), want %d (%s)", e.rule.Ref, w.Step, q.Expr, difference(got, want),
			r.Result().Failed, r.Result().Failure, e.Failed, e.Failure)
	}
	if !e.exact {
		t.Logf("not exact, %d episodes of %d: %s: %s", len(got), len(want), e.rule.Ref, strings.Join(q.Inexact, "; "))
	}
}

// replayed are the episodes as lines, in milliseconds, sorted.
func replayed(result *backtest.Result) (lines []string) {
	for _, e := range result.Levels[0].Episodes {
		resolved := int64(0)
		if !e.ResolvedAt.IsZero() {
			resolved = e.ResolvedAt.UnixMilli()
		}
		lines = append(lines, episodeLine(e.Labels, e.ActiveAt.UnixMilli(), e.FiredAt.UnixMilli(), resolved))
	}
	slices.Sort(lines)
	return lines
}

func (e *evaluated) engine() (lines []string) {
	for _, e := range e.Episodes {
		lines = append(lines, episodeLine(e.Labels, e.Active/1e6, e.Fired/1e6, e.Resolved/1e6))
	}
	slices.Sort(lines)
	return lines
}

func episodeLine(set map[string]string, active, fired, resolved int64) string {
	text := fmt.Sprintf("%s active %d fired %d", labels.FromMap(set), active, fired)
	if resolved != 0 {
		text += fmt.Sprintf(" resolved %d", resolved)
	}
	return text
}

// difference is the lines that only one side has, the first of them.
func difference(got, want []string) string {
	const most = 6
	var lines []string
	for _, line := range got {
		if !slices.Contains(want, line) {
			lines = append(lines, "replayed: "+line)
		}
	}
	only := len(lines)
	lines = lines[:min(most, only)]
	for _, line := range want {
		if !slices.Contains(got, line) && len(lines) < 2*most {
			lines = append(lines, "engine:   "+line)
		}
	}
	return fmt.Sprintf("%d episodes, want %d\n%s", len(got), len(want), strings.Join(lines, "\n"))
}

// report prints the share of the rules that is exact. Rules that never fire would prove nothing.
func report(t *testing.T, name string, all []*evaluated) {
	var quiet []string
	exact, equal, episodes, failing := 0, 0, 0, 0
	for _, e := range all {
		episodes += len(e.Episodes)
		if len(e.Episodes) == 0 {
			quiet = append(quiet, e.Name)
		}
		if e.Failed > 0 {
			failing++
		}
		if e.exact {
			exact++
		}
		if e.isEqual {
			equal++
		}
	}
	t.Logf("a Prometheus that %s: %d alerting rules, %d exact (%.1f%%), %d with the engine's episodes, %d say why they can differ; %d episodes; %d rules fail at times; never fire: %s",
		name, len(all), exact, 100*float64(exact)/float64(len(all)), equal, len(all)-exact, episodes, failing, strings.Join(quiet, ", "))
	if len(all) < 120 || len(quiet) > len(all)/20 {
		t.Errorf("%d rules, of which %d never fire: want 120 at least, and one in 20 at most that never does", len(all), len(quiet))
	}
}

func readForeign(t *testing.T) alert.Set {
	t.Helper()
	set, err := manifest.Reader{Rules: true}.Read([]string{foreignRules})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range set.Errors {
		t.Error(e)
	}
	set.Rules.SetInterval(time.Minute)
	return set.Rules
}

// runEngine runs Prometheus' rule engine: $RULEENGINE, or else the one that the tool build leaves in hack/bin.
func runEngine(t *testing.T, args ...string) (results []*evaluated) {
	t.Helper()
	bin, err := build.FindBin()
	if err != nil {
		t.Fatal(err)
	}
	engine := exec.Command(cmp.Or(os.Getenv("RULEENGINE"), filepath.Join(bin, "ruleengine")), args...)
	engine.Stderr = os.Stderr
	out, err := engine.Output()
	if err != nil {
		t.Fatalf("ruleengine: %v", err)
	}
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	return results
}

// serve runs a Prometheus with copies of the blocks.
func serve(t *testing.T, dirs []string) *prometheusserver.Server {
	t.Helper()
	server := prometheusserver.Start(t, `{global: {evaluation_interval: 1m}}`)
	server.Stop()
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(dir, "01*"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no blocks in %s: %v", dir, err)
		}
		for _, block := range found {
			if err := os.CopyFS(filepath.Join(server.DataDir(), filepath.Base(block)), os.DirFS(block)); err != nil {
				t.Fatal(err)
			}
		}
	}
	server.Start()
	return server
}
