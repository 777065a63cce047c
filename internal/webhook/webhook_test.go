//go:build integration

package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

const (
	goodSpec = `{alert: HighCPU, signal: {name: CPU}, levels: [{severity: warning, above: 80%, for: 5m}]}`
	// badSpec is one that the API server itself lets through.
	badSpec = `{alert: Errors, expr: "rate(errors[5m]", levels: [{severity: warning, above: 5}]}`
)

func TestRefuses(t *testing.T) {
	serve(t)
	namespace := newNamespace(t)
	for name, tc := range map[string]struct {
		spec string
		says []string
	}{
		"PromQL": {badSpec, []string{"spec.expr", "unclosed left parenthesis"}},
		"another namespace": {`{alert: A, expr: 'up{namespace="kube-system"}', levels: [{severity: w, above: 5}]}`,
			[]string{"spec.expr", "remove the namespace matcher"}},
		"all at once": {`{alert: A, expr: "rate(x[5m]", annotations: {summary: "{{ $val }}"}, levels: [{severity: w, above: 5}]}`,
			[]string{"spec.expr", "spec.annotations[summary]"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := admin.Create(t.Context(), threshold(t, namespace, "bad", tc.spec))
			if !refused(err) {
				t.Fatalf("error = %v, want a refusal", err)
			}
			for _, say := range tc.says {
				if !strings.Contains(err.Error(), say) {
					t.Errorf("message %q does not say %q", err, say)
				}
			}
		})
	}
}

func TestDryRun(t *testing.T) {
	serve(t)
	namespace := newNamespace(t)
	if err := admin.Create(t.Context(), threshold(t, namespace, "bad", badSpec), client.DryRunAll); !refused(err) {
		t.Errorf("error = %v, want a refusal", err)
	}
	if err := admin.Create(t.Context(), threshold(t, namespace, "good", goodSpec), client.DryRunAll); err != nil {
		t.Error(err)
	}
	var stored v1alpha1.AlertThresholdList
	if err := admin.List(t.Context(), &stored, client.InNamespace(namespace)); err != nil || len(stored.Items) > 0 {
		t.Errorf("stored %v, %v", stored.Items, err)
	}
}

// TestAway has no webhook running at first, so a mistake gets in; later nobody is kept from mending or removing it.
func TestAway(t *testing.T) {
	namespace := newNamespace(t)
	bad := threshold(t, namespace, "bad", badSpec)
	start := time.Now()
	if err := admin.Create(t.Context(), bad); err != nil {
		t.Fatal("nobody listens, and yet:", err)
	}
	t.Logf("apply with no webhook took %s", time.Since(start).Round(time.Millisecond))
	stop := serve(t)

	if err := change(t, admin, bad, func(a *v1alpha1.AlertThreshold) {
		a.Labels, a.Finalizers = map[string]string{"team": "ai"}, []string{"example.com/hold"}
	}); err != nil {
		t.Error("label and finalizer:", err)
	}
	if err := change(t, admin, bad, func(a *v1alpha1.AlertThreshold) { a.Spec.Levels[0].For = "1m" }); !refused(err) {
		t.Errorf("another spec with the mistake: error = %v, want a refusal", err)
	}
	if err := change(t, admin, bad, func(a *v1alpha1.AlertThreshold) { a.Labels[v1alpha1.DefaultLabel] = "true" }); !refused(err) {
		t.Errorf("made a default: error = %v, want a refusal", err)
	}
	if err := admin.Delete(t.Context(), bad); err != nil {
		t.Error("deletion:", err)
	}
	if err := change(t, admin, bad, func(a *v1alpha1.AlertThreshold) { a.Finalizers = nil }); err != nil {
		t.Error("finalizer off:", err)
	}
	if err := admin.Create(t.Context(), threshold(t, namespace, "bad", goodSpec)); err != nil {
		t.Error("mended:", err)
	}

	stop()
	if err := admin.Create(t.Context(), threshold(t, namespace, "later", badSpec)); err != nil {
		t.Error("nobody listens any more, and yet:", err)
	}
}

// TestWarnings reads what kubectl would print: what the rules warn of, and what the levels would have done on the past that
// a real Prometheus knows. Here that is a clock's: minutes are above 30 once an hour.
func TestWarnings(t *testing.T) {
	server := prometheusserver.Start(t, "{}")
	user, heard := serveWith(t, server, 24*time.Hour, time.Minute)
	namespace := newNamespace(t)
	clock := threshold(t, namespace, "clock", `{alert: Clock, expr: minute(), labels: {at: "{{ $value }}"}, levels: [{severity: warning, above: 30}]}`)
	if err := user.Create(t.Context(), clock); err != nil {
		t.Fatal(err)
	}
	heard.expect(t, `^[a-z0-9-]+/clock: spec.labels\[at\]: makes another alert`, `^[a-z0-9-]+/clock: level warning \(> 30\) would have fired (69|7[0-2])[0-9] times in the last 1d \(100% covered\)$`) // each minute another alert

	err := change(t, user, clock, func(a *v1alpha1.AlertThreshold) { a.Spec.Labels, a.Spec.Levels[0].Above = nil, "58" })
	if err != nil {
		t.Fatal(err)
	}
	heard.expect(t, `^[a-z0-9-]+/clock: level warning \(> 58\) would have fired 2[345] times in the last 1d \(100% covered\), the present one \(> 30\) (69|7[0-2])[0-9] times$`)

	server.Stop()
	err = change(t, user, clock, func(a *v1alpha1.AlertThreshold) { a.Spec.Levels[0].Above = "57" })
	if err != nil {
		t.Error("Prometheus is away, and so:", err)
	}
	heard.expect(t)
}

