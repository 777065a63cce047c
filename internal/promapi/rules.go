package promapi

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// Group is a rule group as the server holds it.
type Group struct {
	Name string `json:"name"`
	// File is where the server read it.
	File string `json:"file"`
	// Limit is how many alerts or series a rule of the group may give; zero for any number.
	Limit int `json:"limit"`
	// Interval between evaluations, in seconds.
	Interval float64 `json:"interval"`
	// LastEvaluation is zero before the first.
	LastEvaluation time.Time `json:"lastEvaluation"`
	Rules          []Rule    `json:"rules"`
}

// Rule is a recording or alerting rule. The client library's type has no KeepFiringFor, and annotations, which are most
// of an answer, are of no use here.
type Rule struct {
	// Type is recording or alerting.
	Type prometheusv1.RuleType `json:"type"`
	Name string                `json:"name"`
	// Query is the expression as Prometheus prints it.
	Query string `json:"query"`
	// Duration is for, KeepFiringFor keep_firing_for, in seconds.
	Duration      float64        `json:"duration"`
	KeepFiringFor float64        `json:"keepFiringFor"`
	Labels        model.LabelSet `json:"labels"`
	// Health is ok, err, or unknown before the first evaluation.
	Health    prometheusv1.RuleHealth `json:"health"`
	LastError string                  `json:"lastError"`
	Alerts    []Alert                 `json:"alerts"`
}

// Alert is an alert that is pending or firing.
type Alert struct {
	Labels model.LabelSet          `json:"labels"`
	State  prometheusv1.AlertState `json:"state"`
	// ActiveAt is when the expression began to hold.
	ActiveAt time.Time `json:"activeAt"`
	// Value is the expression's, as Prometheus prints it.
	Value string `json:"value"`
}

// Rules gives the groups that have rules whose own labels match the selector, such as {alertthreshold!=""}, with those
// rules; all when it is empty, and on servers that do not know selectors. They are read one by one, for an answer may be
// very large. It ends after the first error.
func (c *Client) Rules(ctx context.Context, selector string) iter.Seq2[Group, error] {
	return func(yield func(Group, error) bool) {
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		stopped, err := c.readRules(ctx, selector, func(g Group) bool { return yield(g, nil) })
		if err != nil && !stopped {
			yield(Group{}, c.explain("reading the rules of Prometheus", err))
		}
	}
}

// readRules hands over the groups until take has had enough.
func (c *Client) readRules(ctx context.Context, selector string, take func(Group) bool) (stopped bool, err error) {
	address := c.client.URL("/api/v1/rules", nil)
	if selector != "" {
		address.RawQuery = url.Values{"match[]": {selector}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return false, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxError))
		if err != nil {
			return false, err
		}
		return false, answerError(resp.StatusCode, body)
	}
	stopped, err = readGroups(json.NewDecoder(resp.Body), take)
	if err != nil || stopped {
		return stopped, err
	}
	// Only an answer that was read to its end leaves the connection to the next request.
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxRest))
	return false, err
}

// maxRest is how much may follow the groups in an answer, in bytes.
const maxRest = 1 << 20

func readGroups(decoder *json.Decoder, take func(Group) bool) (stopped bool, err error) {
	for _, name := range []string{"data", "groups"} {
		if err := enter(decoder, name); err != nil {
			return false, err
		}
	}
	open, err := decoder.Token()
	if open == nil || err != nil {
		return false, err // null is a list of none
	}
	if open != json.Token(json.Delim('[')) {
		return false, errForeign
	}
	for decoder.More() {
		var group Group
		if err := decoder.Decode(&group); err != nil {
			return false, err
		}
		if !take(group) {
			return true, nil
		}
	}
	_, err = decoder.Token() // the end of the groups: without it the answer was cut off
	return false, err
}

// enter reads on until it is at the value of the object's field of that name.
func enter(decoder *json.Decoder, name string) error {
	open, err := decoder.Token()
	if err != nil {
		return err
	}
	if open != json.Token(json.Delim('{')) {
		return errForeign
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil || key == json.Token(name) {
			return err
		}
		var passed json.RawMessage
		if err := decoder.Decode(&passed); err != nil {
			return err
		}
	}
	return errForeign
}

// Alertmanagers are the URLs of the Alertmanagers that the server sends its alerts to.
func (c *Client) Alertmanagers(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	found, err := c.api.AlertManagers(ctx)
	if err != nil {
		return nil, c.explain("reading the Alertmanagers of Prometheus", err)
	}
	urls := make([]string, len(found.Active))
	for i, one := range found.Active {
		urls[i] = one.URL
	}
	return urls, nil
}

// Config is the configuration that the server has loaded, in YAML, without its secrets. Thanos, Mimir and others do not tell theirs.
func (c *Client) Config(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	found, err := c.api.Config(ctx)
	if err != nil {
		return "", c.explain("reading the configuration of Prometheus", err)
	}
	return found.YAML, nil
}
