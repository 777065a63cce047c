package charttest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// TestNetworkPolicyOfTheController: the policy selects the controller's pods, leaves each of its ports open to whom it is
// for, and closes nothing that it asks: DNS, the API server and Prometheus.
func TestNetworkPolicyOfTheController(t *testing.T) {
	const enabled = "controller.networkPolicy.enabled=true"
	for _, tt := range []struct {
		name string
		args []string
		want map[string]string // from whom, by port
	}{
		{"webhook", nil, map[string]string{"health": "everyone", "webhook": "everyone", "metrics": "pods"}},
		{"no webhook", []string{"--set", "controller.webhook.enabled=false"}, map[string]string{"health": "everyone", "metrics": "pods"}},
		{"one Prometheus", []string{"--set", "controller.networkPolicy.prometheus[0].podSelector.matchLabels.app=p"},
			map[string]string{"health": "everyone", "webhook": "everyone", "metrics": "app=p"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			objects := render(t, "plimsoll", append([]string{"--set", enabled}, tt.args...)...)
			policy := one[networkingv1.NetworkPolicy](t, objects, "NetworkPolicy", "")
			template := one[appsv1.Deployment](t, objects, "Deployment", "name: controller\n").Spec.Template
			if !labels.SelectorFromSet(policy.Spec.PodSelector.MatchLabels).Matches(labels.Set(template.Labels)) {
				t.Errorf("%v does not select pods with %v", policy.Spec.PodSelector.MatchLabels, template.Labels)
			}
			if got := openTo(policy); !maps.Equal(got, tt.want) {
				t.Errorf("open are %v, want %v", got, tt.want)
			}
			for _, port := range template.Spec.Containers[0].Ports {
				if tt.want[port.Name] == "" {
					t.Errorf("nobody reaches port %s", port.Name)
				}
			}
			if got, want := outTo(policy), []string{"UDP 53", "TCP 53", "TCP 443", "TCP 6443", "TCP 9090"}; !slices.Equal(got, want) {
				t.Errorf("out to %v, want %v", got, want)
			}
		})
	}
}

// openTo says who may come in, by the name of the port.
func openTo(policy networkingv1.NetworkPolicy) map[string]string {
	open := map[string]string{}
	for _, rule := range policy.Spec.Ingress {
		who := "everyone"
		for _, peer := range rule.From {
			if who = "pods"; peer.PodSelector != nil {
				who = labels.FormatLabels(peer.PodSelector.MatchLabels)
			}
		}
		for _, port := range rule.Ports {
			open[port.Port.String()] = who
		}
	}
	return open
}

// outTo are the ports to which the policy lets out.
func outTo(policy networkingv1.NetworkPolicy) (ports []string) {
	for _, rule := range policy.Spec.Egress {
		for _, port := range rule.Ports {
			protocol := corev1.ProtocolTCP
			if port.Protocol != nil {
				protocol = *port.Protocol
			}
			ports = append(ports, fmt.Sprintf("%s %s", protocol, port.Port))
		}
	}
	return ports
}
