package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// observeInterval is the chart's time between two observations, between two scrapes and between two evaluations of rules.
const observeInterval = 15 * time.Second

const (
	// few is how many thresholds there are at first.
	few = 10
	// counted is for how long questions and writes are counted.
	counted = 5 * time.Minute
	// repetitions is how often each backtest and each apply is measured.
	repetitions = 20
)

// observeBench is a control plane with a Prometheus that scrapes noise, has the rules, and holds a history.
type observeBench struct {
	*controllerBench
	history *history
	out     io.Writer
	stops   []func()
}

// benchObserve measures what the truth about thresholds costs: the questions to Prometheus and the status writes with few
// and with many of them, and the time that kubectl apply waits for its warning.
func benchObserve(ctx context.Context, tb *testing.B, out io.Writer) (err error) {
	controller, err := newControllerBench(ctx, out)
	if err != nil {
		return err
	}
	b := &observeBench{controllerBench: controller, out: out}
	defer func() { err = errors.Join(err, b.close(context.WithoutCancel(ctx))) }()
	if err := b.prometheus(ctx, tb); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tmeasured\ttarget")
	for _, stage := range []func(context.Context) ([]row, error){
		b.atRest, b.warnings,
	} {
		rows, err := stage(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\n", r.what, r.measured, r.target)
		}
	}
	return table.Flush()
}

func (b *observeBench) close(ctx context.Context) error {
	for _, stop := range slices.Backward(b.stops) {
		stop()
	}
	return b.controllerBench.close(ctx)
}

// prometheus writes the history and starts a Prometheus with it, which has the cluster's rules from then on.
func (b *observeBench) prometheus(ctx context.Context, tb *testing.B) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	noise := &http.Server{Handler: http.HandlerFunc(serveNoise), ReadHeaderTimeout: time.Minute}
	go func() { _ = noise.Serve(listener) }()
	b.stops = append(b.stops, func() { _ = noise.Close() })

	b.history, err = newHistory(tb, fmt.Sprintf(`
global: {scrape_interval: %[1]s, evaluation_interval: %[1]s}
rule_files: [rules/*.yaml]
scrape_configs: [{job_name: noise, honor_labels: true, static_configs: [{targets: [%[2]q]}]}]
`, observeInterval, listener.Addr()), historyWindow)
	if err != nil {
		return err
	}
	kubernetes, err := rest.HTTPClientFor(b.cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	b.stops = append(b.stops, cancel)
	go demo.SyncRules(ctx, kubernetes, b.cfg.Host, b.history.server.URL(), b.history.server.RulesDir())
	return nil
}

// serveNoise is a gauge that moves by one percent.
func serveNoise(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "measured{namespace=%q} %g\n", benchNamespace, 1+0.01*rand.Float64())
}

// atRest counts with few thresholds, then with many, when all of them have been observed and tried.
func (b *observeBench) atRest(ctx context.Context) ([]row, error) {
	b.flags = []string{"--prometheus-url", b.history.server.URL(), "--observe-interval", observeInterval.String(), "--backtest-window", "1h"}
	if err := b.start(ctx); err != nil {
		return nil, err
	}
	var rows []row
	have := 0
	for _, n := range []int{few, many} {
		first := have
		err := b.each(ctx, n-first, func(ctx context.Context, i int) error {
			return b.client.Create(ctx, noisyThreshold(first+i))
		})
		if err != nil {
			return nil, err
		}
		have = n
		if err := b.observed(ctx, n); err != nil {
			return nil, err
		}
		fmt.Fprintf(b.out, "%d thresholds are observed; counting for %s\n", n, counted)
		questions, err := b.questions(ctx)
		if err != nil {
			return nil, err
		}
		wrote, err := b.writes(ctx)
		if err != nil {
			return nil, err
		}
		if err := sleep(ctx, counted); err != nil {
			return nil, err
		}
		asked, err := b.questions(ctx)
		if err != nil {
			return nil, err
		}
		written, err := b.writes(ctx)
		if err != nil {
			return nil, err
		}
		const status = "PATCH alertthresholds/status"
		intervals := counted.Seconds() / observeInterval.Seconds()
		each := (written[status] - wrote[status]) / float64(n) * (5 * time.Minute).Seconds() / counted.Seconds()
		for _, path := range []string{"/api/v1/rules", "/api/v1/query", "/api/v1/status/runtimeinfo"} {
			rows = append(rows, row{fmt.Sprintf("%s asked per observation, %d thresholds", path, n),
				fmt.Sprintf("%.2f", (asked[path]-questions[path])/intervals), "the same with few and many"})
		}
		rows = append(rows, row{fmt.Sprintf("status writes per threshold in 5m, %d thresholds", n), fmt.Sprintf("%.2f", each), "under 1"})
	}
	return rows, b.stop()
}

// noisyThreshold watches the noise from far above it.
func noisyThreshold(i int) *v1alpha1.AlertThreshold {
	return &v1alpha1.AlertThreshold{
		ObjectMeta: metav1.ObjectMeta{Namespace: benchNamespace, Name: "noise-" + strconv.Itoa(i)},
		Spec: v1alpha1.AlertThresholdSpec{
			Alert: "Noise" + strconv.Itoa(i), Expr: "measured", Levels: []v1alpha1.Level{{Severity: "warning", Above: "5"}},
		},
	}
}

