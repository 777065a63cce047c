package stats

import "time"

// The limits above which a reading leads to advice.
const (
	slowSeconds  = 2.0
	errorPercent = 1.0
	busyPercent  = 80.0
)

// Sustained is how long CPU or memory must exceed its limit to lead to advice.
const Sustained = 5 * time.Minute

// Advice is a reading above its limit, and what may help.
type Advice struct {
	// Reason identifies the advice.
	Reason string `json:"reason"`
	// Message describes the reading.
	Message string `json:"message"`
	// Reading is the value above Limit, both in Unit, of that many Samples.
	Reading     float64  `json:"reading"`
	Limit       float64  `json:"limit"`
	Unit        string   `json:"unit"`
	Samples     uint64   `json:"samples"`
	Suggestions []string `json:"suggestions"`
}

// advice returns the advice of the totals; never nil, so that it is a list in JSON.
func (t *Totals) advice() []Advice {
	all := []Advice{}
	if p95 := t.requestDurations.quantile(0.95); p95 != nil && *p95 > slowSeconds {
		all = append(all, Advice{
			Reason: "slow_responses", Message: "The 95th percentile of request durations is above two seconds.",
			Reading: *p95, Limit: slowSeconds, Unit: "seconds", Samples: t.requestDurations.count,
			Suggestions: []string{"cache answers", "make database queries faster", "process asynchronously", "consider a CDN"},
		})
	}
	failing := []string{"validate input more strictly", "handle errors better", "retry", "look at third-party services"}
	if p := percent(t.failed, t.requests); p != nil && *p > errorPercent {
		all = append(all, Advice{
			Reason: "high_error_rate", Message: "More than one request in a hundred failed (5xx).",
			Reading: *p, Limit: errorPercent, Unit: "percent", Samples: t.requests, Suggestions: failing,
		})
	}
	calls, errors := t.callErrors()
	if p := percent(errors, calls); p != nil && *p > errorPercent {
		all = append(all, Advice{
			Reason: "high_model_error_rate", Message: "More than one model call in a hundred failed.",
			Reading: *p, Limit: errorPercent, Unit: "percent", Samples: calls, Suggestions: failing,
		})
	}
	return all
}

// resourceAdvice returns the advice of CPU and memory.
func resourceAdvice(cpu, memory sustained) []Advice {
	suggestions := []string{
		"scale out: more replicas", "scale up: higher limits", "make the code leaner", "cache to lower the load",
	}
	var all []Advice
	if cpu.above {
		all = append(all, Advice{
			Reason: "high_cpu_usage", Message: "CPU usage has been above its limit for five minutes without a break.",
			Reading: cpu.mean, Limit: busyPercent, Unit: "percent", Samples: cpu.samples, Suggestions: suggestions,
		})
	}
	if memory.above {
		all = append(all, Advice{
			Reason: "high_memory_usage", Message: "Memory usage has been above its limit for five minutes without a break.",
			Reading: memory.mean, Limit: busyPercent, Unit: "percent", Samples: memory.samples, Suggestions: suggestions,
		})
	}
	return all
}
