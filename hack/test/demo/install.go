package demo

import (
	"context"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

//go:embed manifests
var manifests embed.FS

// Install puts the stack without logs, Plimsoll, the model's stand-in and traffic on the cluster, with Helm and kubectl as a
// person would, and returns when all of it runs. On a control plane, which runs no pods, the programs are local processes.
func (d *Demo) Install(ctx context.Context, c *cluster.Cluster) (*Env, error) {
	e := &Env{Cluster: c, Root: d.builder.Root, bin: d.builder.Bin(), steps: d.builder.Steps}
	logs, err := e.hasLogs(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.stack(ctx, "helm upgrade --install "+StackRelease, logs); err != nil {
		return nil, err
	}
	if c.Depth == cluster.Node {
		if err := e.steps.Do(ctx, "Prometheus takes its configuration", e.waitReloader); err != nil {
			return nil, err
		}
	}
	model := chosenUpstream("http://fakegemini:9000")
	if err := e.steps.Do(ctx, "the model: "+model.about, func(ctx context.Context) error { return e.model(ctx, model) }); err != nil {
		return nil, err
	}
	if err := d.load(ctx, c, d.parts.product); err != nil {
		return nil, err
	}
	err = e.steps.Do(ctx, installPlimsoll, func(ctx context.Context) error {
		return e.chart(ctx, Release, Namespace, "charts/plimsoll", "plimsoll-values.yaml", model.args(true)...)
	})
	if err != nil {
		return nil, err
	}
	if c.Depth == cluster.ControlPlane {
		return e, e.processes(ctx)
	}
	return e, e.pods(ctx)
}

// load brings a part's images to the node.
func (d *Demo) load(ctx context.Context, c *cluster.Cluster, p *part) error {
	archives, err := p.archives(ctx, d.builder)
	if err != nil || len(archives) == 0 {
		return err
	}
	return c.Load(ctx, archives...)
}

// chart installs or upgrades a release, and returns when its pods are ready, if any can run.
func (e *Env) chart(ctx context.Context, release, namespace, chart, values string, more ...string) error {
	file, err := e.manifestFile(values)
	if err != nil {
		return err
	}
	if err := e.unlock(ctx, release, namespace); err != nil {
		return err
	}
	args := append([]string{"upgrade", "--install", release, filepath.Join(e.Root, chart), "--namespace", namespace,
		"--create-namespace", "--values", file, "--timeout", "5m"}, more...)
	if e.Cluster.Depth == cluster.Node {
		args = append(args, "--wait")
	} else if err := e.definitions(ctx, chart); err != nil {
		return err
	}
	_, err = e.Helm(ctx, args...)
	return err
}

// unlock removes the record of an operation that was killed half-way: Helm would wait for its end forever.
func (e *Env) unlock(ctx context.Context, release, namespace string) error {
	_, err := e.Kubectl(ctx, "", "delete", "secrets", "--namespace", namespace,
		"--selector", "owner=helm,name="+release+",status in (pending-install, pending-upgrade, pending-rollback)")
	return err
}

// waitReloader returns when Prometheus' config reloader has loaded once and watches for changes: one that comes before,
// such as a ServiceMonitor, it would only find when it looks again after three minutes.
func (e *Env) waitReloader(ctx context.Context) error {
	const path = "/api/v1/namespaces/" + StackNamespace + "/pods/prometheus-" + StackRelease + "-0:8080/proxy/metrics"
	return cluster.Poll(ctx, SlowTimeout, func(ctx context.Context) error {
		text, err := e.Kubectl(ctx, "", "get", "--raw", path)
		if err == nil && !strings.Contains(text, "\nreloader_last_reload_successful 1\n") {
			err = errors.New("the config reloader has not loaded yet")
		}
		return err
	})
}

// definitions makes a chart's CRDs known: Helm 4 does not wait for them unless it waits for pods too.
func (e *Env) definitions(ctx context.Context, chart string) error {
	dir := filepath.Join(e.Root, chart, "crds")
	if _, err := e.Kubectl(ctx, "", "apply", "--server-side", "-f", dir); err != nil {
		return err
	}
	_, err := e.Kubectl(ctx, "", "wait", "--for=condition=Established", "-f", dir, "--timeout=1m")
	return err
}

// manifestFile puts an embedded file where commands can read it.
func (e *Env) manifestFile(name string) (string, error) {
	data, err := manifests.ReadFile("manifests/" + name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(e.Cluster.Dir(), name)
	return path, os.WriteFile(path, data, 0o644)
}

// Apply runs kubectl apply on one of the demo's manifests in Plimsoll's namespace.
func (e *Env) Apply(ctx context.Context, name string) error {
	data, err := manifests.ReadFile("manifests/" + name)
	if err != nil {
		return err
	}
	_, err = e.Kubectl(ctx, string(data), "apply", "--namespace", Namespace, "-f", "-")
	return err
}

// model makes the namespace, in which only restricted pods may run, the Secret with the model's key and, where it is one,
// the stand-in. The key goes through standard input: arguments are for everyone to see.
func (e *Env) model(ctx context.Context, u upstream) error {
	const objects = `
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Secret
metadata: {name: %[2]s, namespace: %[1]s}
data: {api-key: %[3]s}
`
	text := fmt.Sprintf(objects, Namespace, Assistant, base64.StdEncoding.EncodeToString([]byte(u.key)))
	if _, err := e.Kubectl(ctx, text, "apply", "-f", "-"); err != nil {
		return err
	}
	if e.Cluster.Depth == cluster.ControlPlane || !u.standIn {
		return nil
	}
	return e.Apply(ctx, "gemini.yaml")
}

// pods starts the traffic, and finds the Services' addresses.
func (e *Env) pods(ctx context.Context) error {
	services := []struct {
		url             *string
		namespace, name string
	}{
		{&e.AssistantURL, Namespace, Assistant},
		{&e.PrometheusURL, StackNamespace, StackRelease + "-prometheus"},
		{&e.AlertmanagerURL, StackNamespace, StackRelease + "-alertmanager"},
	}
	return e.steps.Do(ctx, "traffic, and what answers it", func(ctx context.Context) error {
		if err := e.Apply(ctx, "loadgen.yaml"); err != nil {
			return err
		}
		for _, s := range services {
			var err error
			if *s.url, err = e.service(ctx, s.namespace, s.name); err != nil {
				return err
			}
		}
		for _, namespace := range []string{StackNamespace, Namespace} {
			if _, err := e.Kubectl(ctx, "", "wait", "--for=condition=Ready", "pods", "--all", "--namespace", namespace, "--timeout=3m"); err != nil {
				return err
			}
		}
		return nil
	})
}

// service returns the URL of a Service's first port.
func (e *Env) service(ctx context.Context, namespace, name string) (string, error) {
	address, err := e.Kubectl(ctx, "", "get", "service", name, "--namespace", namespace, "-o", "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}")
	return "http://" + address, err
}
