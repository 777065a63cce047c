package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Alert is an alert as Prometheus (state, value) and Alertmanager (labels alone) hold it.
type Alert struct {
	Labels map[string]string `json:"labels"`
	// State is pending or firing.
	State string `json:"state"`
	// Value is the expression's value, as Prometheus prints it.
	Value string `json:"value"`
}

// Target is something that Prometheus scrapes.
type Target struct {
	Labels    map[string]string `json:"labels"`
	Health    string            `json:"health"`
	LastError string            `json:"lastError"`
}

// Sample is one series' value now.
type Sample struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`
}

// PrometheusAlerts lists the alerts of that name which are pending or firing in Prometheus.
func (e *Env) PrometheusAlerts(ctx context.Context, name string) ([]Alert, error) {
	var data struct {
		Alerts []Alert `json:"alerts"`
	}
	if err := e.prometheus(ctx, "/api/v1/alerts", &data); err != nil {
		return nil, err
	}
	return named(data.Alerts, name), nil
}

// AlertmanagerAlerts lists the alerts of that name which Alertmanager holds.
func (e *Env) AlertmanagerAlerts(ctx context.Context, name string) ([]Alert, error) {
	// Alertmanager's status is an object where Prometheus' state is a word.
	var found []struct {
		Labels map[string]string `json:"labels"`
		Status struct {
			State string `json:"state"`
		} `json:"status"`
	}
	if err := get(ctx, e.AlertmanagerURL+"/api/v2/alerts", &found); err != nil {
		return nil, err
	}
	var alerts []Alert
	for _, a := range found {
		alerts = append(alerts, Alert{Labels: a.Labels, State: a.Status.State})
	}
	return named(alerts, name), nil
}

// Targets lists what Prometheus scrapes for the service of that name.
func (e *Env) Targets(ctx context.Context, service string) ([]Target, error) {
	var data struct {
		ActiveTargets []Target `json:"activeTargets"`
	}
	if err := e.prometheus(ctx, "/api/v1/targets?state=active", &data); err != nil {
		return nil, err
	}
	var targets []Target
	for _, t := range data.ActiveTargets {
		if t.Labels["service"] == service {
			targets = append(targets, t)
		}
	}
	return targets, nil
}

// Query evaluates a PromQL expression now.
func (e *Env) Query(ctx context.Context, expr string) ([]Sample, error) {
	var data struct {
		Result []Sample `json:"result"`
	}
	err := e.prometheus(ctx, "/api/v1/query?query="+url.QueryEscape(expr), &data)
	return data.Result, err
}

// LabelValues lists the values of a label in the series that a selector finds.
func (e *Env) LabelValues(ctx context.Context, label, selector string) ([]string, error) {
	var values []string
	err := e.prometheus(ctx, "/api/v1/label/"+label+"/values?match[]="+url.QueryEscape(selector), &values)
	return values, err
}

// LogLabelValues lists the values of a label in the streams that a selector finds.
func (e *Env) LogLabelValues(ctx context.Context, label, selector string) ([]string, error) {
	var answer struct {
		Data []string `json:"data"`
	}
	err := get(ctx, e.LokiURL+"/loki/api/v1/label/"+label+"/values?query="+url.QueryEscape(selector), &answer)
	return answer.Data, err
}

// logQuery selects the assistant's lines.
const logQuery = `{k8s_namespace_name="` + Namespace + `", k8s_container_name="assistant"}`

// Logs evaluates a LogQL expression over the last five minutes: a sample for each series or stream, without values.
func (e *Env) Logs(ctx context.Context, expr string) ([]Sample, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric, Stream map[string]string
			} `json:"result"`
		} `json:"data"`
	}
	if err := get(ctx, e.LokiURL+"/loki/api/v1/query_range?since=5m&query="+url.QueryEscape(expr), &answer); err != nil {
		return nil, err
	}
	var samples []Sample
	for _, r := range answer.Data.Result {
		if r.Metric == nil {
			r.Metric = r.Stream
		}
		samples = append(samples, Sample{Metric: r.Metric})
	}
	return samples, nil
}

// RuleGroups lists the names of the rule groups that Prometheus has loaded.
func (e *Env) RuleGroups(ctx context.Context) ([]string, error) {
	var data struct {
		Groups []struct {
			Name string `json:"name"`
		} `json:"groups"`
	}
	if err := e.prometheus(ctx, "/api/v1/rules", &data); err != nil {
		return nil, err
	}
	var names []string
	for _, g := range data.Groups {
		names = append(names, g.Name)
	}
	return names, nil
}

func (e *Env) prometheus(ctx context.Context, path string, data any) error {
	answer := struct {
		Error string `json:"error"`
		Data  any    `json:"data"`
	}{Data: data}
	if err := get(ctx, e.PrometheusURL+path, &answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return fmt.Errorf("prometheus: %s", answer.Error)
	}
	return nil
}

func named(alerts []Alert, name string) []Alert {
	var found []Alert
	for _, a := range alerts {
		if a.Labels["alertname"] == name {
			found = append(found, a)
		}
	}
	return found
}

func get(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %s", address, resp.Status, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("GET %s: %w", address, err)
	}
	return nil
}
