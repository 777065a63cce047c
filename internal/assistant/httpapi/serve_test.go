package httpapi

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func status(url string) int {
	resp, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// slowModel returns a model that closes called, and then waits for answer.
func slowModel() (model generate, called chan struct{}, answer chan struct{}) {
	called, answer = make(chan struct{}), make(chan struct{})
	return func(ctx context.Context, r assistant.Request) (assistant.Answer, error) {
		close(called)
		select {
		case <-answer:
			return echo(ctx, r)
		case <-ctx.Done():
			return assistant.Answer{}, &assistant.Error{Kind: assistant.KindCancelled, Err: ctx.Err()}
		}
	}, called, answer
}

// chatting posts a message and sends the status of the answer, 0 if there is none.
func chatting(url string) chan int {
	done := make(chan int, 1)
	go func() {
		resp, err := http.Post(url+"/chat", "application/json", strings.NewReader(`{"message":"x"}`))
		if err != nil {
			done <- 0
			return
		}
		resp.Body.Close()
		done <- resp.StatusCode
	}()
	return done
}

func TestDrain(t *testing.T) {
	model, called, answer := slowModel()
	a, log := newAPI(t, model)
	public, operators := listen(t), listen(t)
	url, opsURL := "http://"+public.Addr().String(), "http://"+operators.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- a.Serve(ctx, Serving{
			Public: public, Telemetry: operators,
			ShutdownDelay: 500 * time.Millisecond, ShutdownTimeout: 20 * time.Second,
		})
	}()
	if got := status(url + "/health/ready"); got != 200 {
		t.Fatalf("ready = %d before the stop", got)
	}
	inFlight := chatting(url)
	<-called
	stop()

	// During the delay, readiness fails while everything else still answers.
	for status(url+"/health/ready") == 200 {
		time.Sleep(time.Millisecond)
	}
	if got := status(url + "/health"); got != 200 {
		t.Errorf("liveness = %d while draining, want 200", got)
	}
	// After it, no connection is taken; the request in flight goes on, and so do metrics.
	for status(url+"/health") != 0 {
		time.Sleep(time.Millisecond)
	}
	if got := status(opsURL + "/metrics"); got != 200 {
		t.Errorf("metrics = %d during the drain, want 200", got)
	}
	close(answer)
	if got := <-inFlight; got != 200 {
		t.Errorf("the request in flight ended with %d", got)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve = %v, want a clean end", err)
	}
	if !strings.Contains(log.String(), `"message":"Draining"`) {
		t.Errorf("the log lacks the drain:\n%s", log)
	}
}

func TestWhatIsNotDrainedInTimeIsCancelled(t *testing.T) {
	model, called, _ := slowModel()
	a, _ := newAPI(t, model)
	public := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- a.Serve(ctx, Serving{Public: public, ShutdownTimeout: 50 * time.Millisecond})
	}()
	inFlight := chatting("http://" + public.Addr().String())
	<-called
	stop()
	if err := <-served; err == nil || !strings.Contains(err.Error(), "draining "+public.Addr().String()) {
		t.Errorf("Serve = %v, want the drain's failure", err)
	}
	if got := <-inFlight; got == 200 {
		t.Error("the request in flight was answered")
	}
}

func TestServeEndsIfAListenerFails(t *testing.T) {
	a, _ := newAPI(t, echo)
	public, operators := listen(t), listen(t)
	operators.Close()
	err := a.Serve(t.Context(), Serving{Public: public, Telemetry: operators, ShutdownTimeout: time.Second})
	if err == nil || !strings.Contains(err.Error(), operators.Addr().String()) {
		t.Errorf("Serve = %v, want the failure of the listener", err)
	}
	if c, err := net.Dial("tcp", public.Addr().String()); err == nil {
		c.Close()
		t.Error("the other listener is still open")
	}
}
