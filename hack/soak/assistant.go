package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"syscall"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/hack/fakegemini/server"
)

// assistant is a process of its own before a stand-in Gemini in this one.
type assistant struct {
	url    string
	cmd    *exec.Cmd
	gemini *httptest.Server
}

func startAssistant(o options) (*assistant, error) {
	fake, err := server.New(server.Config{Behaviour: server.DefaultBehaviour(), APIKey: "soak", Seed: 1})
	if err != nil {
		return nil, err
	}
	a := &assistant{gemini: httptest.NewServer(fake)}
	a.cmd = exec.Command(o.binary, "--listen=127.0.0.1:0", "--gemini-endpoint="+a.gemini.URL, "--shutdown-delay=0s")
	a.cmd.Env = append(os.Environ(), "GEMINI_API_KEY=soak", "PLIMSOLL_SESSION_STORE="+o.store)
	a.cmd.Stderr = os.Stderr
	stdout, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := a.cmd.Start(); err != nil {
		a.gemini.Close()
		return nil, fmt.Errorf("starting the assistant (make build builds it): %w", err)
	}
	log := bufio.NewScanner(stdout)
	log.Buffer(nil, 1<<20)
	for log.Scan() {
		var line struct{ Message, Listen string }
		if json.Unmarshal(log.Bytes(), &line) == nil && line.Message == "Application started" {
			a.url = "http://" + line.Listen
			go func() { // or the assistant would wait for a reader
				for log.Scan() {
				}
			}()
			return a, nil
		}
	}
	a.stop()
	return nil, errors.New("the assistant ended before it served")
}

// stop ends the assistant and waits for it.
func (a *assistant) stop() {
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	_ = a.cmd.Wait()
	a.gemini.Close()
}

// sample reads what the assistant says of itself.
func (a *assistant) sample(ctx context.Context) (sample, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/metrics", nil)
	if err != nil {
		return sample{}, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return sample{}, err
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return sample{}, fmt.Errorf("reading /metrics: %w", err)
	}
	gauge := func(name string) float64 {
		if m := families[name].GetMetric(); len(m) > 0 {
			return m[0].GetGauge().GetValue()
		}
		return 0
	}
	s := sample{rss: gauge("process_resident_memory_bytes"), goroutines: gauge("go_goroutines")}
	if s.rss == 0 || s.goroutines == 0 {
		return s, errors.New("/metrics lacks process_resident_memory_bytes or go_goroutines")
	}
	return s, nil
}