// TestBucketWarnings: of a level that the buckets in Prometheus cannot show, kubectl hears once; of one that they can, nothing.
func TestBucketWarnings(t *testing.T) {
	const metric = "agentgateway_gen_ai_server_time_to_first_token"
	namespace := newNamespace(t)
	histogram := &prometheusserver.Histogram{Name: metric, Namespace: namespace}
	histogram.SetBounds(1, 3, 15, 20)
	server := prometheusserver.StartScraping(t, histogram)
	client, err := promapi.New(promapi.Options{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		rates, err := client.Query(t.Context(), "rate("+metric+"_bucket[5m] offset 3s)", time.Time{})
		if err == nil && len(rates) == 0 {
			err = errors.New("no rate yet")
		}
		return err
	})
	user, heard := serveWith(t, server, 10*time.Minute, time.Second)
	slow := threshold(t, namespace, "slow", `{alert: Slow, signal: {name: ModelTimeToFirstToken, source: Agentgateway}, levels: [{severity: critical, above: 30s}]}`)
	if err := user.Create(t.Context(), slow); err != nil {
		t.Fatal(err)
	}
	const fires = `^[^ ]*/slow: level critical .* would have fired`
	heard.expect(t, `^[^ ]*/slow: level critical \(> 30s\) lies above the highest bucket \(20s\) of `+metric+`: it can never fire$`, fires)
	apply := func(above v1alpha1.Value) {
		t.Helper()
		if err := change(t, user, slow, func(a *v1alpha1.AlertThreshold) { a.Spec.Levels[0].Above = above }); err != nil {
			t.Fatal(err)
		}
	}
	apply("5s") // which would be a bound if the buckets were those that are known
	heard.expect(t, `^[^ ]*/slow: level critical \(> 5s\) lies inside the bucket 3s to 15s of `+metric+`: what fires is a guess, take 3s or 15s$`, fires)
	apply("15s") // which would be above them
	heard.expect(t, fires)

	server.Stop()
	apply("40s")
	heard.expect(t, `^[^ ]*/slow: spec.levels\[0\].above: 40s lies above the highest bucket \(10s\) of .* unless yours has other buckets than Agentgateway is known to have$`)
}

// serveWith runs the shared release's controller with that Prometheus and backtests of that window and step, and returns a user
// and the warnings that it gets.
func serveWith(t *testing.T, server *prometheusserver.Server, window, step time.Duration) (client.Client, *warnings) {
	t.Helper()
	o := installed.options()
	o.Prometheus = prometheus.Options{
		Options: promapi.Options{URL: server.URL()}, Interval: time.Minute,
		BacktestInterval: time.Hour, BacktestWindow: window, BacktestStep: step,
	}
	installed.run(t, o)
	eventually(t, func() error { return refuses(t) })
	heard := &warnings{}
	cfg := rest.CopyConfig(adminConfig)
	cfg.WarningHandlerWithContext = heard
	user, err := newAdmin(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return user, heard
}

// warnings are what the API server has warned of.
type warnings struct {
	mu   sync.Mutex
	text []string
}

func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, text)
}

// expect checks what was heard since the last time.
func (w *warnings) expect(t *testing.T, patterns ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	matches := len(w.text) == len(patterns)
	for i, pattern := range patterns {
		matches = matches && regexp.MustCompile(pattern).MatchString(w.text[i])
	}
	if !matches {
		t.Errorf("warnings %q, want %q", w.text, patterns)
	}
	w.text = nil
}

// change changes the threshold as it is in the cluster.
func change(t *testing.T, c client.Client, which *v1alpha1.AlertThreshold, what func(*v1alpha1.AlertThreshold)) error {
	t.Helper()
	before := &v1alpha1.AlertThreshold{}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(which), before); err != nil {
		t.Fatal(err)
	}
	after := before.DeepCopy()
	what(after)
	return c.Patch(t.Context(), after, client.MergeFrom(before))
}

// refused reports whether it was the webhook, and not the API server itself, that found the object invalid.
func refused(err error) bool {
	return apierrors.IsInvalid(err) && strings.Contains(err.Error(), `admission webhook "`+webhook.Name+`"`)
}

// refuses returns nil when the webhook judges.
func refuses(t *testing.T) error {
	if err := admin.Create(t.Context(), threshold(t, "default", "probe", badSpec), client.DryRunAll); !refused(err) {
		return fmt.Errorf("a mistake is not refused: error = %v", err) //nolint:errorlint // it may be nil
	}
	return nil
}

// threshold is an AlertThreshold with the spec, itself YAML in braces.
func threshold(t *testing.T, namespace, name, spec string) *v1alpha1.AlertThreshold {
	t.Helper()
	text := fmt.Sprintf("metadata: {namespace: %s, name: %s}\nspec: %s\n", namespace, name, spec)
	object := &v1alpha1.AlertThreshold{}
	if err := yaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(text), 4096).Decode(object); err != nil {
		t.Fatal(err)
	}
	return object
}

// newNamespace makes a namespace of the test's own.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := admin.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}
