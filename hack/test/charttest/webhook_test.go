package charttest

import (
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

// one returns the only object of the kind whose text has the part.
func one[T any](t *testing.T, objects []string, ofKind, part string) T {
	t.Helper()
	found := slices.DeleteFunc(slices.Clone(objects), func(object string) bool {
		return kind(t, object) != ofKind || !strings.Contains(object, part)
	})
	if len(found) != 1 {
		t.Fatalf("%d objects %s with %q, want one", len(found), ofKind, part)
	}
	return decode[T](t, found[0])
}

func controllerPod(t *testing.T, objects []string) corev1.PodSpec {
	t.Helper()
	return one[appsv1.Deployment](t, objects, "Deployment", "name: controller\n").Spec.Template.Spec
}

// TestWebhook: what the chart asks of the API server, of the controller and of its Service fits together, and nobody
// ever waits for the webhook in vain.
func TestWebhook(t *testing.T) {
	objects := render(t, "plimsoll", "--set", "controller.watchNamespaces={one}")
	configuration := one[admissionv1.ValidatingWebhookConfiguration](t, objects, "ValidatingWebhookConfiguration", "")
	if len(configuration.Webhooks) != 1 {
		t.Fatalf("%d webhooks", len(configuration.Webhooks))
	}
	hook := configuration.Webhooks[0]
	client := hook.ClientConfig.Service
	if hook.Name != webhook.Name || *client.Path != webhook.Path || client.Namespace != "ai" {
		t.Errorf("webhook %s is asked at %v", hook.Name, client)
	}
	if *hook.FailurePolicy != admissionv1.Ignore || *hook.TimeoutSeconds > 5 ||
		*hook.SideEffects != admissionv1.SideEffectClassNone || *hook.MatchPolicy != admissionv1.Equivalent {
		t.Errorf("webhook is %+v", hook)
	}
	if in := hook.NamespaceSelector.MatchExpressions[0]; in.Key != corev1.LabelMetadataName ||
		in.Operator != metav1.LabelSelectorOpIn || !slices.Equal(in.Values, []string{"ai", "one"}) {
		t.Errorf("namespaces are %v, want the watched ones", in)
	}

	one[corev1.Secret](t, objects, "Secret", "name: "+client.Name+"\n")
	service := one[corev1.Service](t, objects, "Service", "name: "+client.Name+"\n")
	pod := controllerPod(t, objects)
	container := pod.Containers[0]
	serves := slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool {
		return p.Name == service.Spec.Ports[0].TargetPort.StrVal && slices.Contains(container.Args, "--webhook-bind-address=:9443") && p.ContainerPort == 9443
	})
	if !serves || service.Spec.Ports[0].Port != *client.Port {
		t.Errorf("Service %v does not lead from port %d to the webhook", service.Spec.Ports, *client.Port)
	}
	for _, arg := range []string{"--webhook-service=ai/" + client.Name, "--webhook-configuration=" + configuration.Name} {
		if !slices.Contains(container.Args, arg) {
			t.Errorf("arguments are %v, want %s", container.Args, arg)
		}
	}
	if len(pod.Volumes) > 0 {
		t.Errorf("volumes are %v: the key pair needs none", pod.Volumes)
	}
}

// TestRightsOfTheWebhook: the controller may touch its own Secret and configuration, and never the model's key.
func TestRightsOfTheWebhook(t *testing.T) {
	for _, object := range render(t, "plimsoll") {
		if k := kind(t, object); k != "Role" && k != "ClusterRole" {
			continue
		}
		for _, rule := range decode[rbacv1.ClusterRole](t, object).Rules {
			named := slices.Contains(rule.Resources, "secrets") || slices.Contains(rule.Resources, "validatingwebhookconfigurations")
			if named && (len(rule.ResourceNames) != 1 || slices.Contains(rule.Verbs, "create") || slices.Contains(rule.Verbs, "list")) {
				t.Errorf("a right to more than one object: %v", rule)
			}
		}
	}
}

// TestWebhookOfCertManager: with cert-manager the controller gets its files and has no right to write certificates.
func TestWebhookOfCertManager(t *testing.T) {
	objects := render(t, "plimsoll", "--set", "controller.webhook.certManager.enabled=true")
	configuration := one[admissionv1.ValidatingWebhookConfiguration](t, objects, "ValidatingWebhookConfiguration", "")
	name := configuration.Webhooks[0].ClientConfig.Service.Name
	if got := configuration.Annotations["cert-manager.io/inject-ca-from"]; got != "ai/"+name {
		t.Errorf("the authority comes from %s", got)
	}
	for _, object := range objects {
		switch kind(t, object) {
		case "Role", "ClusterRole":
			if strings.Contains(object, "secrets") || strings.Contains(object, "validatingwebhookconfigurations") {
				t.Errorf("a right that is not needed:\n%s", object)
			}
		case "Certificate":
			if !strings.Contains(object, "secretName: "+name+"\n") || !strings.Contains(object, name+".ai.svc") {
				t.Errorf("the certificate is of another name:\n%s", object)
			}
		}
	}
	pod := controllerPod(t, objects)
	mounted := pod.Containers[0].VolumeMounts[0]
	if source := pod.Volumes[0].Secret; source == nil || source.SecretName != name || !*source.Optional || pod.Volumes[0].Name != mounted.Name {
		t.Errorf("volume is %v, want the optional Secret %s", pod.Volumes[0], name)
	}
	if !slices.Contains(pod.Containers[0].Args, "--webhook-cert-dir="+mounted.MountPath) {
		t.Errorf("arguments are %v, want the folder %s", pod.Containers[0].Args, mounted.MountPath)
	}
}
