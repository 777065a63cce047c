package charttest

import (
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/promql/parser"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

func checkObject(t *testing.T, object string) {
	t.Helper()
	if strings.Contains(object, "release: prometheus") {
		t.Errorf("a label of someone's own Prometheus is hard-coded:\n%s", object)
	}
	switch kind(t, object) {
	case "Deployment":
		checkPod(t, decode[appsv1.Deployment](t, object).Spec.Template.Spec)
	case "StatefulSet":
		checkPod(t, decode[appsv1.StatefulSet](t, object).Spec.Template.Spec)
	case "DaemonSet":
		checkCollector(t, decode[appsv1.DaemonSet](t, object).Spec.Template.Spec)
	case "Service":
		decode[corev1.Service](t, object)
	case "HorizontalPodAutoscaler":
		decode[autoscalingv2.HorizontalPodAutoscaler](t, object)
	case "PodDisruptionBudget":
		decode[policyv1.PodDisruptionBudget](t, object)
	case "NetworkPolicy":
		decode[networkingv1.NetworkPolicy](t, object)
	case "Ingress":
		decode[networkingv1.Ingress](t, object)
	case "ServiceMonitor":
		decode[monitoringv1.ServiceMonitor](t, object)
	case "PrometheusRule":
		checkRules(t, decode[monitoringv1.PrometheusRule](t, object))
	case "Prometheus":
		checkUser(t, decode[monitoringv1.Prometheus](t, object).Spec.SecurityContext)
	case "Alertmanager":
		checkUser(t, decode[monitoringv1.Alertmanager](t, object).Spec.SecurityContext)
	case "Role", "ClusterRole":
		for _, rule := range decode[rbacv1.ClusterRole](t, object).Rules {
			if slices.Contains(slices.Concat(rule.Verbs, rule.Resources, rule.APIGroups), "*") {
				t.Errorf("a right is not named: %v", rule)
			}
		}
	case "ValidatingWebhookConfiguration":
		decode[admissionv1.ValidatingWebhookConfiguration](t, object)
	case "AlertThreshold":
		threshold := decode[v1alpha1.AlertThreshold](t, object)
		if errs := rules.Validate(&threshold); len(errs) > 0 {
			t.Errorf("%s: %v", threshold.Name, errs)
		}
	}
}

// checkRules holds alerts to PromQL that Prometheus reads, and to what every alert should say.
func checkRules(t *testing.T, rule monitoringv1.PrometheusRule) {
	t.Helper()
	for _, group := range rule.Spec.Groups {
		for _, r := range group.Rules {
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr.String()); err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
			if r.Record != "" {
				continue
			}
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s lacks a severity, summary or description", r.Alert)
			}
		}
	}
}

// checkPod holds a pod to the restricted Pod Security Standard and a read-only root file system.
func checkPod(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	checkUser(t, pod.SecurityContext)
	checkContainers(t, pod)
}

// checkCollector holds the one pod that reads files of the node, which only root may, to everything else that is asked of
// a restricted pod, and to two folders, of which it writes one.
func checkCollector(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	if s := pod.SecurityContext; s == nil || s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Error("the collector's seccomp profile is not RuntimeDefault")
	}
	if pod.HostNetwork || pod.HostPID || pod.HostIPC || *pod.AutomountServiceAccountToken {
		t.Error("the collector shares more of the node than files, or has a token of the API server")
	}
	writable := map[string]string{}
	for _, v := range pod.Volumes {
		if v.HostPath != nil {
			writable[v.Name] = v.HostPath.Path
		}
	}
	ofTheNode := len(writable)
	for _, m := range pod.Containers[0].VolumeMounts {
		if m.ReadOnly {
			delete(writable, m.Name)
		}
	}
	if ofTheNode != 2 || len(writable) != 1 || writable["state"] == "" {
		t.Errorf("the collector has volumes %v, of which it may write %v of the node", pod.Volumes, writable)
	}
	checkContainers(t, pod)
}

func checkContainers(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	no := func(b *bool) bool { return b != nil && !*b }
	if pod.AutomountServiceAccountToken == nil || !no(pod.EnableServiceLinks) {
		t.Error("the pod does not say whether it needs a token, or takes other Services' variables")
	}
	for _, c := range pod.Containers {
		if c.Name == "assistant" && !no(pod.AutomountServiceAccountToken) {
			t.Error("the assistant has a token of the API server")
		}
		s := c.SecurityContext
		if s == nil || !no(s.AllowPrivilegeEscalation) || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem ||
			s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
			t.Errorf("container %s keeps privileges", c.Name)
		}
		if c.LivenessProbe == nil || c.ReadinessProbe == nil || c.Resources.Requests == nil {
			t.Errorf("container %s lacks a probe or requests", c.Name)
		}
	}
}

// checkUser checks that the user is unprivileged, the image's or the chart's, and the seccomp profile the runtime's.
func checkUser(t *testing.T, s *corev1.PodSecurityContext) {
	t.Helper()
	switch {
	case s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser != nil && *s.RunAsUser == 0:
		t.Error("the pod may run as root")
	case s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
		t.Error("the pod's seccomp profile is not RuntimeDefault")
	}
}
