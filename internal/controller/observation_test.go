//go:build integration

package controller_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

const (
	prometheusCRD = "../../charts/plimsoll-stack/crds/monitoring.coreos.com_prometheuses.yaml"
	// observeInterval is how often the controller of these tests observes.
	observeInterval = 2 * time.Second
)

// gauges are what the Prometheus of these tests scrapes: a value by series, with noise of one percent.
type gauges struct {
	mu     sync.Mutex
	values map[string]float64
}

func (g *gauges) set(values map[string]float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.values = values
}

func (g *gauges) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for series, value := range g.values {
		fmt.Fprintf(w, "measured{namespace=\"default\",tenant=\"default\",series=%q} %g\n", series, value*(1+0.01*rand.Float64()))
	}
}

// stage is a cluster of its own, a Prometheus that may have its rules, and a controller that observes them.
type stage struct {
	cfg    *rest.Config
	admin  client.Client
	server *prometheusserver.Server
	gauges *gauges
	// stopSync ends what brings rules to Prometheus; nil while nothing does.
	stopSync func()
}

func newStage(t *testing.T) *stage {
	t.Helper()
	cfg, admin := ownCluster(t, thresholdCRDs, ruleCRD, prometheusCRD)
	s := &stage{cfg: cfg, admin: admin, gauges: &gauges{values: map[string]float64{"a": 1}}}
	s.server = prometheusserver.StartScraping(t, s.gauges)
	return s
}

// control runs the controller until the returned function is called. It reaches Prometheus through a gateway that asks for everything.
func (s *stage) control(t *testing.T) (stop func()) {
	t.Helper()
	base, file := s.server.Guarded()
	return s.controlAt(t, promapi.Options{URL: base + "?namespace=ai", HTTPConfigFile: file}, observeInterval)
}

