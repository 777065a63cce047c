package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// sessions is how many conversations there are: enough to be many, few enough for all to be full after the warm-up.
const sessions = 400

// inFlight is the most chats at once; what a slow assistant does not take is left out.
const inFlight = 256

// load is what became of the chats.
type load struct{ answered, failed int }

// verdict is an error if the assistant was not under load, or failed under it.
func (l load) verdict() error {
	if l.answered == 0 || l.failed > 0 {
		return fmt.Errorf("%d chats were answered and %d failed: want all answered", l.answered, l.failed)
	}
	return nil
}

// drive chats at rate per second until ctx ends.
func drive(ctx context.Context, url string, rate int) load {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: inFlight}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var l load
	var running sync.WaitGroup
	slots := make(chan struct{}, inFlight)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			running.Wait()
			return l
		case <-tick.C:
		}
		select {
		case slots <- struct{}{}:
		default:
			continue
		}
		running.Go(func() {
			defer func() { <-slots }()
			err := chat(client, url, n%sessions)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				l.failed++
			} else {
				l.answered++
			}
		})
	}
}

func chat(client *http.Client, url string, session int) error {
	body := fmt.Sprintf(`{"session_id":"soak-%d","message":"how deep may a ship lie before it is unsafe?"}`, session)
	resp, err := client.Post(url+"/chat", "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}
