package drill

import (
	"errors"
	"math"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

func plan(t *testing.T, mode v1alpha1.Mode) *rules.Plan {
	t.Helper()
	plan, errs := rules.Resolve(&v1alpha1.AlertThreshold{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ai", Name: "cpu"},
		Spec: v1alpha1.AlertThresholdSpec{
			Alert: "HighCPUUsage", Signal: &v1alpha1.Signal{Name: "CPU", By: []string{"pod"}}, Mode: mode,
			Levels:      []v1alpha1.Level{{Severity: "warning", Above: "80"}},
			Labels:      map[string]string{"team": "of-{{ $labels.pod }}"},
			Annotations: map[string]string{"value": "{{ $value }} at {{ $externalLabels.cluster }}, {{ $externalURL }}"},
		},
	})
	if len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	return plan
}

func series(pod string, value model.SampleValue) *model.Sample {
	return &model.Sample{Metric: model.Metric{"pod": model.LabelValue(pod)}, Value: value}
}

func TestNew(t *testing.T) {
	type pairs = map[string]string
	own := func(more pairs) pairs {
		all := pairs{"alertname": "HighCPUUsage", "severity": "warning", "namespace": "ai", "alertthreshold": "cpu", "drill": "true"}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	one := pairs{"pod": "one", "team": "of-one"}
	for name, tc := range map[string]struct {
		mode   v1alpha1.Mode
		values model.Vector
		config string
		labels pairs
		value  string
		notes  []string
	}{
		"the worst":     {values: model.Vector{series("two", 50), series("one", 93), series("three", model.SampleValue(math.NaN()))}, labels: own(one), value: "93 at "},
		"below a level": {values: model.Vector{series("one", 50)}, labels: own(one), value: "80 at "},
		"no value": {labels: own(pairs{"team": "of-"}), value: "80 at ",
			notes: []string{"the signal has no value, so the labels of a series are left out: pod"}},
		"in Shadow": {mode: v1alpha1.ModeShadow, values: model.Vector{series("one", 93)}, labels: own(one), value: "93 at ",
			notes: []string{"spec.mode is Shadow: outside of a drill nothing is sent"}},
		"external labels": {values: model.Vector{series("one", 93)}, config: "global: {external_labels: {cluster: blue, namespace: other}}",
			labels: own(pairs{"pod": "one", "team": "of-one", "cluster": "blue"}), value: "93 at blue"},
		"relabeled": {values: model.Vector{series("one", 93)}, labels: own(pairs{"team": "platform", "pager": "warning!"}), value: "93 at ",
			config: `alerting: {alert_relabel_configs: [{regex: pod|drill, action: labeldrop}, {target_label: team, replacement: platform}],
alertmanagers: [{alert_relabel_configs: [{source_labels: [severity], target_label: pager, replacement: $1!}]}]}`},
		"several sets": {values: model.Vector{series("one", 93)}, labels: own(one), value: "93 at ",
			config: `alerting: {alertmanagers: [{}, {alert_relabel_configs: [{target_label: a, replacement: b}]}]}`,
			notes:  []string{"Prometheus has several sets of Alertmanagers: their own alert_relabel_configs are not applied"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t, tc.mode)
			config, err := ParseConfig(tc.config)
			if err != nil {
				t.Fatal(err)
			}
			alert, notes, err := New(Input{Plan: p, Level: p.Levels[0], Values: tc.values, Config: config, URL: &url.URL{Scheme: "http", Host: "prometheus"}})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(alert.Labels, tc.labels) {
				t.Errorf("labels are %v, want %v", alert.Labels, tc.labels)
			}
			if got := alert.Annotations; !strings.HasPrefix(got["value"], tc.value) || !strings.HasSuffix(got["value"], ", http://prometheus") || got["summary"] != "CPU usage is above 80% in ai" {
				t.Errorf("annotations are %v, want the value %s", got, tc.value)
			}
			if !reflect.DeepEqual(notes, tc.notes) {
				t.Errorf("notes are %q, want %q", notes, tc.notes)
			}
		})
	}
}

// TestDropped: what Prometheus would drop is not sent.
func TestDropped(t *testing.T) {
	p := plan(t, v1alpha1.ModeEnforce)
	config, err := ParseConfig(`alerting: {alert_relabel_configs: [{source_labels: [namespace], regex: ai, action: drop}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := New(Input{Plan: p, Level: p.Levels[0], Config: config, URL: &url.URL{}}); err == nil || !strings.Contains(err.Error(), "drop the alert") {
		t.Errorf("error is %v", err)
	}
	if _, err := ParseConfig("alerting: {alert_relabel_configs: [{action: explode}]}"); err == nil {
		t.Error("a configuration that cannot be read has no error")
	}
}

func TestResults(t *testing.T) {
	type requests = map[string]promapi.Requests
	team := promapi.RoutedAlert{Receiver: "team"}
	integrations := map[string][]string{"team": {"slack", "webhook"}, "null": {}}
	none := requests{}
	for name, tc := range map[string]struct {
		answers Answers
		// state and note are those of each result; of notes the beginning.
		state State
		note  string
	}{
		"unreachable":   {Answers{Err: errors.New("no route"), Routes: []promapi.RoutedAlert{team}}, Unknown, "no route: if it can be reached only inside the cluster"},
		"not shown":     {Answers{}, Unknown, "it took the alert and does not show it"},
		"silenced":      {Answers{Routes: []promapi.RoutedAlert{{SilencedBy: []string{"5118"}, InhibitedBy: []string{"f00"}}}}, Silenced, "amtool silence query --id 5118"},
		"inhibited":     {Answers{Routes: []promapi.RoutedAlert{{InhibitedBy: []string{"f00"}}}}, Inhibited, "by f00, which is notified instead"},
		"muted":         {Answers{Routes: []promapi.RoutedAlert{{MutedBy: []string{"weekend", "night"}}}}, Muted, "by the time interval weekend, night"},
		"null":          {Answers{Routes: []promapi.RoutedAlert{{Receiver: "null"}}, Integrations: integrations}, Null, "the receiver has no integration"},
		"no status":     {Answers{Routes: []promapi.RoutedAlert{team}, Before: none, After: none}, Accepted, "its configuration cannot be read"},
		"no metrics":    {Answers{Routes: []promapi.RoutedAlert{team}, Integrations: integrations, Before: none}, Accepted, "by slack, webhook; its metrics cannot be read"},
		"nothing sent":  {Answers{Routes: []promapi.RoutedAlert{team}, Integrations: integrations, Before: requests{"email": {}}, After: requests{"email": {Sent: 1}}}, Waiting, "no slack or webhook was sent"},
		"sent":          {Answers{Routes: []promapi.RoutedAlert{team}, Integrations: integrations, Before: requests{"slack": {Sent: 5, Failed: 2}}, After: requests{"slack": {Sent: 7, Failed: 3}}}, Notified, "slack: 2 sent, 1 failed"},
		"one of two":    {Answers{Routes: []promapi.RoutedAlert{team}, Integrations: integrations, Before: none, After: requests{"slack": {Sent: 1}, "webhook": {Sent: 2, Failed: 2}}}, Notified, "slack: 1 sent, 0 failed; webhook: 2 sent, 2 failed"},
		"nothing taken": {Answers{Routes: []promapi.RoutedAlert{team}, Integrations: integrations, Before: none, After: requests{"webhook": {Sent: 2, Failed: 2}}}, Failed, "webhook: 2 sent, 2 failed: its log says why"},
	} {
		t.Run(name, func(t *testing.T) {
			results := tc.answers.Results()
			if len(results) != 1 || results[0].State != tc.state || !strings.HasPrefix(results[0].Note, tc.note) {
				t.Errorf("results are %+v, want %s: %s", results, tc.state, tc.note)
			}
			if reached := tc.state == Notified || tc.state == Accepted; results[0].Reached() != reached {
				t.Errorf("reached is %t", !reached)
			}
		})
	}
}
