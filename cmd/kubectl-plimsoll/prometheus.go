package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// prometheusOptions select a Prometheus.
type prometheusOptions struct{ promapi.Options }

func (o *prometheusOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.URL, "prometheus-url", "", "base URL of Prometheus, or of a server with its API, such as http://localhost:9090")
	cmd.Flags().StringVar(&o.TokenFile, "prometheus-token-file", "", "file with a bearer token for Prometheus")
	cmd.Flags().StringVar(&o.CAFile, "prometheus-ca-file", "", "file with the CA certificates of Prometheus, in PEM")
	cmd.Flags().StringVar(&o.HTTPConfigFile, "prometheus-http-config-file", "",
		"file with basic_auth, tls_config, http_headers and the like for Prometheus, in its own form, instead of the two above")
	o.Timeout = promapi.DefaultTimeout
	cmd.Flags().Var((*duration)(&o.Timeout), "prometheus-timeout", "time that Prometheus has for one answer")
}

func (o *prometheusOptions) client() (*promapi.Client, error) {
	if o.URL == "" {
		return nil, usageErrorf("must say which Prometheus: use --prometheus-url URL; " +
			"to reach one in the cluster, kubectl port-forward service/prometheus-operated 9090 and http://localhost:9090")
	}
	client, err := promapi.New(o.Options)
	if err != nil {
		return nil, usageError{err}
	}
	return client, nil
}

// alertmanagerOptions select Alertmanagers.
type alertmanagerOptions struct{ urls []string }

func (o *alertmanagerOptions) addFlag(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&o.urls, "alertmanager-url", nil, "base URLs of Alertmanagers, which then are reached as Prometheus is, with its token "+
		"(default those that Prometheus sends to)")
}

// find returns how to reach the Alertmanagers that are named, else those that Prometheus sends to.
func (o *alertmanagerOptions) find(ctx context.Context, from prometheusOptions, prometheus *promapi.Client) ([]promapi.Options, error) {
	urls, options := o.urls, from.Options
	if len(urls) == 0 {
		options = promapi.Options{CAFile: from.CAFile} // Prometheus' answer must not decide who gets the token
		var err error
		if urls, err = prometheus.Alertmanagers(ctx); err != nil {
			return nil, err
		}
	}
	found := make([]promapi.Options, len(urls))
	for i, url := range urls {
		options.URL = promapi.AlertmanagerBase(url)
		found[i] = options
	}
	return found, nil
}
