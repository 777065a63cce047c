// Package dashboards builds Grafana dashboards from the metric contract. It is pure: builders in, JSON out; the
// command in hack/dashboards writes the files that the chart carries.
package dashboards

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// File is one dashboard as Grafana loads it.
type File struct {
	// Name is the file's name, stable because the chart names a ConfigMap after it.
	Name string
	JSON []byte
}

// All returns every dashboard of the chart.
func All() ([]File, error) {
	builders := []struct {
		name  string
		build func() (dashboard.Dashboard, error)
	}{
		{"assistant.json", Assistant},
	}
	files := make([]File, 0, len(builders))
	for _, b := range builders {
		d, err := b.build()
		if err != nil {
			return nil, fmt.Errorf("building dashboard %s: %w", b.name, err)
		}
		encoded, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("encoding dashboard %s: %w", b.name, err)
		}
		files = append(files, File{Name: b.name, JSON: append(encoded, '\n')})
	}
	return files, nil
}
