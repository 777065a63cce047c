package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/webhook"
)

func TestParseOptions(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	wanted := prometheus.Options{
		Options:  promapi.Options{Timeout: 30 * time.Second},
		Interval: 15 * time.Second, BacktestInterval: time.Hour, BacktestWindow: 7 * 24 * time.Hour, BacktestStep: 30 * time.Second,
	}
	defaults := manager.Options{LeaderElectionID: manager.DefaultLeaderElectionID, MetricsAddress: ":8080", ProbeAddress: ":8081", Prometheus: wanted, Webhook: webhook.Options{Address: "0"}}
	for name, tc := range map[string]struct {
		args []string
		want options
	}{
		"defaults": {nil, options{controller: defaults}},
		"all": {
			[]string{
				"--namespaces=ai, web", "--rule-labels=release=prometheus,team=", "--otel-namespace-label=k8s_namespace_name", "--unconfined-namespaces=platform, sre", "--metrics-bind-address=0",
				"--health-probe-bind-address=127.0.0.1:9", "--metrics-secure", "--leader-elect",
				"--leader-election-namespace=plimsoll", "--leader-election-id=mine", "--webhook-bind-address=:9443", "--webhook-cert-dir=/certs", "--log-level=debug",
				"--prometheus-url=https://prometheus:9090/path", "--prometheus-token-file=" + token, "--prometheus-timeout=1m",
				"--observe-interval=1m", "--backtest-interval=1d", "--backtest-window=2w", "--backtest-step=15s",
			},
			options{
				controller: manager.Options{
					Namespaces:              []string{"ai", "web"},
					RuleLabels:              map[string]string{"release": "prometheus", "team": ""},
					Rules:                   rules.Options{OTelNamespaceLabel: "k8s_namespace_name", UnconfinedNamespaces: []string{"platform", "sre"}},
					MetricsAddress:          "0",
					MetricsSecure:           true,
					ProbeAddress:            "127.0.0.1:9",
					LeaderElection:          true,
					LeaderElectionNamespace: "plimsoll",
					LeaderElectionID:        "mine",
					Prometheus: prometheus.Options{
						Options:          promapi.Options{URL: "https://prometheus:9090/path", TokenFile: token, Timeout: time.Minute},
						Interval:         time.Minute,
						BacktestInterval: 24 * time.Hour,
						BacktestWindow:   14 * 24 * time.Hour,
						BacktestStep:     15 * time.Second,
					},
					Webhook: webhook.Options{Address: ":9443", CertDir: "/certs"},
				},
				logLevel: slog.LevelDebug,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseOptions(tc.args, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("options = %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestParseOptionsRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ arg, says string }{
		"a label that is none": {"--otel-namespace-label=k8s.namespace.name", "such as k8s_namespace_name"},
		"a bad URL":            {"--prometheus-url=prometheus", "must be http://HOST:PORT"},
		"a token for nobody":   {"--prometheus-token-file=token", "name it with --prometheus-url"},
		"a bad duration":       {"--backtest-window=week", "not a valid duration"},
		"an argument":          {"start", `unexpected argument "start"`},
		"an unknown flag":      {"--namespace=ai", "flag provided but not defined"},
		"a bad namespace":      {"--namespaces=ai,Web", `namespace "Web"`},
		"a webhook alone":      {"--webhook-bind-address=:9443", "webhook: set the folder of its key pair"},
		"a label of no form":   {"--rule-labels=release", "write release=VALUE"},
		"a label's name":       {"--rule-labels=a b=c", "rule label a b=c"},
		"a label's value":      {"--rule-labels=a=b c", "rule label a=b c"},
		"no namespace":         {"--leader-elect", "name it with --leader-election-namespace"},
		"a lease's name":       {"--leader-election-id=My Lease", `leader election ID "My Lease"`},
		"a bad address":        {"--metrics-bind-address=8080", "write host:port, :port or 0"},
		"an unknown level":     {"--log-level=loud", `unknown log level "loud"`},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := parseOptions([]string{tc.arg}, io.Discard)
			if err == nil {
				t.Fatalf("parsed: %+v", o)
			}
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error %q does not say %q", err, tc.says)
			}
		})
	}
}

func TestRunPrintsVersionAndHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if err := run(context.Background(), []string{"--version"}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if got, want := stdout.String(), "plimsoll controller "+version+"\n"; got != want {
		t.Errorf("stdout = %q, want %q", got, want)
	}
	if err := run(context.Background(), []string{"-h"}, &stdout, &stderr); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("error = %v, want flag.ErrHelp", err)
	}
	for _, name := range []string{"kubeconfig", "namespaces", "rule-labels", "leader-elect", "version"} {
		if !strings.Contains(stderr.String(), "-"+name) {
			t.Errorf("usage does not name -%s", name)
		}
	}
}
