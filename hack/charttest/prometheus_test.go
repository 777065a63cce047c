package charttest

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

// TestPrometheus: the controller is told of a Prometheus and of the files with its secrets, which are where it is told.
func TestPrometheus(t *testing.T) {
	const url = "http://prometheus.monitoring:9090/path"
	objects := render(t, "plimsoll", "--set", "prometheus.url="+url,
		"--set", "prometheus.token.existingSecret=reader", "--set", "prometheus.ca.existingSecret=authority", "--set", "prometheus.ca.key=root.pem")
	pod := controllerPod(t, objects)
	container := pod.Containers[0]
	for _, arg := range []string{
		"--prometheus-url=" + url, "--prometheus-token-file=/etc/plimsoll/prometheus/token", "--prometheus-ca-file=/etc/plimsoll/prometheus/ca.crt",
	} {
		if !slices.Contains(container.Args, arg) {
			t.Errorf("args %v lack %s", container.Args, arg)
		}
	}
	if len(pod.Volumes) != 1 || len(container.VolumeMounts) != 1 || container.VolumeMounts[0].MountPath != "/etc/plimsoll/prometheus" {
		t.Fatalf("volumes are %+v, mounted %+v", pod.Volumes, container.VolumeMounts)
	}
	sources := pod.Volumes[0].Projected.Sources
	if len(sources) != 2 || sources[0].Secret.Name != "reader" || sources[0].Secret.Items[0].Path != "token" ||
		sources[1].Secret.Name != "authority" || sources[1].Secret.Items[0].Key != "root.pem" || sources[1].Secret.Items[0].Path != "ca.crt" {
		t.Errorf("sources are %+v", sources)
	}
	if !mayList(t, objects, "prometheuses") || !mayList(t, objects, "namespaces") {
		t.Error("the controller may not find out what the Prometheuses select")
	}
}

// TestNoPrometheus: who names none gives no right that only it needs.
func TestNoPrometheus(t *testing.T) {
	objects := render(t, "plimsoll", "--set", "prometheus.token.existingSecret=reader")
	pod := controllerPod(t, objects)
	if len(pod.Volumes) != 0 || strings.Contains(strings.Join(pod.Containers[0].Args, " "), "prometheus") {
		t.Errorf("pod is %+v", pod)
	}
	if mayList(t, objects, "prometheuses") || mayList(t, objects, "namespaces") {
		t.Error("the controller has rights that it does not need")
	}
}

// mayList reports whether a ClusterRole of the objects lets all of a resource be listed.
func mayList(t *testing.T, objects []string, resource string) bool {
	t.Helper()
	for _, object := range objects {
		if kind(t, object) != "ClusterRole" {
			continue
		}
		for _, rule := range decode[rbacv1.ClusterRole](t, object).Rules {
			if slices.Contains(rule.Resources, resource) && slices.Contains(rule.Verbs, "list") {
				return true
			}
		}
	}
	return false
}
