package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// evil is a word in everything hostile that is sent. None of it may reach the log or the metrics.
const evil = "EVIL-canary"

// hostile is what is sent over a connection of its own, byte for byte, and what must come back.
type hostile struct {
	name string
	send string
	want []int // the statuses of the answers, in order; then the connection is closed or waits
	// allow is the Allow header of the last answer.
	allow string
}

// post is a request with a body and the key of a client.
func post(path, body string, headers ...string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n%s\r\n%s",
		path, clientKey, len(body), strings.Join(append(headers, ""), "\r\n"), body)
}

func chatting(message, more string) string {
	return post("/chat", `{"message":"`+message+`"`+more+`}`)
}

func hostiles() []hostile {
	const head = " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + clientKey + "\r\n"
	long := strings.Repeat(evil+" ", 200<<10/len(evil))
	bad := []int{http.StatusBadRequest}
	ok := []int{http.StatusOK}
	return []hostile{
		{name: "header of 200 KB", send: "GET /v1/models" + head + "X-A: " + long + "\r\n\r\n", want: []int{431}},
		{name: "10,000 headers", send: "GET /v1/models" + head + strings.Repeat("X-"+evil+": a\r\n", 10_000) + "\r\n", want: []int{431}},
		{name: "request line of 200 KB", send: "GET /" + strings.Repeat("a", 200<<10) + head + "\r\n", want: []int{431}},
		{name: "path of 50 KB", send: "GET /" + strings.Repeat("a", 50<<10) + head + "\r\n", want: []int{404}},
		{name: "body of 2 MB", send: post("/chat", strings.Repeat(" ", 2<<20)), want: []int{413}},
		{name: "text longer than a prompt", send: chatting(strings.Repeat("x", 300_000), ""), want: bad},
		{name: "body said to be endless", send: "POST /chat" + head + "Content-Length: 9223372036854775807\r\n\r\n" + strings.Repeat(" ", 2<<20), want: []int{413}},
		{name: "chunk without end", send: "POST /chat" + head + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n" + strings.Repeat(" ", 2<<20), want: []int{413}},
		{name: "chunks of nonsense", send: "POST /chat" + head + "Transfer-Encoding: chunked\r\n\r\n" + evil + "\r\n", want: bad},
		{name: "broken JSON", send: post("/chat", `{"message":"`+evil), want: bad},
		{name: "JSON of 100,000 levels", send: post("/chat", strings.Repeat(`[`, 100_000)), want: bad},
		{name: "messages of 100,000 levels", send: post("/v1/chat/completions", `{"messages":`+strings.Repeat(`[`, 100_000)), want: bad},
		{name: "JSON twice", send: post("/chat", `{"message":"a"}{"message":"`+evil+`"}`), want: bad},
		{name: "no JSON but UTF-16", send: post("/chat", "\xff\xfe{\x00\"\x00"), want: bad},
		{name: "message that is no UTF-8", send: chatting("a \xff\xc0\xaf "+evil, ""), want: ok},
		{name: "message of control characters", send: chatting(`\u0000\u001b[31m\u2028`+evil, ""), want: ok},
		{name: "half a surrogate", send: chatting(`\ud800 `+evil, ""), want: ok},
		{name: "session with a line break", send: chatting("a", `,"session_id":"`+evil+`\n{\"level\":\"ERROR\"}"`), want: bad},
		{name: "session that is no UTF-8", send: chatting("a", ",\"session_id\":\"\xff\""), want: bad},
		{name: "session with a path", send: chatting("a", `,"session_id":"../../`+evil+`"`), want: bad},
		{name: "model with a line break", send: post("/v1/chat/completions", `{"model":"`+evil+`\n{}","messages":[{"role":"user","content":"a"}]}`), want: []int{404}},
		{name: "request id that is JSON", send: post("/chat", `{"message":"a"}`, `X-Request-ID: `+evil+`","level":"ERROR`), want: ok},
		{name: "request id with an escape", send: post("/chat", `{"message":"a"}`, "X-Request-ID: \x1b]0;"+evil+"\x07"), want: bad},
		{name: "request id with a bare line feed", send: post("/chat", `{"message":"a"}`, "X-Request-ID: a\n"+evil+": b"), want: ok},
		{name: "path with a line break", send: "GET /chat%0d%0a" + evil + head + "\r\n", want: []int{404}},
		{name: "path that is no UTF-8", send: "GET /%ff%fe" + evil + head + "\r\n", want: []int{404}},
		{name: "path up and away", send: "GET /chat/../../etc/" + evil + head + "\r\n", want: []int{307}},
		{name: "query of line breaks", send: strings.Replace(chatting("a", ""), "/chat", "/chat?a=%0a;"+evil+"&&&", 1), want: ok},
		{name: "method of one's own", send: "BREW /chat" + head + "\r\n", want: []int{405}, allow: "POST"},
		{name: "method with a zero", send: "GE\x00T /chat" + head + "\r\n", want: bad},
		{name: "TRACE", send: "TRACE /chat" + head + "\r\n", want: []int{405}, allow: "POST"},
		{name: "CONNECT", send: "CONNECT " + evil + ":443" + head + "\r\n", want: []int{404}},
		{name: "another host's URL", send: "GET http://" + evil + "/v1/models" + head + "\r\n", want: ok},
		{name: "no host", send: "GET /v1/models HTTP/1.1\r\n\r\n", want: bad},
		{name: "two hosts", send: "GET /v1/models" + head + "Host: " + evil + "\r\n\r\n", want: bad},
		{name: "two lengths", send: "POST /chat" + head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", want: bad},
		{name: "length below nothing", send: "POST /chat" + head + "Content-Length: -1\r\n\r\n", want: bad},
		{name: "an encoding that nobody knows", send: "POST /chat" + head + "Transfer-Encoding: " + evil + "\r\n\r\n", want: []int{501}},
		{name: "an expectation that nobody meets", send: "POST /chat" + head + "Expect: " + evil + "\r\nContent-Length: 0\r\n\r\n", want: []int{417}},
		{name: "HTTP/9", send: "GET /v1/models HTTP/9.9\r\nHost: a\r\n\r\n", want: []int{505}},
		{name: "TLS", send: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + evil + "\r\n\r\n", want: bad},
		{name: "a chat and then garbage", send: chatting("a", "") + "\x00\xff" + evil + "\r\n\r\n", want: []int{200, 400}},
		{name: "three at once", send: strings.Repeat(chatting("a", ""), 3), want: []int{200, 200, 200}},
		{name: "a chat hidden in another's body", send: post("/chat", `{"message":"a"}`+chatting("a", "")), want: bad},
	}
}

// hostileProgram is an assistant that knows one client.
func hostileProgram(t *testing.T) *program {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("alice:"+clientKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, "--client-keys-file="+keys, "--max-body-bytes=1048576")
}

func (p *program) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestHostileRequests sends each over a connection of its own and then sends a valid one.
func TestHostileRequests(t *testing.T) {
	p := hostileProgram(t)
	p.seriesCount(t)               // a scrape has series of its own
	for _, h := range hostiles() { // once, so that every series that can be is there
		p.play(t, h)
	}
	before := p.seriesCount(t)
	for _, h := range hostiles() {
		t.Run(h.name, func(t *testing.T) {
			statuses, allow := p.play(t, h)
			if !slices.Equal(statuses, h.want) || allow != h.allow {
				t.Errorf("answered with %d and Allow %q, want %d and %q", statuses, allow, h.want, h.allow)
			}
			if status, answer := p.send(t, "POST", "/chat", clientKey, `{"message":"still there?"}`); status != http.StatusOK {
				t.Errorf("a decent chat is answered with %d %s", status, answer)
			}
		})
	}
	if after := p.seriesCount(t); after != before {
		t.Errorf("%d series after, %d before: clients can make series", after, before)
	}
	p.wantQuietLog(t)
}

// play sends what is hostile and reads the answers, until there are as many as wanted, or no more come.
func (p *program) play(t *testing.T, h hostile) (statuses []int, allow string) {
	t.Helper()
	c := p.dial(t)
	defer c.Close()
	go func() { _, _ = io.WriteString(c, h.send) }() // the answer may come before all is sent
	_ = c.SetReadDeadline(time.Now().Add(settleTime))
	in := bufio.NewReader(c)
	for range h.want {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Errorf("%s: no answer: %v", h.name, err)
			break
		}
		if strings.Contains(fmt.Sprint(resp.Header), evil) && resp.StatusCode != http.StatusTemporaryRedirect {
			t.Errorf("%s: the answer's header holds what was sent: %v", h.name, resp.Header)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		statuses, allow = append(statuses, resp.StatusCode), resp.Header.Get("Allow")
	}
	return statuses, allow
}

func (p *program) seriesCount(t *testing.T) int {
	t.Helper()
	n := 0
	for name, f := range p.scrape(t) {
		if strings.Contains(f.String(), evil) {
			t.Errorf("%s holds what a client sent", name)
		}
		n += len(f.GetMetric())
	}
	return n
}

// wantQuietLog checks that every line of the log is one of the contract, and that none holds what was sent.
func (p *program) wantQuietLog(t *testing.T) {
	t.Helper()
	if err := p.stop(); err != nil {
		t.Errorf("run = %v, want a clean end", err)
	}
	for _, line := range p.log.lines() {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["timestamp"] == nil || fields["level"] == nil || fields["message"] == nil {
			t.Errorf("not a line of the contract: %q", line)
		}
		if strings.Contains(line, evil) {
			t.Errorf("the log holds what was sent: %s", line)
		}
	}
}

// TestThousandIdleConnections: those who say nothing take nothing away from those who do.
func TestThousandIdleConnections(t *testing.T) {
	p := hostileProgram(t)
	for range 1000 {
		p.dial(t)
	}
	var slowest time.Duration
	for range 50 {
		began := time.Now()
		if status, answer := p.send(t, "POST", "/chat", clientKey, `{"message":"still there?"}`); status != http.StatusOK {
			t.Fatalf("a chat is answered with %d %s", status, answer)
		}
		slowest = max(slowest, time.Since(began))
	}
	t.Logf("the slowest of 50 chats took %s", slowest)
	if got := value(t, p.scrape(t), metric.HTTPRequests, "method", "POST", "endpoint", "/chat", "status", "200"); got != 50 {
		t.Errorf("%v chats are counted, want 50", got)
	}
}
