//go:build tuner

package tuner

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

const (
	days = 28
	step = 30 * time.Second
)

var (
	// end is when the history ends: the head block is empty, and no history may reach it.
	end   = time.Now().Add(-3 * time.Hour).UTC().Truncate(step)
	start = end.Add(-days * 24 * time.Hour)

	threshold = parse(`{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: cpu, namespace: ai}, spec: {alert: HighCPUUsage,
  signal: {name: CPU}, levels: [{severity: warning, above: 80%, for: 5m}, {severity: critical, above: 92%, for: 2m, keepFiringFor: 5m}]}}`)
)

// stage is a Prometheus with a history, the plugin and, with a cluster, a control plane with a threshold.
type stage struct {
	client.Client
	prometheus  *prometheusserver.Server
	kubeconfig  string
	plugin      string
	windowFlags []string
}

// newStage starts it without a cluster, until the test ends.
func newStage(t testing.TB, history func(io.Writer)) *stage {
	t.Helper()
	s := &stage{plugin: filepath.Join(t.TempDir(), "kubectl-plimsoll"), kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if out, err := exec.Command("go", "build", "-o", s.plugin, "../../../cmd/kubectl-plimsoll").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	s.prometheus = prometheusserver.StartWithHistory(t, "", history, "--storage.tsdb.retention.time", "1y")
	s.windowFlags = []string{"--prometheus-url", s.prometheus.URL(), "--window", fmt.Sprintf("%dd", days), "--end", end.Format(time.RFC3339), "--step", step.String()}
	return s
}

// withCluster starts a control plane.
func (s *stage) withCluster(t testing.TB) *stage {
	t.Helper()
	cfg := controlplane.New(t)
	if _, err := envtest.InstallCRDs(cfg, envtest.CRDInstallOptions{ErrorIfPathMissing: true, Paths: []string{"../../../config/crd/plimsoll.dev_alertthresholds.yaml"}}); err != nil {
		t.Fatal(err)
	}
	if err := controlplane.WriteKubeconfig(cfg, s.kubeconfig); err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.Client, err = client.New(cfg, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	s.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: threshold.Namespace}}, threshold.DeepCopy())
	return s
}

var tunerURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+/[\w-]+/`)

// tune runs kubectl plimsoll tune until the test ends, and returns its URL.
func (s *stage) tune(t testing.TB, args ...string) (url string) {
	t.Helper()
	url, _ = s.start(t, args...)
	return url
}

// start is tune, and returns the process too.
func (s *stage) start(t testing.TB, args ...string) (url string, process *os.Process) {
	t.Helper()
	args = append([]string{"tune", "--no-browser", "--time-zone", "Europe/Berlin"}, args...)
	cmd := exec.Command(s.plugin, append(args, s.windowFlags...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("at Ctrl-C: %v", err)
		}
	})
	line, _ := bufio.NewReader(out).ReadString('\n')
	if url = tunerURL.FindString(line); url == "" {
		t.Fatalf("tune prints no URL: %q", line)
	}
	return url, cmd.Process
}

// kubectl runs a command line that has kubectl in it, in the cluster.
func (s *stage) kubectl(t *testing.T, command string) {
	t.Helper()
	bin, err := build.FindBin()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "PATH="+bin+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// markup is a label value that must stay text.
const markup = `<img src=x onerror=\"window.hacked=1\"><script>window.hacked=2</script>`

// writeHistory writes loads that go up and down with the day, each with bursts; a gap of all; a pod without numbers; and what fired.
func writeHistory(w io.Writer) {
	fmt.Fprintln(w, "# TYPE system_cpu_usage_percent gauge")
	gap := start.Add(17*24*time.Hour + 5*time.Hour)
	for i := range 14 {
		pod, rng := fmt.Sprintf("chat-%02d", i), rand.New(rand.NewPCG(7, uint64(i)))
		switch i {
		case 5:
			pod = markup
		case 9:
			pod = "no-numbers"
		}
		load, burst, until := 40.0, 0.0, 0
		base, wave := 34+8*rng.Float64(), 12+6*rng.Float64()
		for at := start; !at.After(end); at = at.Add(step) {
			hour := float64(at.Unix()%86400)/3600 + 1
			target := base + wave*math.Sin((hour-8)/24*2*math.Pi)
			if until--; until <= 0 {
				if burst = 0; rng.IntN(2200) == 0 {
					burst, until = 25+32*rng.Float64(), 6+rng.IntN(60)
				}
			}
			load += 0.05*(target-load) + 0.6*rng.NormFloat64()
			value := fmt.Sprintf("%.2f", min(99.5, max(1, load+burst+rng.NormFloat64())))
			if i == 9 {
				value = "NaN"
			}
			if at.Before(gap) || at.After(gap.Add(16*time.Hour)) {
				fmt.Fprintf(w, "system_cpu_usage_percent{namespace=\"ai\",pod=\"%s\"} %s %d\n", pod, value, at.Unix())
			}
		}
	}
	fmt.Fprintln(w, "# TYPE ALERTS gauge")
	for _, fired := range []struct {
		severity    string
		after, long time.Duration
	}{{"warning", 75 * time.Hour, 4 * time.Hour}, {"warning", 300 * time.Hour, 2 * time.Hour}, {"critical", 301 * time.Hour, time.Hour}} {
		for at := start.Add(fired.after); at.Before(start.Add(fired.after + fired.long)); at = at.Add(step) {
			fmt.Fprintf(w, "ALERTS{alertname=%q,alertstate=\"firing\",severity=%q,namespace=\"ai\",alertthreshold=\"cpu\"} 1 %d\n", threshold.Spec.Alert, fired.severity, at.Unix())
		}
	}
}
