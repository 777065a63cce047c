package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// priceFile holds a price of the default model.
func priceFile(t *testing.T) string {
	t.Helper()
	return writePrices(t, "models:\n  "+defaultModel+": {prompt: 0.1, completion: 0.4}\n")
}

func writePrices(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "prices.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCallsArePriced(t *testing.T) {
	p := start(t, "--price-file="+priceFile(t))
	if status, _ := p.chat(t, "how deep?"); status != http.StatusOK {
		t.Fatalf("chat = %d", status)
	}
	families, ledger := p.scrape(t), p.fake.Ledger()
	for kind, want := range map[string]float64{
		"prompt": float64(ledger.PromptTokens) * 0.1 / 1e6, "completion": float64(ledger.CompletionTokens) * 0.4 / 1e6,
	} {
		if got := value(t, families, metric.Cost, "model", defaultModel, "type", kind); got != want || got == 0 {
			t.Errorf("%s cost %v, want %v", kind, got, want)
		}
	}
	if got := value(t, families, metric.CostLookups, "model", defaultModel, "status", "priced"); got != 1 {
		t.Errorf("%v lookups found a price, want 1", got)
	}
	if got := value(t, families, metric.UpstreamAttempts, "model", defaultModel, "code", "200"); got != 1 {
		t.Errorf("%v attempts, want 1", got)
	}
}

func TestNothingIsFree(t *testing.T) {
	for name, args := range map[string][]string{
		"no price file":           nil,
		"a price file without it": {"--price-file=" + writePrices(t, "models:\n  another: {prompt: 1, completion: 1}\n")},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, args...)
			p.chat(t, "how deep?")
			families := p.scrape(t)
			if f := families[metric.Cost.Name]; f != nil {
				t.Errorf("there is a cost: %v", f)
			}
			if got := value(t, families, metric.CostLookups, "model", defaultModel, "status", "unpriced"); got != 1 {
				t.Errorf("%v lookups found no price, want 1", got)
			}
			if warned := strings.Contains(strings.Join(p.log.lines(), "\n"), "Model has no price"); warned != (args != nil) {
				t.Errorf("a warning was logged: %v", warned)
			}
		})
	}
}

func TestABadPriceFileIsNotStartedWith(t *testing.T) {
	for file, want := range map[string]string{
		filepath.Join(t.TempDir(), "none"):                  "no such file",
		t.TempDir():                                         "is a directory",
		writePrices(t, "models:\n  m: {prompt: -1}\n"):      "line 2: models.m.prompt: must not be negative",
		writePrices(t, strings.Repeat("#", maxPriceFile+1)): "larger than",
	} {
		err := run(t.Context(), []string{"--price-file", file}, env("GEMINI_API_KEY", "x"), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--price-file") {
			t.Errorf("run = %v, want an error with %q", err, want)
		}
	}
}
