package main

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// emitters are what each source exposes, written down from its own code and not from the catalogue of signals.
//
//go:embed emitters
var emitters embed.FS

// family is one metric. In its labels, {model} stands for the name of the model.
type family struct {
	Name    string            `json:"name"`
	Type    string            `json:"type"`
	Unit    string            `json:"unit"`
	Buckets []float64         `json:"buckets"`
	Labels  map[string]string `json:"labels"`
	// Series are the labels that differ, and which of the quantities each takes.
	Series []struct {
		Labels map[string]string `json:"labels"`
		Takes  string            `json:"takes"`
	} `json:"series"`
}

// load reads what the source exposes.
func load(source string) (families []family, err error) {
	text, err := emitters.ReadFile("emitters/" + strings.ToLower(source) + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("--source=%q: name one of bifrost, litellm, vllm, agentgateway and envoyaigateway", source)
	}
	return families, yaml.UnmarshalStrict(text, &families)
}

// quantities are what one round of calls to the model of that rank comes to, by the names that the emitters' data use.
func quantities(rank int) map[string]float64 {
	r := float64(rank)
	return map[string]float64{
		"calls": 20, "failed": 1 + r, "succeeded": 19 - r, "others": 90, "nothing": 0,
		"truncated": 3 + r, "stopped": 17 - r, "blocked": 2 + r,
		"input": 1003 + 101*r, "output": 207 + 13*r, "cached": 511, "reasoning": 77, "cost": 0.25 + r/8,
		"waiting": 4 + r, "running": 11 + 2*r, "cache": 0.5 + r/32, "preempted": 3 + r,
	}
}

// bound is the bucket's bound that nineteen of a model's twenty calls take, in seconds: their 0.95 quantile.
func (f family) bound(rank int) float64 { return f.Buckets[len(f.Buckets)/2+rank] }

// values are what a series takes of a round. A histogram of seconds takes a time per call: the bound, and a little more for a
// model's last call and for all that are none of a model's.
func (f family) values(takes string, rank int) []float64 {
	quantity := quantities(rank)[takes]
	if f.Type != "histogram" || f.Unit != "s" {
		return []float64{quantity}
	}
	times := slices.Repeat([]float64{f.bound(rank)}, int(quantity))
	for i := range times {
		if takes == "others" || takes != "failed" && i == len(times)-1 {
			times[i] *= 1.05
		}
	}
	return times
}

// play records a round of calls to each model, the first of which has the rank. Every series has all labels.
func (f family) play(models []string, rank int, record func(labels map[string]string, value float64)) {
	for i, model := range models {
		for _, s := range f.Series {
			labels := map[string]string{}
			for _, name := range f.labelNames() {
				labels[name] = strings.ReplaceAll(f.Labels[name]+s.Labels[name], "{model}", model)
			}
			for _, value := range f.values(s.Takes, rank+i) {
				record(labels, value)
			}
		}
	}
}

// labelNames are those of all series.
func (f family) labelNames() []string {
	names := slices.Collect(maps.Keys(f.Labels))
	for _, s := range f.Series {
		names = slices.AppendSeq(names, maps.Keys(s.Labels))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
