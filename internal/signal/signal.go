// Package signal is the catalogue of what can be watched: each signal's name, PromQL, unit and labels, as data. It is
// pure: no I/O, no Kubernetes.
package signal

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Signal describes one signal.
type Signal struct {
	Name string
	// Title is what the value is called in an alert's text; it begins a sentence.
	Title string
	// Alert is what an alert of the signal is called where nobody says otherwise, such as SlowFirstToken.
	Alert string
	// Falls says that lower values are the worse ones.
	Falls bool
	// Means says what the value is, in words that follow the name and a colon.
	Means string
	// Metrics are what the signal reads. The first is the one without which there is no data.
	Metrics []metric.Metric
	// By are the labels of the metrics by which the signal can be told apart; Labels adds those of the scraped target.
	By   []string
	Unit Unit
	// Window is the default time over which rates are taken; empty when the signal takes none.
	Window string
	// Quantile is the default quantile; empty when the signal takes none.
	Quantile string
	// Traffic is the counter of what the signal is a ratio or quantile of; empty when no traffic is too little for it.
	Traffic string
	// Max is the greatest value that the signal can take, +Inf when it has no bound: nothing is ever above it. The least
	// is 0 for every signal.
	Max float64
	// Advice is what is recommended when a level is crossed, by the source document where it says something.
	Advice string
	// Source is whose metrics the signal is read from.
	Source Source

	// elsewhere is the advice for other sources than Plimsoll, where it differs.
	elsewhere string
	emitter   emitter
	reading   reading
}

// targetLabels are the labels that the Prometheus Operator gives every series of a scraped pod, besides namespace.
var targetLabels = []string{"service", "job", "pod", "instance", "container"}

// All returns every signal of Plimsoll's own, in the catalogue's order.
func All() []Signal { return Of(Plimsoll) }

// Of returns every signal that the source has, in the catalogue's order.
func Of(source Source) []Signal {
	var all []Signal
	for _, s := range catalogue {
		if found, err := s.From(source, ""); err == nil {
			all = append(all, found)
		}
	}
	return all
}

// Names returns the name of every signal, in the catalogue's order.
func Names() []string { return namesOf(func(Signal) bool { return true }) }

// WithTraffic returns the names of the signals that can be silent while there is too little traffic.
func WithTraffic() []string {
	return namesOf(func(s Signal) bool {
		return slices.ContainsFunc(emitters, func(e emitter) bool {
			r, ok := e.readings[s.Name]
			return ok && r.traffic() != ""
		})
	})
}

// WithQuantile returns the names of the signals that are a quantile.
func WithQuantile() []string { return namesOf(func(s Signal) bool { return s.Quantile != "" }) }

func namesOf(wanted func(Signal) bool) []string {
	var names []string
	for _, s := range catalogue {
		if wanted(s) {
			names = append(names, s.Name)
		}
	}
	return names
}

// Lookup returns the signal of that name, from Plimsoll if it has it; else without metrics until From is asked.
func Lookup(name string) (Signal, bool) {
	i := slices.IndexFunc(catalogue, func(s Signal) bool { return s.Name == name })
	if i < 0 {
		return Signal{}, false
	}
	found, _ := catalogue[i].From(Plimsoll, "") // else as it is in the catalogue
	return found, true
}

// Labels returns the labels by which the signal can be told apart: its metrics' and those of the scraped target.
func (s Signal) Labels() []string { return slices.Concat(s.By, targetLabels) }

// Fixed reports whether the signal itself chooses the label's values, as a ratio of errors does with the status.
func (s Signal) Fixed(label string) bool {
	if slices.Contains(s.By, label) {
		return false
	}
	return slices.ContainsFunc(s.reading.streams(), func(st stream) bool { return st.fixes(label) })
}

// Lacks reports whether the label is a word of the catalogue for which the signal's source has no label.
func (s Signal) Lacks(label string) bool {
	known := slices.ContainsFunc(s.emitter.words, func(w word) bool { return w.name == label })
	return known && !slices.Contains(s.By, label)
}

// Values returns the values that a label has in the catalogue's words; nil when any will do.
func (s Signal) Values(label string) []string {
	if s.Source == Plimsoll || label != typeWord || !slices.Contains(s.By, label) {
		return nil
	}
	return []string{metric.TokenPrompt, metric.TokenCompletion}
}

// SeriesLabels returns the labels that tell one series of the signal from another: those it is grouped by, else a
// gauge's pod.
func (s Signal) SeriesLabels(by []string) []string {
	if len(by) == 0 && s.Window == "" {
		return []string{"pod"}
	}
	return by
}

// Bounds returns the known bounds of the buckets that a quantile is made of; empty when they are not known.
func (s Signal) Bounds() []float64 {
	if s.Quantile == "" || len(s.Metrics) == 0 {
		return nil
	}
	return s.Metrics[0].Buckets
}

// greatest is the highest finite bound of a histogram: a quantile beyond it is given as the bound itself.
func greatest(m metric.Metric) float64 { return slices.Max(m.Buckets) }