// controlAt is control by a Prometheus that is reached so, and observed that often.
func (s *stage) controlAt(t *testing.T, options promapi.Options, interval time.Duration) (stop func()) {
	t.Helper()
	end, err := runController(s.cfg, manager.Options{Prometheus: prometheus.Options{
		Options:          options,
		Interval:         interval,
		BacktestInterval: time.Hour, BacktestWindow: time.Minute, BacktestStep: time.Second,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

// sync brings rules to Prometheus from now on.
func (s *stage) sync(t *testing.T) {
	t.Helper()
	httpClient, err := rest.HTTPClientFor(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		demo.SyncRules(ctx, httpClient, s.cfg.Host, s.server.URL(), s.server.RulesDir())
	}()
	s.stopSync = func() { cancel(); <-done }
}

func (s *stage) create(t *testing.T, name, spec string) {
	t.Helper()
	if err := create(s.admin, thresholdYAML("default", name, spec)); err != nil {
		t.Fatal(err)
	}
}

// wait waits until the condition Loaded has the reason, and the threshold the state.
func (s *stage) wait(t *testing.T, name, reason string, state v1alpha1.State) *v1alpha1.AlertThreshold {
	t.Helper()
	var threshold *v1alpha1.AlertThreshold
	eventually(t, time.Minute, func() error {
		threshold = waitFor(t, s.admin, "default", name, v1alpha1.ConditionLoaded, reason)
		if threshold.Status.State != state {
			return fmt.Errorf("state is %s, want %s: %+v", threshold.Status.State, state, threshold.Status)
		}
		return nil
	})
	return threshold
}

// TestObservation takes thresholds through all that can become of their rules in a real Prometheus.
func TestObservation(t *testing.T) {
	s := newStage(t)
	prometheus := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "main"}}
	prometheus.Spec.RuleSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"release": "prometheus"}}
	if err := s.admin.Create(t.Context(), prometheus); err != nil {
		t.Fatal(err)
	}
	stop := s.control(t)
	defer func() { stop() }()
	const spec = `{alert: Much, expr: sum by (series) (measured), levels: [{severity: warning, above: 5}, {severity: critical, above: 50, for: 1h}]}`

	t.Run("not selected", func(t *testing.T) {
		s.create(t, "much", spec)
		threshold := s.wait(t, "much", v1alpha1.ReasonNotSelected, v1alpha1.StateUnknown)
		expectCondition(t, threshold, v1alpha1.ConditionLoaded, metav1.ConditionFalse, 1, "default/main asks for rules with the labels release=prometheus")
		expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionTrue, 1, "its rule is in the cluster")
	})
	t.Run("not yet loaded", func(t *testing.T) {
		prometheus.Spec.RuleSelector = &metav1.LabelSelector{}
		if err := s.admin.Update(t.Context(), prometheus); err != nil {
			t.Fatal(err)
		}
		threshold := s.wait(t, "much", v1alpha1.ReasonNotYetLoaded, v1alpha1.StateUnknown)
		expectCondition(t, threshold, v1alpha1.ConditionLoaded, metav1.ConditionUnknown, 1, "does not have PrometheusRule plimsoll-much yet")
		expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionTrue, 1, "")
	})
	t.Run("loaded", func(t *testing.T) {
		s.sync(t)
		threshold := s.wait(t, "much", v1alpha1.ReasonLoaded, v1alpha1.StateInactive)
		expectCondition(t, threshold, v1alpha1.ConditionLoaded, metav1.ConditionTrue, 1, "evaluates it every 1s")
		if got := threshold.Status; !strings.HasPrefix(got.Current, "1") || got.Headroom != "80%" {
			t.Errorf("current is %s, headroom %s, want 1 and 80%%", got.Current, got.Headroom)
		}
	})
	t.Run("firing and back", func(t *testing.T) { testFiring(t, s) })
	t.Run("no data", func(t *testing.T) {
		s.gauges.set(nil)
		if got := s.wait(t, "much", v1alpha1.ReasonLoaded, v1alpha1.StateNoData).Status; got.Current != "" {
			t.Errorf("current is %s", got.Current)
		}
		s.gauges.set(map[string]float64{"a": 1, "b": 2})
		if got := s.wait(t, "much", v1alpha1.ReasonLoaded, v1alpha1.StateInactive).Status; got.CurrentLabels["series"] != "b" {
			t.Errorf("current is %s of %v, want that of b", got.Current, got.CurrentLabels)
		}
	})
	t.Run("evaluation fails", func(t *testing.T) {
		s.create(t, "ambiguous", `{alert: Ambiguous, expr: measured * on (namespace) measured, levels: [{severity: warning, above: 5}]}`)
		threshold := s.wait(t, "ambiguous", v1alpha1.ReasonEvaluationFailed, v1alpha1.StateUnknown)
		expectCondition(t, threshold, v1alpha1.ConditionLoaded, metav1.ConditionFalse, 1, "found duplicate series for the match group")
	})
	t.Run("expression differs", func(t *testing.T) {
		s.stopSync()
		threshold := getThreshold(t, s.admin, "default", "much")
		threshold.Spec.Levels[1].Above = "40"
		if err := s.admin.Update(t.Context(), threshold); err != nil {
			t.Fatal(err)
		}
		threshold = s.wait(t, "much", v1alpha1.ReasonExpressionDiffers, v1alpha1.StateUnknown)
		expectCondition(t, threshold, v1alpha1.ConditionLoaded, metav1.ConditionUnknown, 2, "vector(50)")
		if got := threshold.Status; got.Current == "" || got.Levels[0].State != v1alpha1.StateInactive {
			t.Errorf("what is still right is not told: %+v", got)
		}
		s.sync(t)
		s.wait(t, "much", v1alpha1.ReasonLoaded, v1alpha1.StateInactive)
	})
	t.Run("shadow", func(t *testing.T) { testShadow(t, s) })
	t.Run("unreachable", func(t *testing.T) {
		before := &monitoringv1.PrometheusRule{}
		key := client.ObjectKey{Namespace: "default", Name: "plimsoll-much"}
		if err := s.admin.Get(t.Context(), key, before); err != nil {
			t.Fatal(err)
		}
		s.server.Stop()
		threshold := s.wait(t, "much", v1alpha1.ReasonPrometheusUnreachable, v1alpha1.StateUnknown)
		expectCondition(t, threshold, v1alpha1.ConditionLoaded, metav1.ConditionUnknown, 2, "connection refused")
		expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionTrue, 2, "")
		after := &monitoringv1.PrometheusRule{}
		if err := s.admin.Get(t.Context(), key, after); err != nil || after.ResourceVersion != before.ResourceVersion {
			t.Errorf("the rule has been touched: %v", err)
		}
		s.server.Start()
		s.wait(t, "much", v1alpha1.ReasonLoaded, v1alpha1.StateInactive)
	})
	t.Run("restart", func(t *testing.T) {
		eventually(t, time.Minute, func() error {
			for _, name := range []string{"much", "shadow"} {
				threshold := getThreshold(t, s.admin, "default", name)
				if b := threshold.Status.Backtest; b == nil || b.Generation != threshold.Generation || b.Window != "1m" {
					return fmt.Errorf("backtest of %s is %+v", name, b)
				}
			}
			return nil
		})
		s.wait(t, "ambiguous", v1alpha1.ReasonEvaluationFailed, v1alpha1.StateUnknown)
		s.wait(t, "shadow", v1alpha1.ReasonLoaded, v1alpha1.StateFiring)
		before := s.withoutValues(t)
		stop()
		stop = s.control(t)
		time.Sleep(5 * observeInterval)
		for name, after := range s.withoutValues(t) {
			if !equality.Semantic.DeepEqual(before[name], after) {
				t.Errorf("%s after a restart is %+v, was %+v", name, after, before[name])
			}
		}
	})
	s.stopSync()
}

