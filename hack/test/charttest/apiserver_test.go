//go:build integration

package charttest

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// foreign are the kinds whose definitions other projects bring.
var foreign = []string{"HTTPRoute", "Certificate", "Issuer"}

// TestAPIServer sends every object that any set of values renders to a real API server, which refuses fields that it does
// not know and values that it would not take, and keeps nothing.
func TestAPIServer(t *testing.T) {
	api := definedAPIServer(t)
	for _, wrong := range []string{
		"{apiVersion: v1, kind: Service, metadata: {name: a, namespace: ai}, spec: {ports: [{port: 1}], bogus: 1}}",
		"{apiVersion: v1, kind: Service, metadata: {name: a, namespace: ai}, spec: {ports: [{port: 99999}]}}",
		"{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {name: a, namespace: ai}, spec: {bogus: 1}}",
		"{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: a, namespace: ai}, spec: {alert: A}}",
	} {
		if err := create(t, api, wrong); err == nil {
			t.Errorf("the API server takes %s", wrong)
		}
	}
	sent := map[string]bool{}
	for _, chart := range charts {
		for _, args := range everySet(t, chart) {
			for _, text := range render(t, chart, args...) {
				if sent[text] || slices.Contains(foreign, kind(t, text)) {
					continue
				}
				sent[text] = true
				if err := create(t, api, text); err != nil {
					t.Errorf("%s %v: %v\n%s", chart, args, err, text)
				}
			}
		}
	}
	t.Logf("the API server takes %d objects", len(sent))
}

// create asks for an object without keeping it, in a namespace that it makes.
func create(t *testing.T, api client.Client, text string) error {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatal(err)
	}
	if name := object.GetNamespace(); name != "" {
		makeNamespace(t, api, name)
	}
	return api.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}

// makeNamespace makes a namespace, unless it is there, in which pods may be created: with the ServiceAccount that they get.
func makeNamespace(t *testing.T, api client.Client, name string) {
	t.Helper()
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: name}},
	} {
		if err := api.Create(t.Context(), object); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
}

// definedAPIServer is a client of the shared API server, which knows the charts' definitions until the test ends.
func definedAPIServer(t *testing.T) client.Client {
	t.Helper()
	definitions := filepath.Join(chartDir("plimsoll"), "crds")
	must(t, "", "apply", "--server-side", "-f", definitions)
	t.Cleanup(func() {
		if _, err := kubectl(context.Background(), "", "delete", "-f", definitions); err != nil {
			t.Error(err)
		}
	})
	eventually(t, func() error { // kubectl wait gives up on one that has no status yet
		_, err := kubectl(t.Context(), "", "wait", "--for=condition=Established", "-f", definitions)
		return err
	})
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	api, err := client.New(adminConfig, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return api
}