// observed returns when n thresholds are loaded, and have been tried on the past.
func (b *observeBench) observed(ctx context.Context, n int) error {
	limit := time.Now().Add(20 * time.Minute)
	for {
		var list v1alpha1.AlertThresholdList
		if err := b.client.List(ctx, &list); err != nil {
			return err
		}
		done := 0
		for _, at := range list.Items {
			if at.Status.Backtest != nil && meta.IsStatusConditionTrue(at.Status.Conditions, v1alpha1.ConditionLoaded) {
				done++
			}
		}
		if done >= n {
			return sleep(ctx, observeInterval)
		}
		if time.Now().After(limit) {
			return fmt.Errorf("%d of %d thresholds were observed", done, n)
		}
		if err := sleep(ctx, 5*time.Second); err != nil {
			return err
		}
	}
}

// questions are how many requests Prometheus has answered, by path.
func (b *observeBench) questions(ctx context.Context) (map[string]float64, error) {
	families, err := scrape(ctx, nil, b.history.server.URL()+"/metrics")
	if err != nil {
		return nil, err
	}
	counts := map[string]float64{}
	for _, m := range families["prometheus_http_requests_total"].GetMetric() {
		for _, label := range m.GetLabel() {
			if label.GetName() == "handler" {
				counts[label.GetValue()] += m.GetCounter().GetValue()
			}
		}
	}
	return counts, nil
}

// warnings applies thresholds over the history, as kubectl apply --dry-run=server does, each of another name, and takes
// the time until the API server answers with the warning of the webhook.
func (b *observeBench) warnings(ctx context.Context) ([]row, error) {
	if err := b.webhook(ctx); err != nil {
		return nil, err
	}
	if err := b.start(ctx); err != nil {
		return nil, err
	}
	heard := &warnings{}
	cfg := rest.CopyConfig(b.cfg)
	cfg.WarningHandler = heard
	kubernetes, err := client.New(cfg, client.Options{Scheme: b.client.Scheme()})
	if err != nil {
		return nil, err
	}
	apply := func(ctx context.Context) (time.Duration, bool, error) {
		at, err := decode(historyThreshold)
		if err != nil {
			return 0, false, err
		}
		heard.texts = nil
		begin := time.Now()
		err = kubernetes.Create(ctx, at, client.DryRunAll)
		return time.Since(begin), strings.Contains(strings.Join(heard.texts, "\n"), "would have fired"), err
	}
	// The API server learns only after a while whom it is to trust.
	err = poll(ctx, func() (bool, error) {
		_, warned, err := apply(ctx)
		return warned, err
	})
	if err != nil {
		return nil, fmt.Errorf("no warning came: %w", err)
	}
	var took samples
	missing := 0
	for range repetitions {
		d, warned, err := apply(ctx)
		if err != nil {
			return nil, err
		}
		took = append(took, d)
		if !warned {
			missing++
		}
	}
	return []row{
		{"kubectl apply until its warning, p50", milliseconds(took.percentile(.5)), ""},
		{"kubectl apply until its warning, p95", milliseconds(took.percentile(.95)), "under 1 s"},
		{"applied without a warning", strconv.Itoa(missing), "none"},
	}, b.stop()
}

// webhook makes what the chart makes, but that the Service leads to this machine, and has the next start serve it.
func (b *observeBench) webhook(ctx context.Context) error {
	const name = "webhook"
	port := freeport.Port()
	object := metav1.ObjectMeta{Namespace: benchNamespace, Name: name}
	for _, o := range []client.Object{
		&corev1.Service{ObjectMeta: object, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"}},
		&corev1.Secret{ObjectMeta: object},
		&admissionv1.ValidatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Webhooks: []admissionv1.ValidatingWebhook{{
				Name: "alertthresholds.plimsoll.dev",
				ClientConfig: admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{
					Namespace: benchNamespace, Name: name, Path: ptr.To("/validate-alertthresholds"),
					Port: ptr.To(int32(port)),
				}},
				Rules: []admissionv1.RuleWithOperations{{
					Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
					Rule:       admissionv1.Rule{APIGroups: []string{v1alpha1.GroupVersion.Group}, APIVersions: []string{"*"}, Resources: []string{"alertthresholds"}},
				}},
				FailurePolicy:           ptr.To(admissionv1.Ignore),
				SideEffects:             ptr.To(admissionv1.SideEffectClassNone),
				TimeoutSeconds:          ptr.To(int32(5)),
				AdmissionReviewVersions: []string{"v1"},
			}},
		},
	} {
		if err := b.client.Create(ctx, o); err != nil {
			return err
		}
	}
	b.flags = []string{"--prometheus-url", b.history.server.URL(), "--webhook-bind-address", fmt.Sprintf("127.0.0.1:%d", port),
		"--webhook-service", benchNamespace + "/" + name, "--webhook-configuration", name}
	return nil
}

// warnings are what an API server said in its last answer.
type warnings struct{ texts []string }

// HandleWarningHeader is rest.WarningHandler's.
func (w *warnings) HandleWarningHeader(_ int, _, text string) { w.texts = append(w.texts, text) }
