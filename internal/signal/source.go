package signal

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Source says whose metrics a signal is read from.
type Source string

// The sources.
const (
	// Plimsoll is the assistant, and the default.
	Plimsoll Source = "Plimsoll"
	// OpenTelemetry is any program with the GenAI semantic conventions, of either generation.
	OpenTelemetry Source = "OpenTelemetry"
	// EnvoyAIGateway is Envoy AI Gateway.
	EnvoyAIGateway Source = "EnvoyAIGateway"
	// Agentgateway is agentgateway.
	Agentgateway Source = "Agentgateway"
	// LiteLLM is the LiteLLM proxy.
	LiteLLM Source = "LiteLLM"
	// VLLM is vLLM's server.
	VLLM Source = "VLLM"
	// Bifrost is the Bifrost gateway.
	Bifrost Source = "Bifrost"
)

// emitter is a source as data: its metrics, and how each signal is read from them.
type emitter struct {
	source Source
	// words are the catalogue's words for the source's labels.
	words []word
	// target are labels by which its programs can be told apart inside one scraped target, such as a collector.
	target []string
	// prefix begins the names that another prefix may replace; empty when none may.
	prefix string
	// own begin the names of metrics that only its programs have: where there are some, the source is. The prefix is another.
	own []string
	// readings are the signals that the source has, by name.
	readings map[string]reading
	// lacking says why the source lacks a signal, and what to do instead.
	lacking map[string]string
}

// word is the catalogue's name for a label.
type word struct {
	name string
	// labels are the source's labels for it; a metric's first one counts.
	labels []string
	// values are the source's values by ours, where they differ.
	values map[string]string
}

var emitters = []emitter{plimsoll, openTelemetry, envoyAIGateway, agentgateway, liteLLM, vLLM, bifrost}

// Sources returns every source, the default first.
func Sources() []Source {
	var all []Source
	for _, e := range emitters {
		all = append(all, e.source)
	}
	return all
}

// Prefixed returns the sources whose metrics may have another prefix.
func Prefixed() []Source {
	var all []Source
	for _, e := range emitters {
		if e.prefix != "" {
			all = append(all, e.source)
		}
	}
	return all
}

// From returns the signal as the source has it, with the prefix that its metrics have if it is another one.
// The error says why the source lacks the signal.
func (s Signal) From(source Source, prefix string) (Signal, error) {
	i := slices.IndexFunc(emitters, func(e emitter) bool { return e.source == source })
	if i < 0 {
		return s, fmt.Errorf("finding source %s: there is none", source)
	}
	e := emitters[i]
	if known := slices.IndexFunc(catalogue, func(c Signal) bool { return c.Name == s.Name }); known >= 0 {
		s = catalogue[known] // as no source has changed it
	}
	r, ok := e.readings[s.Name]
	if !ok {
		return s, fmt.Errorf("%s has no %s: %s", source, s.Name, e.whyLacking(s.Name))
	}
	s.Source, s.emitter, s.reading = source, e, r.rename(e.prefix, prefix)
	s.Metrics, s.By, s.Traffic = s.reading.metrics(), e.by(s.reading), s.reading.traffic()
	if source == Plimsoll && s.Quantile != "" {
		s.Max = greatest(s.Metrics[0])
	}
	if source != Plimsoll {
		s.Advice = cmp.Or(s.elsewhere, s.Advice)
	}
	return s, nil
}

// whyLacking says why the source lacks the signal.
func (e emitter) whyLacking(name string) string {
	const own = "it is about Plimsoll's own assistant; leave source out, or write spec.expr"
	return cmp.Or(e.lacking[name], lackingEverywhere[name], own)
}

// lackingEverywhere holds for every source but Plimsoll.
var lackingEverywhere = map[string]string{
	Availability: "it reads `up`, which every scraped target has; leave source out and name the job in matchLabels",
}

// label is the metric's label for a word, or for a label of the scraped target; empty when it has none.
func (e emitter) label(m metric.Metric, name string) string {
	i := slices.IndexFunc(e.words, func(w word) bool { return w.name == name })
	if i < 0 {
		return name
	}
	for _, label := range e.words[i].labels {
		if slices.Contains(m.Labels, label) {
			return label
		}
	}
	if slices.Contains(m.Labels, name) {
		return name
	}
	return ""
}

// values are the source's values of a word by ours; nil where they are the same.
func (e emitter) values(name string) map[string]string {
	i := slices.IndexFunc(e.words, func(w word) bool { return w.name == name })
	if i < 0 {
		return nil
	}
	return e.words[i].values
}

// by are the words and labels that all streams of the reading have in common and do not choose themselves.
func (e emitter) by(r reading) []string {
	var common []string
	for i, st := range r.streams() {
		names := e.names(st)
		if i == 0 {
			common = names
			continue
		}
		common = slices.DeleteFunc(common, func(name string) bool { return !slices.Contains(names, name) })
	}
	return common
}

// names are the words and labels by which a stream can be told apart: words first, labels without a word after them.
func (e emitter) names(st stream) []string {
	var names, covered []string
	for _, w := range e.words {
		label := e.label(st.Metric, w.name)
		if label == "" && (w.name != typeWord || st.kind == "") {
			continue
		}
		names, covered = append(names, w.name), append(covered, label)
	}
	for _, label := range st.Labels {
		if !slices.Contains(covered, label) && !slices.Contains(names, label) && !st.fixes(label) {
			names = append(names, label)
		}
	}
	return names
}

// rename gives every metric that has the old prefix the new one.
func (r reading) rename(old, prefix string) reading {
	if old == "" || prefix == "" || old == prefix {
		return r
	}
	rename := func(all []generation) (renamed []generation) {
		for _, g := range all {
			g = slices.Clone(g)
			for i := range g {
				if rest, ok := strings.CutPrefix(g[i].Name, old); ok {
					g[i].Name = prefix + rest
				}
			}
			renamed = append(renamed, g)
		}
		return renamed
	}
	r.of, r.picked = rename(r.of), rename(r.picked)
	return r
}

// unbounded is the Max of what has no greatest value.
var unbounded = math.Inf(1)
