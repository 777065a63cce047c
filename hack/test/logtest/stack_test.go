//go:build logs

package logtest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// stack is what charts/plimsoll-stack runs for logs, in processes of this machine, with the chart's own configuration.
type stack struct {
	podLogs         string // the folder
	lokiURL         string
	alertmanagerURL string
	loki, collector *program
}

// newStack starts Alertmanager, Loki and the collector.
func newStack(t testing.TB) *stack {
	t.Helper()
	dir := t.TempDir()
	alertmanager, health := freeport.Address(), freeport.Address()
	loki, grpc, metrics := freeport.Port(), freeport.Port(), freeport.Port()
	s := &stack{
		podLogs: filepath.Join(dir, "pods"),
		lokiURL: fmt.Sprintf("http://127.0.0.1:%d", loki), alertmanagerURL: "http://" + alertmanager,
	}
	files := render(t, "collector.podLogs="+s.podLogs, "collector.stateDir="+filepath.Join(dir, "state"),
		"collector.lokiURL="+s.lokiURL, "loki.evaluationInterval=2s", "loki.alerts.logErrors.for=2s", "loki.alerts.noLogs.for=1s")
	// What has fixed places in a pod has others here.
	places := strings.NewReplacer("/var/loki", filepath.Join(dir, "loki"), "/etc/loki/rules", filepath.Join(dir, "rules"))
	write(t, filepath.Join(dir, "rules", "fake", "rules.yaml"), files["rules.yaml"])
	write(t, filepath.Join(dir, "loki.yaml"), places.Replace(files["loki.yaml"]))
	write(t, filepath.Join(dir, "collector.yaml"), files["collector.yaml"])
	write(t, filepath.Join(dir, "ports.yaml"), fmt.Sprintf(`
extensions: {health_check: {endpoint: %q}}
service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]}}}
`, health, metrics))
	write(t, filepath.Join(dir, "alertmanager.yaml"), files["alertmanager.yaml"])
	if err := os.MkdirAll(s.podLogs, 0o755); err != nil {
		t.Fatal(err)
	}

	start(t, "alertmanager", s.alertmanagerURL+"/-/ready", "--config.file="+filepath.Join(dir, "alertmanager.yaml"),
		"--storage.path="+filepath.Join(dir, "alertmanager"), "--web.listen-address="+alertmanager, "--cluster.listen-address=")
	s.loki = start(t, "loki", s.lokiURL+"/ready", "-config.file="+filepath.Join(dir, "loki.yaml"),
		"-server.http-listen-address=127.0.0.1", fmt.Sprintf("-server.http-listen-port=%d", loki),
		"-server.grpc-listen-address=127.0.0.1", fmt.Sprintf("-server.grpc-listen-port=%d", grpc), "-ruler.alertmanager-url="+s.alertmanagerURL)
	s.collector = start(t, "otelcol", "http://"+health, append(arguments(t), "--config="+filepath.Join(dir, "collector.yaml"),
		"--config="+filepath.Join(dir, "ports.yaml"))...)
	return s
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if text == "" {
		t.Fatalf("the chart has no %s", filepath.Base(path))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// object is what the test reads of the chart's objects.
type object struct {
	Kind       string
	Data       map[string]string
	StringData map[string]string
	Spec       struct {
		Template struct {
			Spec struct {
				Containers []struct {
					Name string
					Args []string
				}
			}
		}
	}
}

func objects(t testing.TB, set ...string) []object {
	t.Helper()
	args := []string{"template", "plimsoll-stack", "../../../charts/plimsoll-stack", "--namespace", "monitoring"}
	for _, value := range set {
		args = append(args, "--set", value)
	}
	out, err := exec.Command(filepath.Join(bin, "helm"), args...).Output()
	if err != nil {
		t.Fatalf("helm template: %v", err)
	}
	var all []object
	for _, doc := range strings.Split(string(out), "\n---\n") {
		var o object
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// render returns the files in the chart's ConfigMaps and Secrets.
func render(t testing.TB, set ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, o := range objects(t, set...) {
		for _, data := range []map[string]string{o.Data, o.StringData} {
			for name, text := range data {
				files[name] = text
			}
		}
	}
	return files
}

// arguments are the chart's for the collector, but for its configuration.
func arguments(t testing.TB) []string {
	t.Helper()
	var args []string
	for _, o := range objects(t) {
		for _, c := range o.Spec.Template.Spec.Containers {
			for _, arg := range c.Args {
				if c.Name == "collector" && !strings.HasPrefix(arg, "--config=") {
					args = append(args, arg)
				}
			}
		}
	}
	return args
}

// line is one that Loki holds, with its timestamp in nanoseconds.
type line struct {
	at   int64
	text string
}

// count is how many lines Loki counts for a selector.
func (s *stack) count(selector string) (int, error) {
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	query := url.QueryEscape(fmt.Sprintf("sum(count_over_time(%s[1h]))", selector))
	if err := get(s.lokiURL+"/loki/api/v1/query?query="+query, &answer); err != nil || len(answer.Data.Result) == 0 {
		return 0, err
	}
	text, _ := answer.Data.Result[0].Value[1].(string)
	return strconv.Atoi(text)
}

// lines reads all that Loki holds for a selector of one stream, page by page, oldest first.
func (s *stack) lines(selector string) ([]line, error) {
	const page = 5000
	var all []line
	from := time.Now().Add(-time.Hour).UnixNano()
	for {
		var answer struct {
			Data struct {
				Result []struct{ Values [][]any }
			}
		}
		query := url.Values{"query": {selector}, "direction": {"forward"}, "limit": {strconv.Itoa(page)},
			"start": {strconv.FormatInt(from, 10)}, "end": {strconv.FormatInt(time.Now().UnixNano(), 10)}}
		if err := get(s.lokiURL+"/loki/api/v1/query_range?"+query.Encode(), &answer); err != nil {
			return nil, err
		}
		var got []line
		for _, stream := range answer.Data.Result {
			for _, value := range stream.Values {
				at, err := strconv.ParseInt(value[0].(string), 10, 64)
				if err != nil {
					return nil, err
				}
				got = append(got, line{at, value[1].(string)})
			}
		}
		for i := range got {
			// Streams that structured metadata tells apart come one after the other.
			if got[i].at >= from {
				from = got[i].at + 1
			}
		}
		all = append(all, got...)
		if len(got) < page {
			return all, nil
		}
	}
}

// alerts are the names of the alerts that fire in Loki's ruler.
func (s *stack) alerts() (map[string]bool, error) {
	var answer struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels map[string]string
			}
		}
	}
	firing := map[string]bool{}
	err := get(s.lokiURL+"/prometheus/api/v1/alerts", &answer)
	for _, a := range answer.Data.Alerts {
		firing[a.Labels["alertname"]] = firing[a.Labels["alertname"]] || a.State == "firing"
	}
	return firing, err
}

// held are the labels of the alerts of that name in Alertmanager.
func (s *stack) held(name string) ([]map[string]string, error) {
	var answer []struct{ Labels map[string]string }
	err := get(s.alertmanagerURL+"/api/v2/alerts", &answer)
	var found []map[string]string
	for _, a := range answer {
		if a.Labels["alertname"] == name {
			found = append(found, a.Labels)
		}
	}
	return found, err
}

// sequence is the number of an assistant's line.
func sequence(text string) (int, error) {
	var fields struct{ Sequence *int }
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return 0, fmt.Errorf("%w: %.200s", err, text)
	}
	if fields.Sequence == nil {
		return 0, fmt.Errorf("no sequence in %.200s", text)
	}
	return *fields.Sequence, nil
}
