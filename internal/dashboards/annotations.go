package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/common"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// annotation is a query for events, as Grafana's data source Prometheus reads it; the builders have none of its fields.
type annotation struct {
	Name       string               `json:"name"`
	Datasource common.DataSourceRef `json:"datasource"`
	Enable     bool                 `json:"enable"`
	IconColor  string               `json:"iconColor"`
	Expr       string               `json:"expr"`
	// TitleFormat and TextFormat are templates like legends.
	TitleFormat string `json:"titleFormat"`
	TextFormat  string `json:"textFormat"`
	// UseValueForTime takes the value for the time of the event, in milliseconds.
	UseValueForTime bool `json:"useValueForTime"`
}

// events are what explains a change of the lines: alerts of thresholds that fire, pods that start and, where kube-state-metrics
// is scraped, rollouts of a Deployment, whose ReplicaSets are named after it.
func events() []annotation {
	return []annotation{
		{
			Name: "Firing alerts", Datasource: source(), Enable: true, IconColor: vermillion,
			Expr: fmt.Sprintf(`max by (alertname, %[1]s, %[2]s) (ALERTS{%[3]s="$namespace", %[1]s!="", alertstate="firing"})`,
				rules.ThresholdLabel, rules.SeverityLabel, rules.NamespaceLabel),
			TitleFormat: "{{alertname}} fires", TextFormat: "{{severity}} of {{alertthreshold}}",
		},
		{
			Name: "Pod starts", Datasource: source(), Enable: true, IconColor: skyBlue,
			Expr:        fmt.Sprintf("max by (pod) (%s{%s}) * 1000", metric.StartTime.Name, scope),
			TitleFormat: "Pod starts", TextFormat: "{{pod}}", UseValueForTime: true,
		},
		{
			Name: "Rollouts (kube-state-metrics)", Datasource: source(), Enable: true, IconColor: green,
			Expr:        fmt.Sprintf(`max by (replicaset) (%s{namespace="$namespace", replicaset=~"($service)-.+"}) * 1000`, metric.ReplicaSetCreated.Name),
			TitleFormat: "Rollout", TextFormat: "{{replicaset}}", UseValueForTime: true,
		},
	}
}
