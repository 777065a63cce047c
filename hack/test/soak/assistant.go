package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/accounting"
	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
)

const (
	model = "gemini-flash-latest"
	// modelTimeout is long beside what the stand-in takes to answer, even on a busy machine, and short beside the run.
	modelTimeout = 5 * time.Second
	// maxBody is the largest request body, in bytes.
	maxBody = 20_000
)

// clients are who asks, each with a key of its own.
var clients = []string{"alice", "bob", "carol"}

func keyOf(client string) string { return client + "-key-0123456789" }

// gemini is the stand-in in this process. It adds up what it does, and tells when a call has arrived.
type gemini struct {
	fake   *server.Server
	srv    *httptest.Server
	totals accounting.Totals

	mu      sync.Mutex
	arrived map[int]func() // by call, what its arrival sets off
}

func startGemini(ended func(server.Call)) (*gemini, error) {
	g := &gemini{arrived: map[int]func(){}}
	behaviour := server.DefaultBehaviour()
	behaviour.Latency, behaviour.LatencyJitter = 10*time.Millisecond, 10*time.Millisecond
	behaviour.ChunkDelay = time.Millisecond
	behaviour.Scenes = script()
	var err error
	g.fake, err = server.New(server.Config{Behaviour: behaviour, APIKey: "soak", Seed: 1, Ended: func(c server.Call) {
		ended(c) // first: when all are counted, all have been compared
		g.totals.Add(c)
	}})
	if err != nil {
		return nil, err
	}
	g.srv = httptest.NewServer(http.HandlerFunc(g.serve))
	return g, nil
}

var callID = regexp.MustCompile(`call-(\d+)`)

// idOf is the number of the call that a text is from: the last, since a conversation holds those before it.
func idOf(text []byte) int {
	all := callID.FindAllSubmatch(text, -1)
	if len(all) == 0 {
		return -1
	}
	n, err := strconv.Atoi(string(all[len(all)-1][1]))
	if err != nil {
		return -1
	}
	return n
}

func (g *gemini) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller is gone before the call was made
	}
	g.mu.Lock()
	id := idOf(body)
	arrived := g.arrived[id]
	delete(g.arrived, id)
	g.mu.Unlock()
	if arrived != nil {
		arrived()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.fake.ServeHTTP(w, r)
}

// onArrival has do called when the call has reached the model.
func (g *gemini) onArrival(id int, do func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.arrived[id] = do
}

// process is the assistant, a process of its own.
type process struct {
	url, telemetry string
	cmd            *exec.Cmd
	dir            string
}

func startAssistant(ctx context.Context, o options, geminiURL string) (*process, error) {
	dir, err := os.MkdirTemp("", "plimsoll-soak-")
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir}
	if err := p.start(ctx, o, geminiURL); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, nil
}

func (p *process) start(ctx context.Context, o options, geminiURL string) error {
	keys, prices := filepath.Join(p.dir, "keys"), filepath.Join(p.dir, "prices.yaml")
	var lines string
	for _, c := range clients {
		lines += c + ":" + keyOf(c) + "\n"
	}
	if err := errors.Join(
		os.WriteFile(keys, []byte(lines), 0o600),
		os.WriteFile(prices, []byte("models:\n  "+model+": "+accounting.Prices+"\n"), 0o600),
	); err != nil {
		return err
	}
	binary := o.binary
	if binary == "" {
		binary = filepath.Join(p.dir, "assistant")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/assistant").CombinedOutput(); err != nil {
			return fmt.Errorf("building the assistant: %w\n%s", err, out)
		}
	}
	p.cmd = exec.Command(binary, "--listen=127.0.0.1:0", "--telemetry-listen=127.0.0.1:0", "--shutdown-delay=0s",
		"--gemini-endpoint="+geminiURL, "--silence-timeout="+modelTimeout.String(), "--model="+model,
		"--client-keys-file="+keys, "--price-file="+prices, fmt.Sprintf("--max-body-bytes=%d", maxBody))
	p.cmd.Env = append(os.Environ(), "GEMINI_API_KEY=soak", "PLIMSOLL_SESSION_STORE="+o.store)
	p.cmd.Stderr = os.Stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting the assistant: %w", err)
	}
	log := bufio.NewScanner(stdout)
	log.Buffer(nil, 1<<20)
	for log.Scan() {
		var line struct {
			Message, Listen string
			Telemetry       string `json:"telemetry_listen"`
		}
		if json.Unmarshal(log.Bytes(), &line) == nil && line.Message == "Application started" {
			p.url, p.telemetry = "http://"+line.Listen, "http://"+line.Telemetry
			go func() { // or the assistant would wait for a reader
				for log.Scan() {
				}
			}()
			return nil
		}
	}
	return errors.Join(errors.New("the assistant ended before it served"), p.cmd.Wait())
}

// stop ends the assistant. It is an error if it does not end well.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	return errors.Join(p.cmd.Wait(), os.RemoveAll(p.dir))
}