// withoutValues are the statuses of all thresholds, by name, less the value, whose turn to be told may come at any time.
func (s *stage) withoutValues(t *testing.T) map[string]v1alpha1.AlertThresholdStatus {
	t.Helper()
	var list v1alpha1.AlertThresholdList
	if err := s.admin.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	found := map[string]v1alpha1.AlertThresholdStatus{}
	for _, threshold := range list.Items {
		status := threshold.Status
		status.Current, status.CurrentLabels, status.Headroom = "", nil, ""
		found[threshold.Name] = status
	}
	return found
}

func testFiring(t *testing.T, s *stage) {
	prometheus, err := promapi.New(promapi.Options{URL: s.server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	s.gauges.set(map[string]float64{"a": 9})
	eventually(t, time.Minute, func() error {
		firing, err := prometheus.Query(t.Context(), `ALERTS{alertname="Much",alertstate="firing"}`, time.Time{})
		if err == nil && len(firing) == 0 {
			err = fmt.Errorf("not firing in Prometheus")
		}
		return err
	})
	since := time.Now()
	threshold := s.wait(t, "much", v1alpha1.ReasonLoaded, v1alpha1.StateFiring)
	if took := time.Since(since); took > 2*observeInterval {
		t.Errorf("the status fires %s after Prometheus, want at most two intervals of %s", took, observeInterval)
	}
	if got := threshold.Status.Levels; got[0].State != v1alpha1.StateFiring || got[0].ActiveSince == nil || got[1].State != v1alpha1.StateInactive {
		t.Errorf("levels are %+v", got)
	}
	if !strings.HasPrefix(threshold.Status.Headroom, "-8") {
		t.Errorf("headroom is %s, want about -80%%", threshold.Status.Headroom)
	}
	s.gauges.set(map[string]float64{"a": 1})
	s.wait(t, "much", v1alpha1.ReasonLoaded, v1alpha1.StateInactive)
}

func testShadow(t *testing.T, s *stage) {
	s.create(t, "shadow", `{alert: Shadowed, mode: Shadow, expr: sum(measured), levels: [{severity: warning, above: 2}, {severity: later, above: 1, for: 1h}]}`)
	threshold := s.wait(t, "shadow", v1alpha1.ReasonLoaded, v1alpha1.StateFiring)
	if got := threshold.Status.Levels; got[1].State != v1alpha1.StatePending || got[1].ActiveSince == nil {
		t.Errorf("levels are %+v", got)
	}
	rule := &monitoringv1.PrometheusRule{}
	if err := s.admin.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "plimsoll-shadow"}, rule); err != nil {
		t.Fatal(err)
	}
	for _, one := range rule.Spec.Groups[0].Rules {
		if one.Alert != "" {
			t.Errorf("the shadow alerts: %+v", one)
		}
	}
}

