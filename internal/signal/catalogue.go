package signal

import "github.com/plimsoll-dev/plimsoll/internal/unit"

// Names of the signals. Errors before the first token are none: no source tells them from errors after it, and the nearest that it
// has is ModelErrorRatio.
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
	TimePerOutputToken    = "TimePerOutputToken"
	QueueLength           = "QueueLength"
	QueueTime             = "QueueTime"
	RequestsRunning       = "RequestsRunning"
	CacheUsage            = "CacheUsage"
	Preemptions           = "Preemptions"
	AnswerTruncatedRatio  = "AnswerTruncatedRatio"
	AnswerBlockedRatio    = "AnswerBlockedRatio"
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

// The same for other sources, where Plimsoll's metrics cannot be looked at.
const (
	elsewhereModel   = "Look at the log of the model's server or gateway for the kind of error; consider retries, a higher quota or another model."
	elsewhereLatency = "Consider a faster model, shorter prompts and answers, streaming, caching or more replicas."
	elsewhereCost    = "Look at the cost by model; consider a cheaper model, shorter prompts, caching or limits per client."
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
	advicePace     = "Consider a faster model, fewer requests at a time per replica, or more replicas."
	adviceQueue    = "Consider more replicas, fewer or shorter requests, or limits per client: what waits is not yet being answered."
	adviceRunning  = "Too many: consider more replicas or limits per client. Too few: check that clients reach the model."
	adviceCache    = "Consider more replicas, shorter prompts and answers, or more memory for the KV cache: a full one makes requests wait."
	advicePreempt  = "The KV cache is too small for what runs at once: consider more memory for it, fewer requests at a time, or more replicas."
	adviceCut      = "Consider a higher limit of output tokens, or prompts that ask for shorter answers."
	adviceBlocked  = "Look at what is asked: a new prompt, a new client or abuse; consider another safety setting if answers are blocked by mistake."
	adviceUp       = "Look at the pods (kubectl get pods, kubectl describe pod) and at Prometheus' targets page for why scrapes fail."
)

