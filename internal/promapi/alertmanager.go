package promapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/config"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

const (
	// alertmanagerTimeout bounds one request; Alertmanagers of a cluster are often out of reach.
	alertmanagerTimeout = 5 * time.Second
	// alertsPath is where Prometheus posts alerts, and where they can be read.
	alertsPath = "/api/v2/alerts"
)

// Alertmanager asks one Alertmanager, and sends to it.
type Alertmanager struct {
	http *http.Client
	base string
}

// NewAlertmanager returns a client of the Alertmanager at the URL of the options, which may also be the one that Prometheus
// posts to.
func NewAlertmanager(o Options) (*Alertmanager, error) {
	client, base, err := o.httpClient("Alertmanager", config.WithKeepAlivesDisabled())
	if err != nil {
		return nil, err
	}
	client.Transport = capped{client.Transport, maxAnswer}
	return &Alertmanager{client, AlertmanagerBase(base)}, nil
}

// AlertmanagerBase returns the base URL of the Alertmanager to which Prometheus posts at that URL.
func AlertmanagerBase(address string) string {
	return strings.TrimSuffix(strings.TrimSuffix(address, alertsPath), "/")
}

// ReceivedAlert is an alert that an Alertmanager has.
type ReceivedAlert struct {
	Labels map[string]string
	// SilencedBy and InhibitedBy are the IDs of the silences and alerts that mute it.
	SilencedBy, InhibitedBy []string
	Receivers               []string
}

// alertAnswer is an alert as Alertmanager's API has it.
type alertAnswer struct {
	Labels    map[string]string
	Receivers []struct{ Name string }
	Status    struct{ SilencedBy, InhibitedBy, MutedBy []string }
}

// Alerts reads the alerts that match all filters.
func (a *Alertmanager) Alerts(ctx context.Context, filters ...string) ([]ReceivedAlert, error) {
	var answer []alertAnswer
	if err := a.get(ctx, alertsPath+"?"+url.Values{"filter": filters}.Encode(), &answer); err != nil {
		return nil, err
	}
	alerts := make([]ReceivedAlert, len(answer))
	for i, alert := range answer {
		alerts[i] = ReceivedAlert{Labels: alert.Labels, SilencedBy: alert.Status.SilencedBy, InhibitedBy: alert.Status.InhibitedBy}
		for _, receiver := range alert.Receivers {
			alerts[i].Receivers = append(alerts[i].Receivers, receiver.Name)
		}
	}
	return alerts, nil
}

// RoutedAlert is an alert at one of the routes that take it.
type RoutedAlert struct {
	Receiver string
	// SilencedBy and InhibitedBy are IDs of silences and alerts. MutedBy are the time intervals in which the route is mute, known
	// once the route would have notified.
	SilencedBy, InhibitedBy, MutedBy []string
}

// Routes reads where the alerts go that match all filters.
func (a *Alertmanager) Routes(ctx context.Context, filters ...string) ([]RoutedAlert, error) {
	var answer []struct {
		Receiver struct{ Name string }
		Alerts   []alertAnswer
	}
	if err := a.get(ctx, alertsPath+"/groups?"+url.Values{"filter": filters}.Encode(), &answer); err != nil {
		return nil, err
	}
	var routes []RoutedAlert
	for _, group := range answer {
		for _, alert := range group.Alerts {
			routes = append(routes, RoutedAlert{group.Receiver.Name, alert.Status.SilencedBy, alert.Status.InhibitedBy, alert.Status.MutedBy})
		}
	}
	return routes, nil
}

// SentAlert is an alert to send. One whose EndsAt has passed is resolved.
type SentAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// Send sends the alert.
func (a *Alertmanager) Send(ctx context.Context, alert SentAlert) error {
	body, err := json.Marshal([]SentAlert{alert})
	if err != nil {
		return fmt.Errorf("sending to Alertmanager: %w", err)
	}
	return a.call(ctx, "sending to", http.MethodPost, alertsPath, bytes.NewReader(body), func(io.Reader) error { return nil })
}

// Integrations reads by which integrations each receiver of the configuration notifies, such as webhook. A null receiver has
// none.
func (a *Alertmanager) Integrations(ctx context.Context) (map[string][]string, error) {
	var answer struct{ Config struct{ Original string } }
	if err := a.get(ctx, "/api/v2/status", &answer); err != nil {
		return nil, err
	}
	var cfg struct{ Receivers []map[string]any }
	if err := yaml.Unmarshal([]byte(answer.Config.Original), &cfg); err != nil {
		return nil, fmt.Errorf("reading the configuration of Alertmanager: %w", err)
	}
	integrations := map[string][]string{}
	for _, receiver := range cfg.Receivers {
		name, _ := receiver["name"].(string)
		integrations[name] = []string{}
		for _, key := range slices.Sorted(maps.Keys(receiver)) {
			list, _ := receiver[key].([]any)
			if integration, ok := strings.CutSuffix(key, "_configs"); ok && len(list) > 0 {
				integrations[name] = append(integrations[name], integration)
			}
		}
	}
	return integrations, nil
}

// Requests are those by which an Alertmanager notified since it started, and how many failed, with retries.
type Requests struct{ Sent, Failed float64 }

// Requests reads the requests for all alerts, by integration, such as webhook.
func (a *Alertmanager) Requests(ctx context.Context) (map[string]Requests, error) {
	requests := map[string]Requests{}
	err := a.call(ctx, "reading the metrics of", http.MethodGet, "/metrics", nil, func(body io.Reader) error {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(body)
		if err != nil {
			return err
		}
		sent, failed := byIntegration(families["alertmanager_notification_requests_total"]), byIntegration(families["alertmanager_notification_requests_failed_total"])
		for integration := range sent {
			requests[integration] = Requests{sent[integration], failed[integration]}
		}
		return nil
	})
	return requests, err
}

// byIntegration sums up a counter by its label integration.
func byIntegration(family *dto.MetricFamily) map[string]float64 {
	sums := map[string]float64{}
	for _, metric := range family.GetMetric() {
		for _, label := range metric.GetLabel() {
			if label.GetName() == "integration" {
				sums[label.GetValue()] += metric.GetCounter().GetValue()
			}
		}
	}
	return sums
}

func (a *Alertmanager) get(ctx context.Context, path string, answer any) error {
	return a.call(ctx, "querying", http.MethodGet, path, nil, func(body io.Reader) error { return json.NewDecoder(body).Decode(answer) })
}

// call makes a request, and hands the body of a good answer to read. What begins its errors, such as "querying".
func (a *Alertmanager) call(ctx context.Context, what, method, path string, body io.Reader, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, alertmanagerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return fmt.Errorf("%s Alertmanager: %w", what, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s Alertmanager: %w", what, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusBadRequest: // Alertmanager says why
		says, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s Alertmanager: %s answers %s: %s", what, req.URL.Host, resp.Status, reason(string(says)))
	default:
		return fmt.Errorf("%s Alertmanager: %s answers %s", what, req.URL.Host, resp.Status)
	}
	if err := read(resp.Body); err != nil {
		return fmt.Errorf("%s Alertmanager: %s does not answer as an Alertmanager does: %w", what, req.URL.Host, err)
	}
	return nil
}
