package telemetry

import (
	"runtime"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// agree holds the kinds of error that the callers saw, which are the client's own words, to the ledger.
func checkLedger(t *testing.T, kinds map[string]float64, ledger server.Ledger) {
	t.Helper()
	for what, values := range map[string][2]float64{
		"calls":       {mixedCalls, float64(ledger.Requests)},
		"blocked":     {kinds["blocked"], float64(ledger.Blocked)},
		"truncated":   {kinds["truncated"], float64(ledger.Truncated)},
		"left":        {kinds["cancelled"] + kinds["timeout"], float64(ledger.Cancelled)},
		"quota":       {kinds["quota"] + kinds["quota_minute"] + kinds["quota_day"], float64(ledger.Errors[429])},
		"unavailable": {kinds["unavailable"], float64(ledger.Errors[500] + ledger.Errors[503])},
	} {
		if values[0] != values[1] || values[0] == 0 {
			t.Errorf("%s: %v by the script, %v in the ledger %+v", what, values[0], values[1], ledger)
		}
	}
}

// expected is what /metrics must say, by metric and by the label that is neither model nor endpoint, without zeros: all
// but the kinds of error is computed from what the stand-in booked.
func (s *accountingFixture) expected(t *testing.T, kinds map[string]float64) map[string]map[string]float64 {
	t.Helper()
	ledger := s.fake.Ledger()
	checkLedger(t, kinds, ledger)
	want := s.booked.Metrics(ledger)
	want[metric.ModelErrors.Name], want[metric.Errors.Name] = kinds, kinds
	return want
}

// goroutinesReturnTo waits for those that are ending, and fails if some never do.
func goroutinesReturnTo(t *testing.T, start int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > start; {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d at the start:\n%s", runtime.NumGoroutine(), start, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(5 * time.Millisecond)
	}
}
