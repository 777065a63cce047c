package signal

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Series says that a scrape job has series of that name.
type Series struct{ Name, Job string }

// Discovered is a signal of a source that a namespace has.
type Discovered struct {
	Signal

	// Prefix is that of the metrics where it is not the source's own.
	Prefix string
	// Jobs are those of the source's programs that have the signal's metrics, sorted.
	Jobs []string
	// Others are the jobs that have metrics of the same names which are, or may be, of other programs. Without a matcher the
	// signal would read them too.
	Others []string
	// Missing says why there is no data; nil when Jobs have some.
	Missing error
}

// DiscoveryExpr is PromQL of how many of the sources' series a namespace has, by name and job; buckets are not asked for.
func DiscoveryExpr(namespaceLabel, namespace string, sources ...Source) string {
	var patterns []string
	for _, e := range emittersOf(sources) {
		for _, name := range e.series("") {
			pattern := regexp.QuoteMeta(name)
			if suffix, ok := strings.CutPrefix(name, e.prefix); ok && e.prefix != "" {
				pattern = ".*" + regexp.QuoteMeta(suffix)
			}
			patterns = append(patterns, pattern)
		}
	}
	slices.Sort(patterns)
	return fmt.Sprintf("count by (__name__, job) ({%s,%s})",
		like("__name__", strings.Join(slices.Compact(patterns), "|")), is(namespaceLabel, namespace))
}

// Discover returns what the series show of the sources: every signal of the catalogue for each source whose own metrics are
// among them, those without data too. Availability needs no such metric.
func Discover(all []Series, sources ...Source) []Discovered {
	d := discovery{jobs: map[string][]string{}}
	for _, s := range all {
		d.jobs[s.Name] = append(d.jobs[s.Name], s.Job)
	}
	emitters := emittersOf(sources)
	for _, e := range emitters {
		for _, prefix := range append([]string{""}, d.prefixes(e)...) {
			if jobs := d.jobsOf(func(name string) bool { return e.owns(prefix, name) }); len(jobs) > 0 {
				d.programs = append(d.programs, program{e, prefix, jobs})
			}
		}
	}
	var found []Discovered
	for _, e := range emitters {
		for _, p := range d.programs {
			if p.source == e.source {
				found = append(found, d.signals(p)...)
			}
		}
		if jobs := d.jobs[metric.Up.Name]; e.source == Plimsoll && len(jobs) > 0 {
			up, _ := Lookup(Availability)
			found = slices.DeleteFunc(found, func(f Discovered) bool { return f.Name == up.Name })
			found = append(found, Discovered{Signal: up, Jobs: slices.Sorted(slices.Values(jobs))})
		}
	}
	return found
}

// Unknown says of each job which series the sources would read from it, while nothing shows that one of them is there; in order
// of jobs and names.
func Unknown(all []Series, found []Discovered, sources ...Source) []string {
	var texts []string
	for _, s := range all {
		var readers []string
		for _, e := range emittersOf(sources) {
			if slices.Contains(e.series(""), s.Name) {
				readers = append(readers, string(e.source))
			}
		}
		known := slices.ContainsFunc(found, func(d Discovered) bool {
			return slices.Contains(d.Jobs, s.Job) && slices.Contains(d.reading.series(), s.Name)
		})
		if len(readers) > 0 && !known {
			texts = append(texts, fmt.Sprintf("job %q: nothing tells whether %s is of %s", s.Job, s.Name, strings.Join(readers, " or ")))
		}
	}
	slices.Sort(texts)
	return texts
}

func emittersOf(sources []Source) []emitter {
	return slices.DeleteFunc(slices.Clone(emitters), func(e emitter) bool { return !slices.Contains(sources, e.source) })
}

// program is a source that the namespace has, under one prefix.
type program struct {
	emitter
	prefix string
	// jobs have its own metrics.
	jobs []string
}