var catalogue = []Signal{
	{
		Name: HTTPErrorRate, Title: "Error rate", Alert: "HighErrorRate", Unit: unit.PerSecond,
		Means:  "errors per second, of requests and of model calls, as errors_total counts them",
		Window: defaultWindow, Max: unbounded, Advice: adviceErrors,
	},
	{
		Name: HTTPErrorRatio, Title: "Error ratio", Alert: "FailingRequests", Unit: unit.Ratio,
		Means:  "the part of HTTP requests that is answered with a 5xx status; 0 without errors, no value without requests",
		Window: defaultWindow, Max: 1, Advice: adviceErrors,
	},
	{
		Name: HTTPLatency, Title: "Response time", Alert: "SlowResponse", Unit: unit.Seconds,
		Means:  "a quantile of the time that HTTP requests take",
		Window: defaultWindow, Quantile: defaultQuantile, Max: unbounded, Advice: adviceSlow,
	},
	{
		Name: HTTPRequestRate, Title: "Request rate", Alert: "HighTraffic", Unit: unit.PerSecond,
		Means:  "HTTP requests per second",
		Window: defaultWindow, Max: unbounded, Advice: adviceRequests,
	},
	{
		Name: ModelErrorRatio, Title: "Model error ratio", Alert: "FailingModel", Unit: unit.Ratio,
		Means:  "the part of model calls that fails; 0 without failures, no value without calls",
		Window: defaultWindow, Max: 1, Advice: adviceModel, elsewhere: elsewhereModel,
	},
	{
		Name: ModelLatency, Title: "Model response time", Alert: "SlowModel", Unit: unit.Seconds,
		Means:  "a quantile of the time that model calls take, from start to end",
		Window: defaultWindow, Quantile: defaultQuantile, Max: unbounded, Advice: adviceLatency, elsewhere: elsewhereLatency,
	},
	{
		Name: ModelTimeToFirstToken, Title: "Time to first token", Alert: "SlowFirstToken", Unit: unit.Seconds,
		Means:  "a quantile of the time from a model call's start to the first text of its answer",
		Window: defaultWindow, Quantile: defaultQuantile, Max: unbounded, Advice: adviceFirst,
	},
	{
		Name: TokenRate, Title: "Token rate", Alert: "ManyTokens", Unit: unit.PerSecond,
		Means:  "tokens per second, of prompts and answers together unless told apart by type",
		Window: defaultWindow, Max: unbounded, Advice: adviceTokens,
	},
	{
		Name: CostPerHour, Title: "Cost per hour", Alert: "CostlyHour", Unit: unit.USD,
		Means:  "US dollars per hour, at the pace of the window; models without a price are not in it",
		Window: "1h", Max: unbounded, Advice: adviceCost, elsewhere: elsewhereCost,
	},
	{
		Name: CostPerDay, Title: "Cost per day", Alert: "CostlyDay", Unit: unit.USD,
		Means:  "US dollars per day, at the pace of the window; models without a price are not in it",
		Window: "1d", Max: unbounded, Advice: adviceCost, elsewhere: elsewhereCost,
	},
	{
		Name: ActiveSessions, Title: "Number of active sessions", Alert: "ManySessions", Unit: unit.Number,
		Means: "active user sessions as each pod counts them (all of them where pods share a store); grouped, the greatest of the group",
		Max:   unbounded, Advice: adviceSessions,
	},
	{
		Name: CPU, Title: "CPU usage", Alert: "HighCPUUsage", Unit: unit.Percent,
		Means: "CPU in use, as a percentage of what each pod may use; grouped, the greatest of the group",
		Max:   100, Advice: adviceCPU,
	},
	{
		Name: Memory, Title: "Memory usage", Alert: "HighMemoryUsage", Unit: unit.Percent,
		Means: "memory in use, as a percentage of what each pod may use; grouped, the greatest of the group",
		Max:   100, Advice: adviceMemory,
	},
	{
		Name: Disk, Title: "Disk usage", Alert: "DiskFillsUp", Unit: unit.Percent,
		Means: "disk space in use where each pod works, as a percentage; grouped, the greatest of the group",
		Max:   100, Advice: adviceDisk,
	},
	{
		Name: Availability, Title: "Availability", Alert: "Unavailable", Falls: true, Unit: unit.Ratio,
		Means:  "the part of scrapes of all targets that went well; its levels usually lie below",
		Window: defaultWindow, Max: 1, Advice: adviceUp,
	},
	{
		Name: TimePerOutputToken, Title: "Time per output token", Alert: "SlowAnswers", Unit: unit.Seconds,
		Means:  "a quantile of the time from one token of an answer to the next",
		Window: defaultWindow, Quantile: defaultQuantile, Max: unbounded, Advice: advicePace,
	},
	{
		Name: QueueLength, Title: "Queue length", Alert: "LongQueue", Unit: unit.Number,
		Means: "requests that wait for the model, as each server counts them; grouped, the sum of the group",
		Max:   unbounded, Advice: adviceQueue,
	},
	{
		Name: QueueTime, Title: "Time in the queue", Alert: "LongWait", Unit: unit.Seconds,
		Means:  "a quantile of the time that requests wait before the model begins with them",
		Window: defaultWindow, Quantile: defaultQuantile, Max: unbounded, Advice: adviceQueue,
	},
	{
		Name: RequestsRunning, Title: "Number of running requests", Alert: "ManyRequests", Unit: unit.Number,
		Means: "requests that are being answered, as each server counts them; grouped, the sum of the group",
		Max:   unbounded, Advice: adviceRunning,
	},
	{
		Name: CacheUsage, Title: "KV cache usage", Alert: "FullCache", Unit: unit.Ratio,
		Means: "the part of the KV cache in use, as each server measures it; grouped, the greatest of the group",
		Max:   1, Advice: adviceCache,
	},
	{
		Name: Preemptions, Title: "Preemption rate", Alert: "PreemptedRequests", Unit: unit.PerSecond,
		Means:  "requests per second that lose their place in the KV cache and are computed again",
		Window: defaultWindow, Max: unbounded, Advice: advicePreempt,
	},
	{
		Name: AnswerTruncatedRatio, Title: "Ratio of truncated answers", Alert: "TruncatedAnswers", Unit: unit.Ratio,
		Means:  "the part of answers that end at a limit of tokens; no value without answers",
		Window: defaultWindow, Max: 1, Advice: adviceCut,
	},
	{
		Name: AnswerBlockedRatio, Title: "Ratio of blocked answers", Alert: "BlockedAnswers", Unit: unit.Ratio,
		Means:  "the part of answers that a filter of content blocks; no value without answers",
		Window: defaultWindow, Max: 1, Advice: adviceBlocked,
	},
}
