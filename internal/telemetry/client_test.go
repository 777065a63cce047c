package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/clientkeys"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

func callOf(t *testing.T, r *Recorder, client string, c Call) {
	t.Helper()
	ctx := context.WithValue(t.Context(), clientkeys.ContextKey, &clientkeys.Client{ID: "secret-id", Name: client})
	r.ModelCall(ctx, c)
}

func TestCallsAreCountedByClient(t *testing.T) {
	r := fresh()
	names := []string{"ann", "bob"}
	r.CountClients(func() []string { return names })
	usage := assistant.Usage{PromptTokens: 2_000_000, CompletionTokens: 1_000_000, CachedTokens: 1_000_000, Source: assistant.UsageReported}
	callOf(t, r, "ann", Call{Model: model, Usage: usage})
	callOf(t, r, "ann", Call{Model: model, Usage: usage, Err: failure(assistant.KindTruncated)})
	callOf(t, r, "ann", Call{Model: model, Usage: assistant.Usage{Source: assistant.UsageUnknown}, Err: errors.New("away")})
	callOf(t, r, "bob", Call{Model: unpriced, Usage: usage})
	callOf(t, r, "bob", Call{Model: "not configured", Usage: usage})
	callOf(t, r, "", Call{Model: model, Usage: usage}) // a request without a key

	for m, want := range map[string]map[string]float64{
		metric.ClientCalls.Name: {
			"ann " + model + " success": 1, "ann " + model + " error": 2, "bob " + unpriced + " success": 1, "bob other success": 1,
		},
		metric.ClientTokens.Name: {
			"ann " + model + " prompt": 4e6, "ann " + model + " completion": 2e6, "bob " + unpriced + " prompt": 2e6,
			"bob " + unpriced + " completion": 1e6, "bob other prompt": 2e6, "bob other completion": 1e6,
		},
		metric.ClientCost.Name: {"ann " + model: 2 * (0.1 + 0.025 + 0.4)},
	} {
		for _, contract := range metric.Client() {
			if contract.Name != m {
				continue
			}
			if got := raised(t, r, contract); !maps.Equal(got, want) {
				t.Errorf("%s = %v\nwant %v", m, got, want)
			}
		}
	}
	if page := scrape(t, r, slog.New(slog.DiscardHandler), ""); strings.Contains(page, "secret-id") {
		t.Error("/metrics has more of a client than its name")
	}
	if calls := values(t, r, metric.ModelCalls); calls[model+" success"] != 2 || len(calls) != 5 {
		t.Errorf("calls by model = %v: those of clients are not beside them", calls)
	}
}

// TestClientsComeAndStay: a new name starts at zero at the next scrape, one that is gone keeps its series.
func TestClientsComeAndStay(t *testing.T) {
	r := fresh()
	names := []string{"ann"}
	r.CountClients(func() []string { return names })
	if got := values(t, r, metric.ClientCalls); len(got) != 4 {
		t.Errorf("calls = %v, want ann's of two models", got)
	}
	names = []string{"bob"}
	got := values(t, r, metric.ClientCalls)
	for _, client := range []string{"ann", "bob"} {
		if n, ok := got[client+" "+model+" success"]; !ok || n != 0 {
			t.Errorf("calls of %s = %v, %v, want 0", client, n, ok)
		}
	}
	if got := values(t, r, metric.ClientCost); len(got) != 2 {
		t.Errorf("costs = %v, want those of the model with a price", got)
	}
}

func TestWithoutKeysNoClientIsCounted(t *testing.T) {
	r := fresh()
	callOf(t, r, "ann", Call{Model: model, Usage: assistant.Usage{Source: assistant.UsageUnknown}})
	if page := scrape(t, r, slog.New(slog.DiscardHandler), ""); strings.Contains(page, "client_") {
		t.Error("/metrics has metrics of clients")
	}
}

func TestClientsAreCountedAtOnce(t *testing.T) {
	r := fresh()
	r.CountClients(func() []string { return []string{"c0", "c1"} })
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			for range 100 {
				callOf(t, r, fmt.Sprintf("c%d", i%4), Call{Model: model, Usage: assistant.Usage{PromptTokens: 1, Source: assistant.UsageReported}})
				_, _ = r.registry.Gather()
			}
		})
	}
	running.Wait()
	for client, n := range raised(t, r, metric.ClientCalls) {
		if n != 200 {
			t.Errorf("%s = %v, want 200", client, n)
		}
	}
}
