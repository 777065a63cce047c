package replay

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// lookback is how long Prometheus takes a sample for the present one: --query.lookback-delta, which hardly anybody sets.
const lookback = 5 * time.Minute

// errSameLabels is Prometheus' error of an evaluation that gives two samples for one series.
var errSameLabels = errors.New("vector contains metrics with the same labelset after applying rule labels")

// recorder turns what a threshold's expression gives into what Prometheus shows of the recorded series: the rule's labels replace the
// sample's, and an evaluation at which two series would be one stores nothing, so that the values before it are seen for a while.
type recorder struct {
	plan *rules.Plan
	step time.Duration
	// failed is at how many evaluations nothing could be recorded.
	failed int
	// through is the end of the last part; stored are the samples of the last evaluation in it that did not fail, at storedAt.
	through, storedAt model.Time
	stored            []*model.SampleStream
}

// ingest hands on what is recorded of a part that ends at through.
func (r *recorder) ingest(part model.Matrix, through time.Time) model.Matrix {
	end := model.TimeFromUnixNano(through.UnixNano())
	all := map[model.Fingerprint]*model.SampleStream{}
	var failed []model.Time
	for _, stream := range part {
		metric := r.labels(stream.Metric)
		failed = append(failed, add(all, &model.SampleStream{Metric: metric, Values: stream.Values, Histograms: stream.Histograms})...)
	}
	if len(failed) > 0 {
		slices.Sort(failed)
		failed = slices.Compact(failed)
		r.failed += len(failed)
		r.repeatStored(all, failed)
	}
	r.store(all, failed, end)
	return slices.Collect(maps.Values(all))
}

// repeatStored puts the values of the evaluation before it in the place of those of each that failed.
func (r *recorder) repeatStored(all map[model.Fingerprint]*model.SampleStream, failed []model.Time) {
	for _, s := range all {
		s.Values = slices.DeleteFunc(slices.Clone(s.Values), func(v model.SamplePair) bool {
			_, isFailed := slices.BinarySearch(failed, v.Timestamp)
			return isFailed
		})
	}
	last, lastAt := r.stored, r.storedAt
	for i, at := range failed {
		before := at.Add(-r.step)
		if isRow := i > 0 && failed[i-1] == before; !isRow && before != r.through {
			last, lastAt = samplesAt(all, before), before
		}
		if at.Sub(lastAt) >= lookback {
			continue
		}
		for _, s := range last {
			add(all, &model.SampleStream{Metric: s.Metric, Values: []model.SamplePair{{Timestamp: at, Value: s.Values[0].Value}}})
		}
	}
}

// store keeps the samples of the last evaluation that did not fail.
func (r *recorder) store(all map[model.Fingerprint]*model.SampleStream, failed []model.Time, end model.Time) {
	last := end
	for i := len(failed) - 1; i >= 0 && failed[i] == last; i-- {
		last = last.Add(-r.step)
	}
	if last != r.through {
		r.stored, r.storedAt = samplesAt(all, last), last
	}
	r.through = end
}

// samplesAt are the samples at that time, each as a stream.
func samplesAt(all map[model.Fingerprint]*model.SampleStream, at model.Time) (samples []*model.SampleStream) {
	for _, s := range all {
		i, found := slices.BinarySearchFunc(s.Values, at, func(v model.SamplePair, at model.Time) int { return cmp.Compare(v.Timestamp, at) })
		if found {
			samples = append(samples, &model.SampleStream{Metric: s.Metric, Values: s.Values[i : i+1]})
		}
	}
	return samples
}

// add adds the samples of a series to those with its labels, in order of time, and returns the times at which there are two.
func add(all map[model.Fingerprint]*model.SampleStream, s *model.SampleStream) (twice []model.Time) {
	key := s.Metric.Fingerprint()
	is := all[key]
	if is == nil {
		all[key] = s
		return nil
	}
	known := map[model.Time]bool{}
	for _, at := range times(is) {
		known[at] = true
	}
	for _, at := range times(s) {
		if known[at] {
			twice = append(twice, at)
		}
	}
	is.Values = slices.Concat(is.Values, s.Values)
	is.Histograms = slices.Concat(is.Histograms, s.Histograms)
	slices.SortStableFunc(is.Values, func(a, b model.SamplePair) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	return twice
}

// labels are those of the recorded series: the rule's own in the place of the sample's. Where the sample has none, Prometheus adds
// them; that tells no series from another, so they are left out.
func (r *recorder) labels(metric model.Metric) model.Metric {
	own := map[model.LabelName]string{rules.NamespaceLabel: r.plan.Namespace, rules.ThresholdLabel: r.plan.Name}
	recorded := make(model.Metric, len(metric))
	for name, value := range metric {
		if replaced, isOwn := own[name]; isOwn {
			value = model.LabelValue(replaced)
		}
		if name != model.MetricNameLabel {
			recorded[name] = value
		}
	}
	return recorded
}

// times are those of a stream's samples, in no order.
func times(stream *model.SampleStream) []model.Time {
	all := make([]model.Time, 0, len(stream.Values)+len(stream.Histograms))
	for _, v := range stream.Values {
		all = append(all, v.Timestamp)
	}
	for _, h := range stream.Histograms {
		all = append(all, h.Timestamp)
	}
	return all
}
