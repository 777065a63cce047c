//go:build harness

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// slowClient sends a first piece at once and then a piece per interval, and reads nothing before its connection is closed.
type slowClient struct {
	name              string
	firstPiece, piece string
	interval          time.Duration
	// closed is when the assistant must have closed the connection, at the earliest and at the latest.
	closed [2]time.Duration
	// response is a part of what was received before that; empty if nothing may have been.
	response string
}

// The assistant's limits are in internal/assistant/httpapi: 10 s for a header, 60 s for a body.
var slowClients = []slowClient{
	{name: "says nothing", closed: [2]time.Duration{9 * time.Second, 14 * time.Second}},
	{name: "slow header", firstPiece: "POST /chat HTTP/1.1\r\n", piece: "X-A: b\r\n", interval: 500 * time.Millisecond,
		closed: [2]time.Duration{9 * time.Second, 14 * time.Second}},
	{name: "header letter by letter", firstPiece: "GET /v1/models HTTP/1.1\r\nHost: ", piece: "a", interval: 100 * time.Millisecond,
		closed: [2]time.Duration{9 * time.Second, 14 * time.Second}},
	{name: "slow body", firstPiece: "POST /chat HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + clientKey + "\r\nContent-Length: 1000\r\n\r\n",
		piece: " ", interval: time.Second, closed: [2]time.Duration{59 * time.Second, 66 * time.Second}, response: "408 Request Timeout"},
	{name: "slow chunks", firstPiece: "POST /chat HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + clientKey + "\r\nTransfer-Encoding: chunked\r\n\r\n",
		piece: "1\r\n \r\n", interval: time.Second, closed: [2]time.Duration{59 * time.Second, 66 * time.Second}, response: "408 Request Timeout"},
}

// TestPatientClients plays them all at once, twenty of each, and checks that normal clients are served meanwhile.
func TestPatientClients(t *testing.T) {
	const each = 20
	p := hostileProgram(t)
	p.send(t, "GET", "/v1/models", clientKey, "")
	http.DefaultClient.CloseIdleConnections()
	before, _ := goroutines()
	done := make(chan struct{})
	var all, normal sync.WaitGroup
	for _, c := range slowClients {
		for range each {
			all.Go(func() { p.playSlowClient(t, c) })
		}
	}
	normal.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(200 * time.Millisecond):
				if status, answer := p.send(t, "POST", "/chat", clientKey, `{"message":"still there?"}`); status != http.StatusOK {
					t.Errorf("a normal chat is answered with %d %s", status, answer)
				}
			}
		}
	})
	all.Wait()
	close(done)
	normal.Wait()
	if got := value(t, p.scrape(t), metric.HTTPRequests, "method", "POST", "endpoint", "/chat", "status", "408"); got != 2*each {
		t.Errorf("%v bodies that did not come are counted, want %d", got, 2*each)
	}
	wantGoroutines(t, "after they are gone", before, func() {
		http.DefaultClient.CloseIdleConnections()
		p.gemini.CloseClientConnections()
	})
	p.wantQuietLog(t)
}

// playSlowClient plays a slow client to the end of its connection.
func (p *program) playSlowClient(t *testing.T, c slowClient) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	began := time.Now()
	said := make(chan string, 1)
	go func() {
		data, _ := io.ReadAll(conn) // ends with the connection, well or not
		said <- string(data)
	}()
	_, _ = io.WriteString(conn, c.firstPiece)
	for {
		select {
		case text := <-said:
			if took := time.Since(began); took < c.closed[0] || took > c.closed[1] {
				t.Errorf("%s: closed after %s, want it between %s and %s", c.name, took, c.closed[0], c.closed[1])
			}
			if !strings.Contains(text, c.response) || c.response == "" && text != "" {
				t.Errorf("%s: told %q, want %q in it", c.name, text, c.response)
			}
			return
		case <-time.After(max(c.interval, 100*time.Millisecond)):
			_, _ = io.WriteString(conn, c.piece) // the end is seen by who reads
		}
	}
}

// TestStreamsThatNobodyReads: an answer larger than all buffers, whose client takes none of it, is given up, counted as
// one that was cancelled, and leaves nothing behind.
func TestStreamsThatNobodyReads(t *testing.T) {
	const clients = 5
	p := hostileProgram(t)
	p.send(t, "GET", "/v1/models", clientKey, "")
	http.DefaultClient.CloseIdleConnections()
	before, _ := goroutines()
	if err := p.fake.SetBehaviour(server.Behaviour{CompletionTokens: 2_000_000, ChunkWords: 2000}); err != nil {
		t.Fatal(err)
	}
	for range clients { // whose connections are open to the end of the test
		c := p.dial(t)
		if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, post("/v1/chat/completions", `{"model":"`+defaultModel+`","stream":true,"messages":[{"role":"user","content":"tell me all"}]}`)); err != nil {
			t.Fatal(err)
		}
	}
	absent := func() float64 {
		return value(t, p.scrape(t), metric.HTTPRequests, "method", "POST", "endpoint", "/v1/chat/completions", "status", "499")
	}
	for deadline := time.Now().Add(settleTime); absent() < clients; time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			t.Fatalf("%v of %d streams were given up: %+v", absent(), clients, p.fake.Ledger())
		}
	}
	// What lies in buffers may be the whole answer, of which the model then sees nothing.
	if ledger := p.fake.Ledger(); ledger.Cancelled == 0 || ledger.Cancelled+ledger.Answers != clients {
		t.Errorf("the model was left alone %d times of %d: %+v", ledger.Cancelled, clients, ledger)
	}
	wantGoroutines(t, "after they are gone", before, func() {
		http.DefaultClient.CloseIdleConnections()
		p.gemini.CloseClientConnections()
	})
	if status, answer := p.send(t, "GET", "/v1/models", clientKey, ""); status != http.StatusOK {
		t.Errorf("models are answered with %s", fmt.Sprint(status, answer))
	}
}
