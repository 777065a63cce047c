package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

const (
	canaryKey    = "AIzaCANARY-key"
	canaryPrompt = "canary-prompt"
	defaultModel = "gemini-flash-latest"
)

// program is a running assistant before a stand-in Gemini.
type program struct {
	fake           *server.Server
	gemini         *httptest.Server // where fake is served
	url, telemetry string
	stop           func() error // ends it and returns run's error
	log            *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.b.String()), "\n")
}

func start(t *testing.T, args ...string) *program {
	t.Helper()
	fake, err := server.New(server.Config{Behaviour: server.DefaultBehaviour(), APIKey: canaryKey, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	gemini := httptest.NewServer(fake)
	t.Cleanup(gemini.Close)

	p := &program{fake: fake, gemini: gemini, log: &logBuffer{}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	args = append([]string{
		"--listen=127.0.0.1:0", "--telemetry-listen=127.0.0.1:0", "--gemini-endpoint=" + gemini.URL,
		"--shutdown-delay=0s", "--log-level=debug",
	}, args...)
	go func() { ended <- run(ctx, args, env("GEMINI_API_KEY", canaryKey), p.log) }()
	p.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = p.stop() })
	p.await(t, ended)
	return p
}

// await waits until the program listens.
func (p *program) await(t *testing.T, ended <-chan error) {
	t.Helper()
	for p.url == "" {
		select {
		case err := <-ended:
			t.Fatalf("run ended at once: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
		for _, text := range p.log.lines() {
			var line map[string]any
			if json.Unmarshal([]byte(text), &line) == nil && line["message"] == "Application started" {
				p.url = fmt.Sprintf("http://%s", line["listen"])
				p.telemetry = fmt.Sprintf("http://%s", line["telemetry_listen"])
			}
		}
	}
}

// chat posts a message and returns the status and the reply.
func (p *program) chat(t *testing.T, message string) (status int, reply string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"session_id": "s", "message": message})
	resp, err := http.Post(p.url+"/chat", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Reply string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer.Reply
}

// scrape reads /metrics as Prometheus would.
func (p *program) scrape(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	resp, err := http.Get(p.telemetry + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// value is a counter's or gauge's value; labels are pairs, each a name and a value. The test fails if it is not there.
func value(t *testing.T, families map[string]*dto.MetricFamily, m metric.Metric, labels ...string) float64 {
	t.Helper()
	want := map[string]string{}
	for i := 0; i < len(labels); i += 2 {
		want[labels[i]] = labels[i+1]
	}
	for _, s := range families[m.Name].GetMetric() {
		got := map[string]string{}
		for _, field := range s.GetLabel() {
			got[field.GetName()] = field.GetValue()
		}
		if maps.Equal(got, want) {
			return s.GetCounter().GetValue() + s.GetGauge().GetValue()
		}
	}
	t.Errorf("%s%v is not there", m.Name, want)
	return -1
}

func TestAFreshInstanceHasTheWholeContract(t *testing.T) {
	families := start(t, "--price-file="+priceFile(t)).scrape(t) // without prices there is no cost
	for _, m := range metric.All() {
		if f := families[m.Name]; f == nil || !strings.EqualFold(f.GetType().String(), string(m.Type)) {
			t.Errorf("%s = %v, want a %s", m.Name, f, m.Type)
		}
	}
	if got := value(t, families, metric.ModelCalls, "model", defaultModel, "status", "error"); got != 0 {
		t.Errorf("failed calls = %v before any call", got)
	}
}

func TestMetricsEqualTheStandInsLedger(t *testing.T) {
	p := start(t)
	const calls = 60
	ok := p.hammer(t, calls, server.Behaviour{ErrorRate: 0.4, ErrorCodes: []int{429, 500, 503}, BlockRate: 0.2})

	ledger, families := p.fake.Ledger(), p.scrape(t)
	if ledger.Requests != calls || ledger.Answers == 0 || ledger.Blocked == 0 || ledger.Errors[429] == 0 || ledger.Errors[503] == 0 {
		t.Fatalf("the script did not play: %+v", ledger)
	}
	failures, unavailable := calls-ledger.Answers, ledger.Errors[500]+ledger.Errors[503]
	for _, tt := range []struct {
		metric metric.Metric
		labels []string
		want   int
	}{
		{metric.ModelCalls, []string{"model", defaultModel, "status", "success"}, ledger.Answers},
		{metric.ModelCalls, []string{"model", defaultModel, "status", "error"}, failures},
		{metric.TokensUsed, []string{"model", defaultModel, "type", "prompt"}, ledger.PromptTokens},
		{metric.TokensUsed, []string{"model", defaultModel, "type", "completion"}, ledger.CompletionTokens},
		{metric.Errors, []string{"endpoint", "ai_model", "error_type", "quota"}, ledger.Errors[429]},
		{metric.Errors, []string{"endpoint", "ai_model", "error_type", "unavailable"}, unavailable},
		{metric.Errors, []string{"endpoint", "ai_model", "error_type", "blocked"}, ledger.Blocked},
		{metric.Errors, []string{"endpoint", "/chat", "error_type", "blocked"}, ledger.Blocked},
		{metric.HTTPRequests, []string{"method", "POST", "endpoint", "/chat", "status", "200"}, ok},
		{metric.HTTPRequests, []string{"method", "POST", "endpoint", "/chat", "status", "200"}, ledger.Answers},
		{metric.HTTPRequests, []string{"method", "POST", "endpoint", "/chat", "status", "429"}, ledger.Errors[429]},
		{metric.HTTPRequests, []string{"method", "POST", "endpoint", "/chat", "status", "503"}, unavailable},
		{metric.HTTPRequests, []string{"method", "POST", "endpoint", "/chat", "status", "400"}, ledger.Blocked},
		{metric.ActiveSessions, nil, 1},
	} {
		if got := value(t, families, tt.metric, tt.labels...); got != float64(tt.want) {
			t.Errorf("%s%v = %v, want %d", tt.metric.Name, tt.labels, got, tt.want)
		}
	}
	var durations uint64
	for _, m := range families[metric.ModelDuration.Name].GetMetric() { // of all models
		durations += m.GetHistogram().GetSampleCount()
	}
	if durations != calls {
		t.Errorf("%d durations of model calls, want %d", durations, calls)
	}
}

// hammer makes n calls, four at a time, and returns how many were answered.
func (p *program) hammer(t *testing.T, n int, b server.Behaviour) (ok int) {
	t.Helper()
	if err := p.fake.SetBehaviour(b); err != nil {
		t.Fatal(err)
	}
	statuses := make(chan int, n)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range n / 4 {
				resp, err := http.Post(p.url+"/chat", "application/json", strings.NewReader(`{"session_id":"s","message":"how deep?"}`))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				statuses <- resp.StatusCode
			}
		})
	}
	wg.Wait()
	close(statuses)
	for s := range statuses {
		if s == http.StatusOK {
			ok++
		}
	}
	return ok
}

func TestNoTextAndNoKeyIsEverLogged(t *testing.T) {
	p := start(t)
	status, reply := p.chat(t, canaryPrompt)
	if status != http.StatusOK || reply == "" {
		t.Fatalf("chat = %d %q", status, reply)
	}
	for _, code := range []int{400, 403, 404, 429, 500, 503, 504} {
		if err := p.fake.SetBehaviour(server.Behaviour{ErrorRate: 1, ErrorCodes: []int{code}}); err != nil {
			t.Fatal(err)
		}
		if status, _ := p.chat(t, canaryPrompt); status < 400 {
			t.Errorf("a model that fails with %d was answered with %d", code, status)
		}
	}
	for _, body := range []string{canaryPrompt, `{"message":"` + canaryPrompt + `"`, `{"` + canaryPrompt + `":1}`} {
		resp, err := http.Post(p.url+"/chat?"+canaryPrompt, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v, want a clean end", err)
	}
	for _, line := range p.log.lines() {
		for what, private := range map[string]string{"prompt": canaryPrompt, "reply": reply, "key": canaryKey} {
			if strings.Contains(line, private) {
				t.Errorf("a log line holds the %s: %s", what, line)
			}
		}
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["timestamp"] == nil || fields["level"] == nil || fields["message"] == nil {
			t.Errorf("not a line of the contract: %s", line)
		}
	}
	if rest := p.log.lines()[len(p.log.lines())-1]; !strings.Contains(rest, `"message":"Application shutdown","uptime":`) {
		t.Errorf("last line = %s, want the shutdown with its uptime", rest)
	}
}

func TestAWrongKeyIsCalledByItsName(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--api-key-file="+file)
	if status, _ := p.chat(t, "hello"); status != http.StatusForbidden {
		t.Errorf("chat = %d, want 403", status)
	}
	if got := value(t, p.scrape(t), metric.Errors, "endpoint", "ai_model", "error_type", "auth"); got != 1 {
		t.Errorf("auth errors = %v, want 1", got)
	}
}

// TestTheKeyIsReplacedWithoutARestart: the file is read again, and while it holds no key, the previous one stays.
func TestTheKeyIsReplacedWithoutARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("revoked")
	p := start(t, "--api-key-file="+file)
	for _, step := range []struct {
		text string
		want int
	}{{"revoked", 403}, {canaryKey + "\n", 200}, {"", 200}, {"two\nlines", 200}, {"revoked", 403}, {canaryKey, 200}} {
		write(step.text)
		if status, _ := p.chat(t, "hello"); status != step.want {
			t.Errorf("with %q in the file, chat = %d, want %d", step.text, status, step.want)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if status, _ := p.chat(t, "hello"); status != http.StatusOK {
		t.Errorf("without the file, chat = %d", status)
	}
}

func TestAPortInUseIsAnError(t *testing.T) {
	p := start(t)
	err := run(t.Context(), []string{"--listen", strings.TrimPrefix(p.url, "http://")}, env("GEMINI_API_KEY", "x"), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("run = %v, want an error about --listen", err)
	}
}
