//go:build integration

package charttest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
)

// advised is a file of the values that the chart's README has under a headline.
func advised(t *testing.T, headline string) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(chartDir("plimsoll"), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile("(?s)\n### " + regexp.QuoteMeta(headline) + "\n[^#]*?```yaml\n(.*?)```").FindSubmatch(readme)
	if match == nil {
		t.Fatalf("the README has no values under %q", headline)
	}
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, match[1], 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestClusterQuota: in a restricted namespace whose quota demands requests and limits, a real API server admits the pods with the
// values that the README advises, also as users that OpenShift chooses. Without them it wants limits of CPU, and nothing else.
func TestClusterQuota(t *testing.T) {
	const namespace = "quota"
	makeRestricted(t, namespace)
	must(t, `{apiVersion: v1, kind: ResourceQuota, metadata: {name: all, namespace: `+namespace+`},
		spec: {hard: {requests.cpu: 10, requests.memory: 10Gi, limits.cpu: 10, limits.memory: 10Gi, pods: 20}}}`, "apply", "-f", "-")
	must(t, "", "wait", "--namespace", namespace, "--for=jsonpath={.status.hard.pods}=20", "resourcequota/all", "--timeout=60s")

	withLimits := []string{"--values", advised(t, "Restricted namespaces and quotas")}
	for name, tc := range map[string]struct {
		args    []string
		lacks   string
		anyUser bool
	}{
		"by default": {nil, "must specify limits.cpu for:", false},
		"as advised": {withLimits, "", false},
		"as users of the namespace's range, which the platform chooses": {
			slices.Concat(withLimits, []string{"--values", advised(t, "OpenShift")}), "", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			for _, object := range render(t, "plimsoll", tc.args...) {
				spec, ok := podOf(t, object)
				if !ok {
					continue
				}
				asked++
				if tc.anyUser {
					chooseUser(t, &spec)
				}
				err := admit(t, namespace, spec)
				if tc.lacks == "" && err != nil || tc.lacks != "" && (err == nil || !strings.Contains(err.Error(), tc.lacks)) {
					t.Errorf("%s: %v, want %q", meta(t, object).Name, err, tc.lacks)
				}
			}
			if asked != 3 {
				t.Errorf("%d pods, want the assistant's, the controller's and the test's", asked)
			}
		})
	}
}

// chooseUser gives a pod a user and a group as OpenShift does, which refuses one that has its own.
func chooseUser(t *testing.T, spec *corev1.PodSpec) {
	t.Helper()
	var own []*int64
	if s := spec.SecurityContext; s != nil {
		own = append(own, s.RunAsUser, s.FSGroup)
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		if c.SecurityContext != nil {
			own = append(own, c.SecurityContext.RunAsUser)
		}
	}
	for _, id := range own {
		if id != nil {
			t.Errorf("a pod wants to be user or group %d", *id)
		}
	}
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	spec.SecurityContext.RunAsUser, spec.SecurityContext.FSGroup = ptr.To[int64](1000670000), ptr.To[int64](1000670000)
}

// TestClusterLongNames: a real API server takes every object of a release whose name has as many characters as Helm allows.
func TestClusterLongNames(t *testing.T) {
	api := definedAPIServer(t)
	release, namespace := strings.Repeat("r", 53), strings.Repeat("n", 63)
	asked := 0
	for _, chart := range charts {
		for _, args := range [][]string{nil, {"--values", "testdata/" + chart + ".yaml"}} {
			for _, object := range renderAs(t, chart, release, namespace, args...) {
				if slices.Contains(foreign, kind(t, object)) {
					continue
				}
				asked++
				if err := create(t, api, object); err != nil {
					t.Errorf("%s %v: %v", chart, args, err)
				}
			}
		}
	}
	if asked < 50 {
		t.Errorf("%d objects", asked)
	}
}

// TestClusterAgent: of a Prometheus in agent mode the condition Loaded says that it is one, and what to do.
func TestClusterAgent(t *testing.T) {
	r := release("agent")
	server := prometheusserver.StartAgent(t)
	r.cleanUp(t)
	r.helm(t, "install", append(r.values("--set", "prometheus.url="+server.URL()), chartDir("plimsoll"), "--create-namespace", "--wait=false")...)
	r.runController(t, func(o *manager.Options) {
		o.Prometheus.URL, o.Prometheus.Interval = server.URL(), time.Second
		o.Prometheus.BacktestInterval, o.Prometheus.BacktestWindow, o.Prometheus.BacktestStep = time.Hour, time.Minute, time.Second
	})
	const condition = `{.status.conditions[?(@.type=="Loaded")]`
	threshold := []string{"-n", string(r), "alertthreshold/plimsoll-high-cpu-usage"}
	must(t, "", append([]string{"wait", "--for=jsonpath=" + condition + ".reason}=PrometheusUnreachable", "--timeout=30s"}, threshold...)...)
	said := must(t, "", append([]string{"get", "-o", "jsonpath=" + condition + ".status} " + condition + ".message}"}, threshold...)...)
	for _, want := range []string{"Unknown ", "it runs in agent mode and evaluates no rules: use the URL of a Prometheus server"} {
		if !strings.Contains(said, want) {
			t.Errorf("Loaded says %q, want %q in it", said, want)
		}
	}
}
