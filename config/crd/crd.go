// Package crd carries the CustomResourceDefinition that the API server is given, for programs that check a resource as
// the API server would.
package crd

import _ "embed"

// AlertThresholds is the definition of AlertThreshold, as YAML.
//
//go:embed plimsoll.dev_alertthresholds.yaml
var AlertThresholds []byte
