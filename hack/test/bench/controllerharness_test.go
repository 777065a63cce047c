package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	commonmodel "github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/plimsoll-dev/plimsoll/hack/steps"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// benchNamespace holds all thresholds.
const benchNamespace = "default"

// controllerBench is a control plane, a client of it, and the controller, when it runs.
type controllerBench struct {
	rows   []row
	dir    string
	c      *cluster.Cluster
	o      cluster.Options
	cfg    *rest.Config
	client client.Client
	seen   *watched
	// plainSingles is how long the plain client takes for single thresholds.
	plainSingles samples

	program         string
	metrics, probes string
	flags           []string // more of the program's
	running         *exec.Cmd
}

func newControllerBench(ctx context.Context, out io.Writer) (*controllerBench, error) {
	ctrl.SetLogger(logr.Discard())
	dir, err := os.MkdirTemp("", "plimsoll-bench-")
	if err != nil {
		return nil, err
	}
	b := &controllerBench{dir: dir}
	b.o = cluster.Options{Dir: filepath.Join(dir, "c"), Bin: filepath.Join("hack", "bin"), Depth: cluster.ControlPlane, Steps: steps.New(out)}
	if err := b.open(ctx); err != nil {
		return nil, errors.Join(err, b.close(context.WithoutCancel(ctx)))
	}
	return b, nil
}

func (b *controllerBench) open(ctx context.Context) (err error) {
	if b.program, err = build(ctx, b.dir, "./cmd/controller"); err != nil {
		return err
	}
	b.metrics, b.probes = freeport.Address(), freeport.Address()
	if b.c, err = cluster.Up(ctx, b.o); err != nil {
		return err
	}
	if b.cfg, err = clientcmd.BuildConfigFromFlags("", b.c.Kubeconfig()); err != nil {
		return err
	}
	b.cfg.QPS = -1
	_, err = envtest.InstallCRDs(b.cfg, envtest.CRDInstallOptions{ErrorIfPathMissing: true, Paths: []string{
		"config/crd", "charts/plimsoll-stack/crds/monitoring.coreos.com_prometheusrules.yaml"}})
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme), monitoringv1.AddToScheme(scheme)); err != nil {
		return err
	}
	if b.client, err = client.New(b.cfg, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	b.seen, err = watch(ctx, b.cfg, scheme)
	return err
}

func (b *controllerBench) close(ctx context.Context) error {
	return errors.Join(b.stop(), cluster.Down(ctx, b.o), os.RemoveAll(b.dir))
}

// start starts the controller, as it runs in a cluster, and returns when it is ready and leads.
func (b *controllerBench) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(b.dir, "controller.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"--kubeconfig", b.c.Kubeconfig(), "--leader-elect", "--leader-election-namespace", "kube-system",
		"--metrics-bind-address", b.metrics, "--health-probe-bind-address", b.probes}
	b.running = exec.Command(b.program, append(args, b.flags...)...)
	b.running.Stdout, b.running.Stderr = log, log
	if err := b.running.Start(); err != nil {
		return fmt.Errorf("start the controller: %w", err)
	}
	if err := answers(ctx, "http://"+b.probes+"/readyz"); err != nil {
		return err
	}
	return poll(ctx, func() (bool, error) {
		leads, err := b.metric(ctx, "leader_election_master_status")
		return leads == 1, err
	})
}

// stop ends the controller, if it runs.
func (b *controllerBench) stop() error {
	if b.running == nil {
		return nil
	}
	cmd := b.running
	b.running = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the controller: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the controller ended: %w", err)
	}
	return nil
}

// reconciled returns when the controller has looked at that many thresholds.
func (b *controllerBench) reconciled(ctx context.Context, n int) error {
	return poll(ctx, func() (bool, error) {
		done, err := b.metric(ctx, "controller_runtime_reconcile_total")
		return done >= float64(n), err
	})
}

// metric is the sum of a metric of the controller over all labels.
func (b *controllerBench) metric(ctx context.Context, name string) (float64, error) {
	families, err := scrape(ctx, nil, "http://"+b.metrics+"/metrics")
	if err != nil {
		return 0, err
	}
	var sum float64
	for _, m := range families[name].GetMetric() {
		sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	return sum, nil
}

// writesDuring says what was written to the API server meanwhile, leases not counted.
func (b *controllerBench) writesDuring(ctx context.Context, do func() error) (string, error) {
	before, err := b.writes(ctx)
	if err != nil {
		return "", err
	}
	if err := do(); err != nil {
		return "", err
	}
	after, err := b.writes(ctx)
	if err != nil {
		return "", err
	}
	var changed []string
	for what, n := range after {
		if n > before[what] {
			changed = append(changed, fmt.Sprintf("%g %s", n-before[what], what))
		}
	}
	if len(changed) == 0 {
		return "0", nil
	}
	return strings.Join(changed, ", "), nil
}

// writes counts what the API server was asked to write, by verb and resource.
func (b *controllerBench) writes(ctx context.Context) (map[string]float64, error) {
	families, err := scrape(ctx, b.cfg, b.cfg.Host+"/metrics")
	if err != nil {
		return nil, err
	}
	counts := map[string]float64{}
	for _, m := range families["apiserver_request_total"].GetMetric() {
		label := map[string]string{}
		for _, pair := range m.GetLabel() {
			label[pair.GetName()] = pair.GetValue()
		}
		switch label["verb"] {
		case "POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION":
			if label["resource"] != "leases" {
				counts[label["verb"]+" "+label["resource"]+"/"+label["subresource"]] += m.GetCounter().GetValue()
			}
		}
	}
	return counts, nil
}

// scrape reads metrics; from a cluster's API server when cfg is not nil.
func scrape(ctx context.Context, cfg *rest.Config, url string) (map[string]*dto.MetricFamily, error) {
	if cfg == nil {
		cfg = &rest.Config{}
	}
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	resp, err := open(ctx, client, url)
	if err != nil {
		return nil, err
	}
	defer resp.Close()
	parser := expfmt.NewTextParser(commonmodel.UTF8Validation)
	return parser.TextToMetricFamilies(resp)
}

// resident is the memory of the controller now, and the most it has had, in MiB.
func (b *controllerBench) resident() (now, peak float64, err error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", b.running.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		kilobytes, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			now = kilobytes / 1024
		case "VmHWM":
			peak = kilobytes / 1024
		}
	}
	return now, peak, nil
}

// each does something n times, with as many clients at once as were asked for.
func (b *controllerBench) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for first := range clients {
		wg.Go(func() {
			for i := first; i < n && ctx.Err() == nil; i += clients {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// poll calls until it returns true, for two minutes.
func poll(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		ok, err := done()
		if ok {
			return nil
		}
		if waitErr := sleep(ctx, 20*time.Millisecond); waitErr != nil {
			return errors.Join(waitErr, err)
		}
	}
}
