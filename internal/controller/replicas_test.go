//go:build integration

package controller_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

const (
	// replicasWatched is for how long the thresholds of two replicas are watched.
	replicasWatched = 5 * time.Minute
	// replicasInterval is how often they are observed, and how often Prometheus evaluates them.
	replicasInterval = time.Second
)

// TestReplicas observes two Prometheus servers behind one address, whose data differ. No published state may contradict the
// value beside it, the states must not go back and forth between the servers, and people are told that there are several.
func TestReplicas(t *testing.T) {
	t.Parallel()
	one, two := newReplicas(t)
	defer one.controlAt(t, promapi.Options{URL: balance(t, one.server.URL(), two.server.URL())}, replicasInterval)()
	levels := map[string]float64{"moving": 5}
	one.create(t, "moving", `{alert: Moving, expr: 0 * sum(measured) + time() % 10, levels: [{severity: warning, above: 5}]}`)
	// As many as make an answer of more than one part.
	for i := range 10 {
		name := fmt.Sprintf("steady-%d", i)
		levels[name] = 0
		one.create(t, name, fmt.Sprintf(`{alert: Steady%d, expr: sum(measured), levels: [{severity: warning, above: 0}]}`, i))
	}
	for name := range levels {
		eventually(t, time.Minute, func() error {
			status := waitFor(t, one.admin, "default", name, v1alpha1.ConditionLoaded, v1alpha1.ReasonLoaded).Status
			if status.Current == "" {
				return fmt.Errorf("%s is %s and has no value", name, status.State)
			}
			return nil
		})
	}
	published := watchStatuses(t, one)
	states, messages := map[string][]string{}, map[string][]string{}
	for _, threshold := range published {
		expectConsistent(t, threshold, levels[threshold.Name])
		loaded := meta.FindStatusCondition(threshold.Status.Conditions, v1alpha1.ConditionLoaded)
		states[threshold.Name] = append(states[threshold.Name], string(threshold.Status.State))
		messages[threshold.Name] = append(messages[threshold.Name], loaded.Message)
	}
	for name := range levels {
		changes := slices.Compact(states[name])
		if name == "moving" && (len(changes) < 10 || slices.Contains(changes, string(v1alpha1.StateUnknown))) {
			t.Errorf("states of what moves are %v, want Inactive and Firing again and again", changes)
		}
		if name != "moving" && len(changes) > 1 {
			t.Errorf("states of %s, which stands still, are %v", name, changes)
		}
		if said := slices.Compact(messages[name]); len(said) > 2 {
			t.Errorf("%s: the message of Loaded changes again and again: %q", name, said)
		}
	}
	expectCondition(t, getThreshold(t, one.admin, "default", "moving"), v1alpha1.ConditionLoaded, metav1.ConditionTrue, 1, "several Prometheus servers")
}

// expectConsistent checks that the state of a threshold, whose one level has no "for", is that of the value beside it.
func expectConsistent(t *testing.T, threshold v1alpha1.AlertThreshold, level float64) {
	t.Helper()
	status := threshold.Status
	current, err := strconv.ParseFloat(status.Current, 64)
	if err != nil {
		t.Errorf("%s is %s without a value", threshold.Name, status.State)
		return
	}
	fires := status.State == v1alpha1.StateFiring || status.State == v1alpha1.StatePending
	if beyond := current > level; beyond != fires {
		t.Errorf("%s is %s at %s > %g", threshold.Name, status.State, status.Current, level)
	}
}

// newReplicas are two Prometheus servers that have the rules of one cluster and scrape different values.
func newReplicas(t *testing.T) (one, two *stage) {
	t.Helper()
	one = newStage(t)
	two = &stage{cfg: one.cfg, admin: one.admin, gauges: &gauges{}}
	two.server = prometheusserver.StartScraping(t, two.gauges)
	one.gauges.set(map[string]float64{"a": 10.2})
	two.gauges.set(map[string]float64{"a": 0})
	for _, s := range []*stage{one, two} {
		s.sync(t)
		t.Cleanup(s.stopSync)
	}
	return one, two
}

// watchStatuses are all AlertThresholds that are written from now on, for as long as replicas are watched.
func watchStatuses(t *testing.T, s *stage) (published []v1alpha1.AlertThreshold) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), replicasWatched)
	defer cancel()
	watch, err := newLive(t, s.cfg).Watch(ctx, &v1alpha1.AlertThresholdList{})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Stop()
	for {
		select {
		case event, open := <-watch.ResultChan():
			if !open && ctx.Err() == nil {
				t.Fatal("the watch ended early")
			}
			if threshold, ok := event.Object.(*v1alpha1.AlertThreshold); ok {
				published = append(published, *threshold)
			}
		case <-ctx.Done():
			return published
		}
	}
}

// balance gives each new connection to the next of the servers, as kube-proxy does for a Service, and returns the URL.
func balance(t *testing.T, servers ...string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for i := 0; ; i++ {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go forward(client, strings.TrimPrefix(servers[i%len(servers)], "http://"))
		}
	}()
	return "http://" + listener.Addr().String()
}

// forward carries one connection to the server until either end closes it.
func forward(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	closeBoth := sync.OnceFunc(func() { _, _ = client.Close(), server.Close() })
	go func() { _, _ = io.Copy(server, client); closeBoth() }()
	_, _ = io.Copy(client, server)
	closeBoth()
}
