package main

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
)

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version = "dev"

func versionLine() string {
	return fmt.Sprintf("plimsoll assistant %s %s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

const usage = `Usage: assistant [flags]
       assistant analyze FILE...           statistics of log files; see assistant analyze --help
       assistant check URL TELEMETRY-URL   one chat and one scrape of a running assistant

Serves conversations with Gemini models at POST /chat and, in OpenAI's form, at POST /v1/chat/completions, POST
/v1/embeddings and GET /v1/models, with Prometheus metrics at /metrics, health at /health, /health/ready and /health/detailed, and statistics at
/stats (?range=1h, at most 24h). The API key comes from GEMINI_API_KEY or from a file, never from a flag.

With --telemetry-listen, only that port serves /metrics and /stats, and also /log-level, which changes the log level while
the program runs: curl -X PUT -d '{"level":"debug"}' http://HOST:PORT/log-level. Anyone who reaches that port can
do so; without --telemetry-listen nobody can. A restart restores --log-level.

Every flag but --version can be set by the environment variable in brackets; the flag takes precedence.

Traces are exported by OTLP if the standard variables of OpenTelemetry ask for it: OTEL_EXPORTER_OTLP_ENDPOINT, or
OTEL_TRACES_EXPORTER=otlp; OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf or grpc, and OTEL_TRACES_SAMPLER,
OTEL_SERVICE_NAME, OTEL_SDK_DISABLED and the others work, too.

Flags:
`

func helpText(fs *flag.FlagSet) string {
	var b strings.Builder
	b.WriteString(usage)
	fs.VisitAll(func(f *flag.Flag) {
		value, about := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" {
			about += " (default " + f.DefValue + ")"
		}
		if env := envName(f); env != "" {
			about += " [" + env + "]"
		}
		if value != "" {
			value = " " + value
		}
		fmt.Fprintf(&b, "  --%s%s\n        %s\n", f.Name, value, about)
	})
	return b.String()
}
