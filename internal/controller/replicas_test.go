//go:build integration

package controller

import (
	"context"
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

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
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
	stop := one.controlAt(t, balance(t, one.server.URL(), two.server.URL()), replicasInterval)
	defer stop()
	one.create(t, "steady", `{alert: Steady, expr: sum(measured), levels: [{severity: warning, above: 0}]}`)
	one.create(t, "moving", `{alert: Moving, expr: 0 * sum(measured) + time() % 10, levels: [{severity: warning, above: 5}]}`)
	for _, name := range []string{"steady", "moving"} {
		waitFor(t, one.admin, "default", name, v1alpha1.ConditionLoaded, v1alpha1.ReasonLoaded)
	}
	published := watchStatuses(t, one)
	states := map[string][]v1alpha1.State{}
	for _, threshold := range published {
		status, limit := threshold.Status, map[string]float64{"steady": 0, "moving": 5}[threshold.Name]
		if current, err := strconv.ParseFloat(status.Current, 64); err == nil {
			beyond := current > limit
			fires := status.State == v1alpha1.StateFiring || status.State == v1alpha1.StatePending
			if beyond != fires {
				t.Errorf("%s is %s at %s > %g", threshold.Name, status.State, status.Current, limit)
			}
		}
		if was := states[threshold.Name]; len(was) == 0 || was[len(was)-1] != status.State {
			states[threshold.Name] = append(was, status.State)
		}
	}
	if len(states["steady"]) > 1 {
		t.Errorf("states of what is steady went back and forth: %v", states["steady"])
	}
	if len(states["moving"]) < 10 || slices.Contains(states["moving"], v1alpha1.StateUnknown) {
		t.Errorf("states of what moves are %v, want Inactive and Firing again and again", states["moving"])
	}
	for _, name := range []string{"steady", "moving"} {
		expectCondition(t, getThreshold(t, one.admin, "default", name), v1alpha1.ConditionLoaded, metav1.ConditionTrue, 1, "several Prometheus servers")
	}
	if said := messages(published, "steady"); len(said) > 2 {
		t.Errorf("the message of Loaded changed again and again: %q", said)
	}
}

// newReplicas are two Prometheus servers that have the rules of one cluster and scrape different values.
func newReplicas(t *testing.T) (one, two *stage) {
	t.Helper()
	one = newStage(t)
	two = &stage{cfg: one.cfg, admin: one.admin, gauges: &gauges{}}
	two.server = startScraping(t, two.gauges)
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

// messages are what the condition Loaded of the threshold has said, one after the other.
func messages(published []v1alpha1.AlertThreshold, name string) (said []string) {
	for _, threshold := range published {
		loaded := meta.FindStatusCondition(threshold.Status.Conditions, v1alpha1.ConditionLoaded)
		if threshold.Name == name && loaded != nil && (len(said) == 0 || said[len(said)-1] != loaded.Message) {
			said = append(said, loaded.Message)
		}
	}
	return said
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
