package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/expression"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Proof is that a threshold fires exactly when its rules do: over a window, at the evaluations of the rules, both have the same
// alerts, which begin, fire and end at the same times. Their labels are the same but for what an AlertThreshold sets:
// namespace, alertthreshold and, where the rule has none, severity.
type Proof struct {
	Window backtest.Window
	// Episodes is how many alerts fired, of all levels. Of the levels of the severities Quiet none did, which proves nothing.
	Episodes int
	Quiet    []string
	// Elsewhere is how many alerts of the rules fired in other namespaces, which the threshold does not watch.
	Elsewhere int
	// Confined says how the alerts of a rule differ whose own have no namespace: it may count the series of several. Then the
	// threshold's are exactly those of the rule with every selector confined to the namespace.
	Confined string
}

// Replay replays a rule over the window.
type Replay func(alert.Rule) (*backtest.Result, error)

// Prove replays the rules and the threshold's. Where they differ the rules are left.
func (i *Import) Prove(replay Replay) error {
	if i.Threshold == nil {
		return nil
	}
	proof := Proof{}
	for n := range i.Rules {
		differs, err := i.proveLevel(n, replay, &proof)
		if err != nil {
			return err
		}
		if differs != "" {
			i.Leave(differs)
			return nil
		}
	}
	i.Proof = &proof
	return nil
}

// proveLevel returns where the level's alerts are not the rule's; empty when they are.
func (i *Import) proveLevel(n int, replay Replay, proof *Proof) (differs string, err error) {
	rule := i.Rules[n]
	rendered, err := i.Rendered(n)
	if err != nil {
		return "", err
	}
	original, err := replay(rule)
	if err != nil {
		return "", err
	}
	imported, err := replay(rendered)
	if err != nil {
		return "", err
	}
	own := []string{rules.NamespaceLabel, rules.ThresholdLabel}
	if rule.Labels[rules.SeverityLabel] == "" {
		own = append(own, rules.SeverityLabel)
	}
	got := episodes(imported, "", own)
	want := episodes(original, i.namespace, own)
	proof.Window = original.Window
	proof.Episodes += len(got)
	if len(got) == 0 {
		proof.Quiet = append(proof.Quiet, i.Plan.Levels[n].Severity)
	}
	proof.Elsewhere += len(original.Levels[0].Episodes) - len(want)
	if slices.Equal(got, want) {
		return "", nil
	}
	counts := difference(got, want)
	differs = "would not fire as the rule did: " + counts
	switch {
	case i.readsRecords[n]:
		return differs + ". Its records are put in: they are evaluated at other times, or of all namespaces", nil
	case hasNamespace(original) || usesAbsent(i.exprs[n]):
		return differs, nil
	}
	enforced, err := expression.EnforceNamespace(i.exprs[n], i.namespace)
	if err != nil {
		return differs, nil //nolint:nilerr // the threshold's own could be
	}
	rule.Expr = enforced.String()
	confined, err := replay(rule)
	if err != nil {
		return "", err
	}
	if want = episodes(confined, "", own); !slices.Equal(got, want) {
		return "would not fire as the rule confined to " + i.namespace + " did: " + difference(got, want), nil
	}
	if len(got) == 0 { // that the series are another namespace's is all that is known
		return differs, nil
	}
	proof.Confined = counts
	return "", nil
}

// hasNamespace reports whether an alert of the result says which namespace it is of.
func hasNamespace(r *backtest.Result) bool {
	return slices.ContainsFunc(r.Levels[0].Episodes, func(e backtest.Episode) bool { return e.Labels[rules.NamespaceLabel] != "" })
}

// episodes are the alerts that fired, as sorted lines without the labels of those names: of the namespace and of none, or all when it is empty.
func episodes(r *backtest.Result, namespace string, without []string) (lines []string) {
	for _, e := range r.Levels[0].Episodes {
		if of := e.Labels[rules.NamespaceLabel]; namespace != "" && of != "" && of != namespace {
			continue
		}
		set := maps.Clone(e.Labels)
		for _, name := range without {
			delete(set, name)
		}
		line := fmt.Sprintf("%s active at %s, firing at %s", labels.FromMap(set), formatTime(e.ActiveAt), formatTime(e.FiredAt))
		if !e.ResolvedAt.IsZero() {
			line += ", resolved at " + formatTime(e.ResolvedAt)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func formatTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// difference says how the alerts differ, with the first that only one side has.
func difference(got, want []string) string {
	text := fmt.Sprintf("%d alerts instead of %d", len(got), len(want))
	for _, line := range got {
		if !slices.Contains(want, line) {
			return text + ", such as " + line
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			return text + ", without " + line
		}
	}
	return text
}

// Evidence says what was proven of the threshold.
func (i Import) Evidence() string {
	switch p := i.Proof; {
	case p == nil:
		return "not proven: nothing was replayed"
	case p.Episodes == 0:
		return "not proven: over " + backtest.FormatDuration(p.Window.Length()) + " neither it nor the threshold fired" + i.elsewhere()
	case p.Confined != "":
		return fmt.Sprintf("over %s the threshold fired exactly when the rule would, confined to %s: %s. The rule itself is of all namespaces: %s",
			backtest.FormatDuration(p.Window.Length()), i.namespace, times(p.Episodes), p.Confined+i.unproven())
	default:
		return fmt.Sprintf("over %s the threshold fired exactly when the rule did, %s%s", backtest.FormatDuration(p.Window.Length()), times(p.Episodes), i.elsewhere()+i.unproven())
	}
}

// unproven says of which levels nothing is proven, though others fired.
func (i Import) unproven() string {
	if len(i.Proof.Quiet) == 0 {
		return ""
	}
	return ". Not proven: " + strings.Join(i.Proof.Quiet, ", ") + ", which did not fire"
}

func (i Import) elsewhere() string {
	if i.Proof.Elsewhere == 0 {
		return ""
	}
	return fmt.Sprintf(". In other namespaces the rule fired %s", times(i.Proof.Elsewhere))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// IsProven reports whether a replay in which every level fired has shown that the threshold fires when its rules do.
func (i Import) IsProven() bool {
	return i.Threshold != nil && i.Proof != nil && len(i.Proof.Quiet) == 0
}
