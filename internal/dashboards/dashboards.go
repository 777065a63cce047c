// Package dashboards builds Grafana dashboards from the metric contract. It is pure: builders in, JSON out; the
// command in hack/dashboards writes the files that the chart carries.
package dashboards

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// Addresses of the dashboards in Grafana: links keep working for as long as they do not change.
const (
	AssistantUID  = "plimsoll-assistant"
	ModelUID      = "plimsoll-model"
	ThresholdsUID = "plimsoll-thresholds"
	LogsUID       = "plimsoll-logs"
	ItselfUID     = "plimsoll-itself"
)

// tag finds the dashboards among others; each links to all that have it.
const tag = "plimsoll"

// File is one dashboard as Grafana loads it.
type File struct {
	// Name is the file's name, stable because the chart names a ConfigMap after it.
	Name string
	JSON []byte
}

// All returns every dashboard of the chart.
func All() ([]File, error) {
	builders := []struct {
		name    string
		builder *dashboard.DashboardBuilder
	}{
		{"assistant.json", assistant()},
		{"model.json", model()},
		{"thresholds.json", thresholds()},
		{"logs.json", logs()},
		{"itself.json", itself()},
	}
	files := make([]File, 0, len(builders))
	for _, b := range builders {
		d, err := b.builder.Build()
		if err != nil {
			return nil, fmt.Errorf("building dashboard %s: %w", b.name, err)
		}
		number(d.Panels)
		encoded, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("encoding dashboard %s: %w", b.name, err)
		}
		files = append(files, File{Name: b.name, JSON: append(encoded, '\n')})
	}
	return files, nil
}

// number gives the panels the ids by which Grafana links to them, in order from 1.
func number(panels []dashboard.PanelOrRowPanel) {
	for i, p := range panels {
		id := cog.ToPtr(uint32(i + 1))
		if p.Panel != nil {
			p.Panel.Id = id
		} else {
			p.RowPanel.Id = *id
		}
	}
}

// newDashboard is a dashboard without panels, with links to all others.
func newDashboard(uid, title, description string) *dashboard.DashboardBuilder {
	return dashboard.NewDashboardBuilder(title).
		Uid(uid).
		Description(description).
		Tags([]string{tag, "ai-assistant"}).
		Timezone("browser").
		Time("now-1h", "now").
		Refresh("30s").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Readonly().
		Link(dashboard.NewDashboardLinkBuilder("Plimsoll").
			Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{tag}).
			AsDropdown(true).
			IncludeVars(true).
			KeepTime(true))
}
