package charttest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// meta is what every object says of itself.
func meta(t *testing.T, object string) metav1.PartialObjectMetadata {
	t.Helper()
	var m metav1.PartialObjectMetadata
	if err := yaml.Unmarshal([]byte(object), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTwoReleases: releases in one namespace share no object, and no selector of one finds anything of the other.
func TestTwoReleases(t *testing.T) {
	everything := []string{"--values", "testdata/plimsoll.yaml"}
	const long = "a-release-whose-name-has-fifty-three-characters-now-"
	for name, tt := range map[string]struct{ one, other []string }{
		"both with everything":           {one: everything, other: everything},
		"one controller, two assistants": {other: []string{"--set", "controller.external=true"}},
		"controller and assistant":       {one: []string{"--set", "assistant.enabled=false"}, other: []string{"--set", "controller.external=true"}},
		"without a controller":           {one: []string{"--set", "controller.enabled=false"}, other: []string{"--set", "controller.enabled=false"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, releases := range [][2]string{{"one", "two"}, {long + "1", long + "2"}} {
				one := renderAs(t, "plimsoll", releases[0], "ai", tt.one...)
				other := renderAs(t, "plimsoll", releases[1], "ai", tt.other...)
				seen := map[string]bool{}
				for _, object := range append(one, other...) {
					m := meta(t, object)
					key := m.Kind + " " + m.Namespace + "/" + m.Name
					if seen[key] {
						t.Errorf("both releases have %s", key)
					}
					seen[key] = true
				}
				checkSelectors(t, one, other)
				checkSelectors(t, other, one)
			}
		})
	}
}

// checkSelectors fails if what an object of one release selects is of the other, or is not there at all.
func checkSelectors(t *testing.T, one, other []string) {
	t.Helper()
	selectors := 0
	for _, object := range one {
		var selector map[string]string
		var of func(string) (labels.Set, bool)
		switch kind(t, object) {
		case "Service":
			selector, of = decode[corev1.Service](t, object).Spec.Selector, podLabelsOf(t)
		case "Deployment":
			selector, of = decode[appsv1.Deployment](t, object).Spec.Selector.MatchLabels, podLabelsOf(t)
		case "ServiceMonitor":
			selector = decode[monitoringv1.ServiceMonitor](t, object).Spec.Selector.MatchLabels
			of = func(object string) (labels.Set, bool) { return meta(t, object).Labels, kind(t, object) == "Service" }
		default:
			continue
		}
		selectors++
		if !selects(selector, one, of) || selects(selector, other, of) {
			t.Errorf("%v selects what is not of its release, or nothing", selector)
		}
	}
	if selectors == 0 {
		t.Error("no selectors")
	}
}

func podLabelsOf(t *testing.T) func(string) (labels.Set, bool) {
	return func(object string) (labels.Set, bool) {
		if kind(t, object) != "Deployment" {
			return nil, false
		}
		return decode[appsv1.Deployment](t, object).Spec.Template.Labels, true
	}
}

func selects(selector map[string]string, objects []string, of func(string) (labels.Set, bool)) bool {
	for _, object := range objects {
		if set, ok := of(object); ok && labels.SelectorFromSet(selector).Matches(set) {
			return true
		}
	}
	return false
}

// TestLongNames: a release with the longest name that Helm allows, in a namespace with the longest name, has objects with
// names and labels that Kubernetes takes.
func TestLongNames(t *testing.T) {
	release, namespace := strings.Repeat("r", 53), strings.Repeat("n", 63)
	for _, chart := range charts {
		for _, args := range [][]string{
			nil, {"--values", "testdata/" + chart + ".yaml"},
			{"--set", "nameOverride=" + strings.Repeat("o", 70)}, {"--set", "fullnameOverride=" + strings.Repeat("o", 70)},
		} {
			for _, object := range renderAs(t, chart, release, namespace, args...) {
				m := meta(t, object)
				if m.Kind == "CustomResourceDefinition" {
					continue
				}
				problems := validation.IsDNS1123Subdomain(m.Name)
				switch m.Kind {
				case "Service", "Deployment", "StatefulSet", "DaemonSet", "Pod", v1alpha1.Kind:
					problems = append(problems, validation.IsDNS1123Label(m.Name)...)
				}
				for _, value := range m.Labels {
					problems = append(problems, validation.IsValidLabelValue(value)...)
				}
				if len(problems) > 0 {
					t.Errorf("%s %s %v: %v", m.Kind, m.Name, m.Labels, problems)
				}
			}
		}
	}
}

// TestSameTwice: two renderings of the same values are the same, as GitOps wants.
func TestSameTwice(t *testing.T) {
	for _, chart := range charts {
		for _, args := range [][]string{nil, {"--values", "testdata/" + chart + ".yaml"}} {
			first, second := render(t, chart, args...), render(t, chart, args...)
			if strings.Join(first, "---") != strings.Join(second, "---") {
				t.Errorf("%s %v: two renderings differ", chart, args)
			}
		}
	}
}

// TestUpgradeWithoutACluster: what looks into the cluster at an upgrade, such as for the definition of AlertThresholds, does
// not take the want of a cluster for the want of an object.
func TestUpgradeWithoutACluster(t *testing.T) {
	for _, object := range render(t, "plimsoll", "--is-upgrade") {
		if kind(t, object) == "CustomResourceDefinition" {
			t.Error("the definition is rendered")
		}
	}
}

// TestSubchart: a parent chart switches the charts on and off, and tells them where images are and which fields go.
func TestSubchart(t *testing.T) {
	dir := t.TempDir()
	dependencies := ""
	for _, chart := range charts {
		if err := os.CopyFS(filepath.Join(dir, "charts", chart), os.DirFS(chartDir(chart))); err != nil {
			t.Fatal(err)
		}
		dependencies += "\n- {name: " + chart + ", version: 0.1.0, condition: " + chart + ".enabled}"
	}
	for name, text := range map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: parent\nversion: 0.0.1\ndependencies:" + dependencies,
		"values.yaml": `
global: {imageRegistry: mirror.example.com, imagePullSecrets: [pull], theirs: 1}
plimsoll: {enabled: true}
plimsoll-stack: {enabled: false}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parent := func(args ...string) string {
		t.Helper()
		out, err := helm(t, append([]string{"template", "plimsoll", dir}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	// Of a null in the parent's own values Helm makes nothing.
	on := parent("--set", "plimsoll.controller.podSecurityContext.runAsUser=null,plimsoll.controller.livenessProbe=null")
	for _, want := range []string{"image: mirror.example.com/plimsoll/assistant:dev", "image: mirror.example.com/plimsoll/controller:dev", "- name: pull"} {
		if !strings.Contains(on, want) {
			t.Errorf("the chart's objects lack %s", want)
		}
	}
	if got := strings.Count(on, "runAsUser"); got != 2 {
		t.Errorf("%d pods choose a user, want the assistant's and the test's", got)
	}
	if off := strings.TrimSpace(parent("--set", "plimsoll.enabled=false")); off != "" {
		t.Errorf("the charts are off, and there are\n%s", off)
	}
	if stack := parent("--set", "plimsoll-stack.enabled=true"); !strings.Contains(stack, "image: mirror.example.com/plimsoll/prometheus:dev") {
		t.Error("the stack has another image of Prometheus")
	}
}
