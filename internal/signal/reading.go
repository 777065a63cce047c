package signal

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// reading is how one source shows one signal, as data.
type reading struct {
	form form
	// of is what the signal is made of. A target that has several generations counts with the first.
	of []generation
	// picked is the part of a share.
	picked []generation
	// factor multiplies a rate, such as 3600; empty for 1.
	factor string
}

// form is the kind of PromQL that a reading becomes.
type form int

const (
	// quantileForm is a quantile of a histogram.
	quantileForm form = iota
	// shareForm is the picked part of a counter's increase.
	shareForm
	// rateForm is a counter's increase per second, over all series of a group together.
	rateForm
	// greatestForm is a gauge, each series by itself; grouped, the greatest of the group.
	greatestForm
	// totalForm is a gauge, each series by itself; grouped, the sum of the group.
	totalForm
	// meanForm is a gauge's mean over the window and all series of a group together.
	meanForm
)

// generation is the streams that are added up under one generation of names.
type generation []stream

// stream is the series of one metric that a reading takes.
type stream struct {
	metric.Metric
	// match picks among the series.
	match []*labels.Matcher
	// kind is the type of tokens that the metric's name stands for, so that it needs no label.
	kind string
	// sum takes a histogram's sum instead of its count.
	sum bool
}

// typeWord is the word for the type of tokens.
const typeWord = "type"

func is(name, value string) *labels.Matcher {
	return labels.MustNewMatcher(labels.MatchEqual, name, value)
}

func isNot(name, value string) *labels.Matcher {
	return labels.MustNewMatcher(labels.MatchNotEqual, name, value)
}

func like(name, pattern string) *labels.Matcher {
	return labels.MustNewMatcher(labels.MatchRegexp, name, pattern)
}

// only is a metric, with the matchers that pick among its series.
func only(m metric.Metric, match ...*labels.Matcher) []generation {
	return []generation{{{Metric: m, match: match}}}
}

// then is the first generations before the others.
func then(all ...[]generation) []generation { return slices.Concat(all...) }

// sumOf takes the sums of a histogram.
func sumOf(m metric.Metric, match ...*labels.Matcher) []generation {
	return []generation{{{Metric: m, match: match, sum: true}}}
}

// tokens are the prompt's and the answer's tokens, each under its own name.
func tokens(prompt, completion metric.Metric) []generation {
	return []generation{{{Metric: prompt, kind: metric.TokenPrompt}, {Metric: completion, kind: metric.TokenCompletion}}}
}

// pick narrows every stream.
func pick(all []generation, matcher *labels.Matcher) (picked []generation) {
	for _, g := range all {
		g = slices.Clone(g)
		for i := range g {
			g[i].match = append(slices.Clone(g[i].match), matcher)
		}
		picked = append(picked, g)
	}
	return picked
}

func quantileOf(of []generation) reading { return reading{form: quantileForm, of: of} }

func rateOf(of []generation) reading { return reading{form: rateForm, of: of} }

func rateTimes(factor string, of []generation) reading {
	return reading{form: rateForm, of: of, factor: factor}
}

func shareOf(picked, of []generation) reading {
	return reading{form: shareForm, of: of, picked: picked}
}

func gaugeOf(form form, of []generation) reading { return reading{form: form, of: of} }

// streams are all streams of the reading, those without which there is no data first.
func (r reading) streams() []stream {
	var all []stream
	for _, g := range slices.Concat(r.of, r.picked) {
		all = append(all, g...)
	}
	return all
}

// metrics are those that the reading takes, each once.
func (r reading) metrics() []metric.Metric {
	var all []metric.Metric
	for _, st := range r.streams() {
		if !slices.ContainsFunc(all, func(m metric.Metric) bool { return m.Name == st.Name }) {
			all = append(all, st.Metric)
		}
	}
	return all
}

// traffic is the counter of what the reading is a share or quantile of; empty for others.
func (r reading) traffic() string {
	if r.form != quantileForm && r.form != shareForm {
		return ""
	}
	return seriesOf(r.of[0][0])[0]
}

// fixes reports whether the stream chooses the label's values itself.
func (st stream) fixes(label string) bool {
	return slices.ContainsFunc(st.match, func(m *labels.Matcher) bool { return m.Name == label })
}
