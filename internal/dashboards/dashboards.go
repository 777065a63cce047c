// Package dashboards builds Grafana dashboards from the metric contract. It is pure: builders in, JSON out; the
// command in hack/dashboards writes the files that the chart carries.
package dashboards

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// Addresses of the dashboards in Grafana: links keep working for as long as they do not change.
const (
	AssistantUID  = "plimsoll-assistant"
	ModelUID      = "plimsoll-model"
	ThresholdsUID = "plimsoll-thresholds"
	LogsUID       = "plimsoll-logs"
	ItselfUID     = "plimsoll-itself"
	OverviewUID   = "plimsoll-overview"
)

// tag finds the dashboards among others; each links to all that have it.
const tag = "plimsoll"

// File is one dashboard as Grafana loads it.
type File struct {
	// Name is the file's name, stable because the chart names a ConfigMap after it.
	Name string
	JSON []byte
}

// schemaVersion is that of the oldest Grafana that the dashboards are for, 10.4: newer ones bring it to theirs.
const schemaVersion = 39

// document is a dashboard with annotations as the data source reads them.
type document struct {
	dashboard.Dashboard

	Annotations annotations `json:"annotations"`
}

type annotations struct {
	List []annotation `json:"list"`
}

// All returns every dashboard of the chart.
func All() ([]File, error) {
	builders := []struct {
		name    string
		builder *dashboard.DashboardBuilder
		events  []annotation
	}{
		{"overview.json", overview(), nil},
		{"assistant.json", assistant(), events()},
		{"model.json", model(), events()},
		{"thresholds.json", thresholds(), nil},
		{"logs.json", logs(), nil},
		{"itself.json", itself(), nil},
	}
	built := make([]document, len(builders))
	ids := map[panelRef]uint32{}
	for i, b := range builders {
		d, err := b.builder.Build()
		if err != nil {
			return nil, fmt.Errorf("building dashboard %s: %w", b.name, err)
		}
		d.SchemaVersion = schemaVersion
		number(d, ids)
		built[i] = document{d, annotations{append([]annotation{}, b.events...)}}
	}
	files := make([]File, len(builders))
	for i, b := range builders {
		if err := resolveLinks(built[i].Panels, ids); err != nil {
			return nil, fmt.Errorf("linking dashboard %s: %w", b.name, err)
		}
		encoded, err := json.MarshalIndent(built[i], "", "  ")
		if err != nil {
			return nil, fmt.Errorf("encoding dashboard %s: %w", b.name, err)
		}
		files[i] = File{Name: b.name, JSON: append(encoded, '\n')}
	}
	return files, nil
}

// number gives the panels the ids by which Grafana links to them, in order from 1, and notes them.
func number(d dashboard.Dashboard, ids map[panelRef]uint32) {
	for i, p := range d.Panels {
		id := uint32(i + 1)
		if p.Panel == nil {
			p.RowPanel.Id = id
			continue
		}
		p.Panel.Id = &id
		ids[panelRef{*d.Uid, *p.Panel.Title}] = id
	}
}

// target is what linkTo leads to.
var target = regexp.MustCompile(`^/d/([^?]+)\?viewPanel=\[([^]]*)\]`)

// resolveLinks puts the ids of panels where links have their titles.
func resolveLinks(panels []dashboard.PanelOrRowPanel, ids map[panelRef]uint32) error {
	for _, p := range panels {
		if p.Panel == nil || p.Panel.FieldConfig == nil {
			continue
		}
		for i, link := range p.Panel.FieldConfig.Defaults.Links {
			match := target.FindStringSubmatch(*link.Url)
			id, ok := ids[panelRef{match[1], match[2]}]
			if !ok {
				return fmt.Errorf("there is no panel %q in %s", match[2], match[1])
			}
			url := fmt.Sprintf("/d/%s?viewPanel=%d%s", match[1], id, strings.TrimPrefix(*link.Url, match[0]))
			p.Panel.FieldConfig.Defaults.Links[i].Url = &url
		}
	}
	return nil
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
