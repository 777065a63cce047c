package signal

import (
	"math"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Names of the signals.
const (
	HTTPErrorRate         = "HTTPErrorRate"
	HTTPErrorRatio        = "HTTPErrorRatio"
	HTTPLatency           = "HTTPLatency"
	HTTPRequestRate       = "HTTPRequestRate"
	ModelErrorRatio       = "ModelErrorRatio"
	ModelLatency          = "ModelLatency"
	ModelTimeToFirstToken = "ModelTimeToFirstToken"
	TokenRate             = "TokenRate"
	CostPerHour           = "CostPerHour"
	CostPerDay            = "CostPerDay"
	ActiveSessions        = "ActiveSessions"
	CPU                   = "CPU"
	Memory                = "Memory"
	Disk                  = "Disk"
	Availability          = "Availability"
)

const (
	// defaultWindow is the source document's rate window.
	defaultWindow = "5m"
	// defaultQuantile is the source document's quantile.
	defaultQuantile = "0.95"
)

// What the source document recommends, in its order.
const (
	adviceSlow   = "Consider caching, faster database queries, asynchronous processing or a CDN."
	adviceErrors = "Consider stricter input validation, better error handling, retries, and a look at third-party services."
	adviceCPU    = "Consider more replicas, a higher CPU limit, faster code or caching."
	adviceMemory = "Consider more replicas, a higher memory limit, leaner code or smaller caches."
)

// What it says nothing about.
const (
	adviceRequests = "Compare with a usual day: too few point to an outage before the assistant, too many to a client that retries or to abuse."
	adviceModel    = "Look at ai_model_errors_total for the kind of error; consider retries, a higher quota or another model."
	adviceLatency  = "Consider a faster model, shorter prompts and answers, streaming or caching; ai_upstream_attempts_total shows hidden retries."
	adviceFirst    = "Consider shorter prompts, cached prompts, less thinking or a faster model."
	adviceTokens   = "Look for long histories, prompts that repeat themselves and single clients; consider limits of tokens per request."
	adviceCost     = "Look at ai_cost_usd_total by model and type; consider a cheaper model, shorter prompts, caching or limits per client."
	adviceSessions = "Too many: consider more replicas, a shorter session lifetime or limits per client. Too few: check that users reach the assistant."
	adviceDisk     = "Rotate or delete old logs, or enlarge the volume: a full disk stops whatever writes to it."
	adviceUp       = "Look at the pods (kubectl get pods, kubectl describe pod) and at Prometheus' targets page for why scrapes fail."
)

var catalogue = []Signal{
	{
		Name: HTTPErrorRate, Title: "Error rate", Unit: PerSecond,
		Means:   "errors per second, of requests and of model calls, as errors_total counts them",
		Metrics: []metric.Metric{metric.Errors}, By: metric.Errors.Labels,
		Window: defaultWindow, Max: math.Inf(1), Advice: adviceErrors,
		expr: sumOfRates(metric.Errors),
	},
	{
		Name: HTTPErrorRatio, Title: "Error ratio", Unit: Ratio,
		Means:   "the part of HTTP requests that is answered with a 5xx status; 0 without errors, no value without requests",
		Metrics: []metric.Metric{metric.HTTPRequests}, By: []string{"method", "endpoint"},
		Window: defaultWindow, Max: 1, Advice: adviceErrors,
		Traffic: metric.HTTPRequests.Name,
		expr:    shareOf(metric.HTTPRequests, `status=~"5.."`),
	},
	{
		Name: HTTPLatency, Title: "Response time", Unit: Seconds,
		Means:   "a quantile of the time that HTTP requests take",
		Metrics: []metric.Metric{metric.HTTPRequestDuration}, By: metric.HTTPRequestDuration.Labels,
		Window: defaultWindow, Quantile: defaultQuantile, Max: greatest(metric.HTTPRequestDuration), Advice: adviceSlow,
		Traffic: metric.HTTPRequestDuration.Count(),
		expr:    histogramQuantile(metric.HTTPRequestDuration),
	},
	{
		Name: HTTPRequestRate, Title: "Request rate", Unit: PerSecond,
		Means:   "HTTP requests per second",
		Metrics: []metric.Metric{metric.HTTPRequests}, By: metric.HTTPRequests.Labels,
		Window: defaultWindow, Max: math.Inf(1), Advice: adviceRequests,
		expr: sumOfRates(metric.HTTPRequests),
	},
	{
		Name: ModelErrorRatio, Title: "Model error ratio", Unit: Ratio,
		Means:   "the part of model calls that fails; 0 without failures, no value without calls",
		Metrics: []metric.Metric{metric.ModelCalls}, By: []string{"model"},
		Window: defaultWindow, Max: 1, Advice: adviceModel,
		Traffic: metric.ModelCalls.Name,
		expr:    shareOf(metric.ModelCalls, equal("status", metric.StatusError)),
	},
	{
		Name: ModelLatency, Title: "Model response time", Unit: Seconds,
		Means:   "a quantile of the time that model calls take, from start to end",
		Metrics: []metric.Metric{metric.ModelDuration}, By: metric.ModelDuration.Labels,
		Window: defaultWindow, Quantile: defaultQuantile, Max: greatest(metric.ModelDuration), Advice: adviceLatency,
		Traffic: metric.ModelDuration.Count(),
		expr:    histogramQuantile(metric.ModelDuration),
	},
	{
		Name: ModelTimeToFirstToken, Title: "Time to first token", Unit: Seconds,
		Means:   "a quantile of the time from a model call's start to the first text of its answer",
		Metrics: []metric.Metric{metric.TimeToFirstToken}, By: metric.TimeToFirstToken.Labels,
		Window: defaultWindow, Quantile: defaultQuantile, Max: greatest(metric.TimeToFirstToken), Advice: adviceFirst,
		Traffic: metric.TimeToFirstToken.Count(),
		expr:    histogramQuantile(metric.TimeToFirstToken),
	},
	{
		Name: TokenRate, Title: "Token rate", Unit: PerSecond,
		Means:   "tokens per second, of prompts and answers together unless told apart by type",
		Metrics: []metric.Metric{metric.TokensUsed}, By: metric.TokensUsed.Labels,
		Window: defaultWindow, Max: math.Inf(1), Advice: adviceTokens,
		expr: sumOfRates(metric.TokensUsed),
	},
	{
		Name: CostPerHour, Title: "Cost per hour", Unit: USD,
		Means:   "US dollars per hour, at the pace of the window; models without a price are not in it",
		Metrics: []metric.Metric{metric.Cost}, By: metric.Cost.Labels,
		Window: "1h", Max: math.Inf(1), Advice: adviceCost,
		expr: ratesTimes(metric.Cost, "3600"),
	},
	{
		Name: CostPerDay, Title: "Cost per day", Unit: USD,
		Means:   "US dollars per day, at the pace of the window; models without a price are not in it",
		Metrics: []metric.Metric{metric.Cost}, By: metric.Cost.Labels,
		Window: "1d", Max: math.Inf(1), Advice: adviceCost,
		expr: ratesTimes(metric.Cost, "86400"),
	},
	{
		Name: ActiveSessions, Title: "Number of active sessions", Unit: Number,
		Means:   "active user sessions as each pod counts them (all of them where pods share a store); grouped, the greatest of the group",
		Metrics: []metric.Metric{metric.ActiveSessions}, By: metric.ActiveSessions.Labels,
		Max: math.Inf(1), Advice: adviceSessions,
		expr: gauge(metric.ActiveSessions),
	},
	{
		Name: CPU, Title: "CPU usage", Unit: Percent,
		Means:   "CPU in use, as a percentage of what each pod may use; grouped, the greatest of the group",
		Metrics: []metric.Metric{metric.CPUUsage}, By: metric.CPUUsage.Labels,
		Max: 100, Advice: adviceCPU,
		expr: gauge(metric.CPUUsage),
	},
	{
		Name: Memory, Title: "Memory usage", Unit: Percent,
		Means:   "memory in use, as a percentage of what each pod may use; grouped, the greatest of the group",
		Metrics: []metric.Metric{metric.MemoryUsage}, By: metric.MemoryUsage.Labels,
		Max: 100, Advice: adviceMemory,
		expr: gauge(metric.MemoryUsage),
	},
	{
		Name: Disk, Title: "Disk usage", Unit: Percent,
		Means:   "disk space in use where each pod works, as a percentage; grouped, the greatest of the group",
		Metrics: []metric.Metric{metric.DiskUsage}, By: metric.DiskUsage.Labels,
		Max: 100, Advice: adviceDisk,
		expr: gauge(metric.DiskUsage),
	},
	{
		Name: Availability, Title: "Availability", Unit: Ratio,
		Means:   "the part of scrapes of all targets that went well; its levels usually lie below",
		Metrics: []metric.Metric{metric.Up}, By: metric.Up.Labels,
		Window: defaultWindow, Max: 1, Advice: adviceUp,
		expr: meanOverTime(metric.Up),
	},
}
