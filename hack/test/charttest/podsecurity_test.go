//go:build integration

package charttest

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// TestClusterPodSecurity: a real API server that enforces the restricted Pod Security Standard admits every pod of the
// charts, whatever is set. Of a Deployment it would only warn, so it is asked about the pods themselves.
func TestClusterPodSecurity(t *testing.T) {
	const namespace = "restricted"
	makeRestricted(t, namespace)
	seen := map[string]bool{}
	for _, chart := range charts {
		for _, args := range everySet(t, chart) {
			for _, object := range render(t, chart, args...) {
				spec, ok := podOf(t, object)
				key, err := yaml.Marshal(spec)
				if err != nil || !ok || seen[string(key)] || spec.HostNetwork { // which such a namespace does not allow
					continue
				}
				seen[string(key)] = true
				if err := admit(t, namespace, spec); err != nil {
					t.Errorf("%s %s: %v", chart, strings.Join(args, " "), err)
				}
				spec.Containers[0].SecurityContext = nil
				if err := admit(t, namespace, spec); err == nil || !strings.Contains(err.Error(), `violates PodSecurity "restricted`) {
					t.Errorf("%s: a pod with privileges is admitted (%v)", chart, err)
				}
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("%d pods, want those of all value sets", len(seen))
	}
}

// makeRestricted makes a namespace that enforces the restricted Pod Security Standard, and in which pods may be created.
func makeRestricted(t *testing.T, namespace string) {
	t.Helper()
	must(t, fmt.Sprintf(`{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {pod-security.kubernetes.io/enforce: restricted}}}`, namespace),
		"apply", "-f", "-")
	eventually(t, func() error {
		_, err := kubectl(t.Context(), "", "get", "serviceaccount", "default", "--namespace", namespace)
		return err
	})
}

// admit asks the API server for a pod without keeping it.
func admit(t *testing.T, namespace string, spec corev1.PodSpec) error {
	t.Helper()
	spec.ServiceAccountName = "" // the chart's is not there, and not what is asked about
	pod := corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: "asked", Namespace: namespace}, Spec: spec,
	}
	text, err := yaml.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	_, err = kubectl(t.Context(), string(text), "apply", "--dry-run=server", "-f", "-")
	return err
}

// podOf is the pod that an object is or makes.
func podOf(t *testing.T, object string) (corev1.PodSpec, bool) {
	t.Helper()
	switch kind(t, object) {
	case "Pod":
		return decode[corev1.Pod](t, object).Spec, true
	case "Deployment":
		return decode[appsv1.Deployment](t, object).Spec.Template.Spec, true
	case "StatefulSet":
		set := decode[appsv1.StatefulSet](t, object).Spec
		for _, claim := range set.VolumeClaimTemplates { // the set adds a volume for each
			volume := corev1.Volume{Name: claim.Name}
			volume.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name}
			set.Template.Spec.Volumes = append(set.Template.Spec.Volumes, volume)
		}
		return set.Template.Spec, true
	case "DaemonSet":
		// The stack's log collector reads the node's files, which restricted pods may not.
		return corev1.PodSpec{}, false
	case "ReplicaSet", "Job", "CronJob":
		t.Fatalf("this test does not know how to look into\n%s", object)
	}
	return corev1.PodSpec{}, false
}