// countWrites counts writes of AlertThresholds while f runs: each has a resource version of its own.
func (s *stage) countWrites(t *testing.T, f func()) int {
	t.Helper()
	versions := func() map[string]string {
		var list v1alpha1.AlertThresholdList
		if err := s.admin.List(t.Context(), &list); err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, threshold := range list.Items {
			found[threshold.Name] = threshold.ResourceVersion
		}
		return found
	}
	before, writes, done := versions(), 0, make(chan struct{})
	go func() { defer close(done); f() }()
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-time.After(500 * time.Millisecond):
		}
		now := versions()
		for name, version := range now {
			if version != before[name] {
				writes++
			}
		}
		before = now
	}
	return writes
}

// TestObservationAtRest checks what observing many thresholds costs: as many questions as for few, and hardly a write
// while their values move by noise.
func TestObservationAtRest(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	stop := s.control(t)
	defer stop()
	s.sync(t)
	defer func() { s.stopSync() }()
	made := 0
	for _, n := range []int{10, 200} {
		for ; made < n; made++ {
			expr := "sum by (series) (measured)"
			if made%2 == 1 {
				expr = "histogram_quantile(0.9, rate(none_bucket[1m])) or vector(0)" // whose buckets are looked for
			}
			s.create(t, fmt.Sprintf("t%d", made), fmt.Sprintf(`{alert: A%d, expr: %q, levels: [{severity: warning, above: 5}]}`, made, expr))
		}
		for i := range n {
			s.wait(t, fmt.Sprintf("t%d", i), v1alpha1.ReasonLoaded, v1alpha1.StateInactive)
		}
		eventually(t, 2*time.Minute, func() error {
			for i := range n {
				if getThreshold(t, s.admin, "default", fmt.Sprintf("t%d", i)).Status.Backtest == nil {
					return fmt.Errorf("t%d has no backtest", i)
				}
			}
			return nil
		})
		const rest = 30 * time.Second
		questions := s.questions(t)
		writes := s.countWrites(t, func() { time.Sleep(rest) })
		asked := s.questions(t)
		rules, queries := asked["/api/v1/rules"]-questions["/api/v1/rules"], asked["/api/v1/query"]-questions["/api/v1/query"]
		const probe = "/api/v1/status/runtimeinfo"
		probes := asked[probe] - questions[probe]
		t.Logf("%d thresholds, in %s: %d questions for rules, %d queries, %d of which server it is, %d status writes", n, rest, rules, queries, probes, writes)
		if rounds := int(rest / observeInterval); rules < rounds-2 || rules > rounds+2 || queries < 2*rules-2 || queries > 2*rules+2 || probes < rules-1 || probes > rules+1 {
			t.Errorf("%d questions for rules, %d queries and %d of which server it is in %d rounds, want one, two and one in each", rules, queries, probes, rounds)
		}
		if limit := int(float64(n) * float64(rest) / float64(observe.SmallChanges)); writes > limit {
			t.Errorf("%d status writes, want at most %d", writes, limit)
		}
	}
}

var requestCount = regexp.MustCompile(`(?m)^prometheus_http_requests_total\{code="200",handler="([^"]+)"\} ([0-9]+)`)

// questions are how many requests Prometheus has answered, by path.
func (s *stage) questions(t *testing.T) map[string]int {
	t.Helper()
	resp, err := http.Get(s.server.URL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, match := range requestCount.FindAllStringSubmatch(string(text), -1) {
		counts[match[1]], _ = strconv.Atoi(match[2])
	}
	return counts
}
