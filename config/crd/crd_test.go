// Package crd holds the definition of AlertThreshold, and the sum that its version stands for.
package crd

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// TestSchemaVersion: by the version's number helm upgrade tells a newer definition from an older one, so whoever changes
// the definition gives it the next number (the marker is at the type) and writes its sum here.
func TestSchemaVersion(t *testing.T) {
	const version, sum = "6", "b77c7ae729c4d0a7"
	var definition apiextensionsv1.CustomResourceDefinition
	text, err := os.ReadFile("plimsoll.dev_alertthresholds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, &definition); err != nil {
		t.Fatal(err)
	}
	spec, err := json.Marshal(definition.Spec)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(spec)
	got := hex.EncodeToString(digest[:8])
	if is := definition.Annotations["plimsoll.dev/schema-version"]; is != version || got != sum {
		t.Errorf("schema version %s has the sum %s; here is written version %s, sum %s", is, got, version, sum)
	}
}