type discovery struct {
	// jobs are those of each series name.
	jobs     map[string][]string
	programs []program
}

// jobsOf are the jobs that have a series of such a name, sorted.
func (d discovery) jobsOf(has func(name string) bool) []string {
	var all []string
	for name, jobs := range d.jobs {
		if has(name) {
			all = append(all, jobs...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// prefixes are the other prefixes under which most of the source's metrics are there: a few that end alike are of other programs.
func (d discovery) prefixes(e emitter) []string {
	if e.prefix == "" {
		return nil
	}
	suffixes := map[string]map[string]bool{}
	total := 0
	for _, m := range e.metrics() {
		suffix, ok := strings.CutPrefix(m.Name, e.prefix)
		if !ok {
			continue
		}
		total++
		for _, name := range seriesOf(stream{Metric: m}) {
			ending := strings.TrimPrefix(name, e.prefix)
			for there := range d.jobs {
				prefix, ok := strings.CutSuffix(there, ending)
				if !ok || prefix == "" || prefix == e.prefix {
					continue
				}
				if suffixes[prefix] == nil {
					suffixes[prefix] = map[string]bool{}
				}
				suffixes[prefix][suffix] = true
			}
		}
	}
	maps.DeleteFunc(suffixes, func(_ string, have map[string]bool) bool { return 2*len(have) <= total })
	return slices.Sorted(maps.Keys(suffixes))
}

// signals are the catalogue's as the program has them, or lacks them.
func (d discovery) signals(p program) []Discovered {
	var all []Discovered
	for _, s := range catalogue {
		from, err := s.From(p.source, p.prefix)
		found := Discovered{Signal: from, Prefix: p.prefix, Missing: err}
		found.Source = p.source
		if err == nil {
			d.find(&found, p)
		}
		all = append(all, found)
	}
	return all
}

// find sets the jobs that have the signal's metrics, or that none has.
func (d discovery) find(found *Discovered, p program) {
	names := found.reading.series()
	for _, job := range d.jobsOf(func(name string) bool { return slices.Contains(names, name) }) {
		own := slices.Contains(p.jobs, job)
		if own {
			found.Jobs = append(found.Jobs, job)
		}
		if !own || d.hasRival(p, job, names) {
			found.Others = append(found.Others, job)
		}
	}
	if len(found.Jobs) == 0 {
		found.Missing = errors.New("there is no " + strings.Join(names, " or "))
	}
}

// hasRival reports whether another source of the same job reads one of the names too.
func (d discovery) hasRival(p program, job string, names []string) bool {
	return slices.ContainsFunc(d.programs, func(other program) bool {
		return (other.source != p.source || other.prefix != p.prefix) && slices.Contains(other.jobs, job) &&
			slices.ContainsFunc(other.series(other.prefix), func(name string) bool { return slices.Contains(names, name) })
	})
}

// owns reports whether only the source's programs have metrics of that name, given the prefix.
func (e emitter) owns(prefix, name string) bool {
	if e.prefix != "" {
		return strings.HasPrefix(name, cmp.Or(prefix, e.prefix))
	}
	return slices.ContainsFunc(e.own, func(o string) bool { return strings.HasPrefix(name, o) })
}

// metrics are all that the source's signals cannot do without, each once.
func (e emitter) metrics() []metric.Metric {
	var all []metric.Metric
	for _, r := range e.readings {
		all = append(all, reading{of: r.of}.metrics()...)
	}
	slices.SortFunc(all, func(a, b metric.Metric) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b metric.Metric) bool { return a.Name == b.Name })
}

// series are the names of the series without which the source's signals have no data.
func (e emitter) series(prefix string) []string {
	var all []string
	for _, r := range e.readings {
		all = append(all, r.rename(e.prefix, prefix).series()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// series are the names of the series that the reading is made of.
func (r reading) series() []string {
	var all []string
	for _, st := range (reading{of: r.of}).streams() {
		all = append(all, seriesOf(st)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
