package main

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/audit"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// TestPrintAudit writes a report in every format: an interrupted one, with a rule that is noisy, one that is broken, one that is fine.
func TestPrintAudit(t *testing.T) {
	end := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
	w := backtest.Window{Start: end.Add(-7 * 24 * time.Hour), End: end, Step: 30 * time.Second}
	did := func(fires int, firing time.Duration) *backtest.Result {
		return &backtest.Result{Window: w, Levels: []backtest.LevelResult{{Fires: fires, Firing: firing, Longest: firing, LastFired: end.Add(-time.Hour)}}}
	}
	rule := func(name, expr string) alert.Rule {
		return alert.Rule{
			Ref: alert.Ref{Object: "/etc/rules.yaml", Group: "web|1", Name: name}, Evaluation: alert.Evaluation{Interval: time.Minute},
			Expr: expr, Labels: map[string]string{"severity": "warning"},
		}
	}
	absent := func(s alert.Selector) bool { return s.Metric == "gone" }
	noisy := audit.Judge(rule("Noisy", "up == 0"), audit.Evidence{Result: did(3, 2*time.Hour), Query: alert.Query{Inexact: []string{"it reads a record"}}})
	broken := audit.Judge(rule("Broken", "gone > 1"), audit.Evidence{Result: did(0, 0), Query: alert.Query{Expr: "gone > 1"}, Absent: absent})
	refused := audit.Judge(rule("Refused", "x * y"), audit.Evidence{Err: errors.New("many-to-many"), IsRefused: true, Absent: absent})
	fine := audit.Judge(rule("Fine", "up == 0"), audit.Evidence{Result: did(1, time.Minute)})
	report := audit.NewReport(w, 9, []audit.Rule{broken, fine, noisy, refused})
	report.NotLoaded = []audit.Unselected{{Namespace: "ai", Name: "forgotten", Alerts: 2, Because: "no Prometheus selects it"}}

	for format, file := range map[string]string{"table": "audit.txt", "json": "audit.json", "yaml": "audit.yaml", "markdown": "audit.md"} {
		var out bytes.Buffer
		if err := printAudit(&out, format, report); err != nil {
			t.Fatal(err)
		}
		golden(t, file, out.String())
	}
}

func TestAuditProgress(t *testing.T) {
	p := progress{total: 300}
	for done, want := range map[int]string{0: "audited 0 of 300 rules", 100: "audited 100 of 300 rules, about 4m left"} {
		if got := p.text(done, 2*time.Minute); got != want {
			t.Errorf("progress = %q, want %q", got, want)
		}
	}
}
