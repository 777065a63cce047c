package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// prometheusOptions say which Prometheus is asked.
type prometheusOptions struct{ options promapi.Options }

func (o *prometheusOptions) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.options.URL, "prometheus-url", "", "base URL of Prometheus, or of a server with its API, such as http://localhost:9090")
	cmd.Flags().StringVar(&o.options.TokenFile, "prometheus-token-file", "", "file with a bearer token for Prometheus")
	cmd.Flags().StringVar(&o.options.CAFile, "prometheus-ca-file", "", "file with the CA certificates of Prometheus, in PEM")
}

func (o *prometheusOptions) client(cmd *cobra.Command) (*promapi.Client, error) {
	if o.options.URL == "" {
		return nil, usageError(cmd, errors.New("must say which Prometheus: use --prometheus-url URL; "+
			"to reach one in the cluster, kubectl port-forward service/prometheus-operated 9090 and http://localhost:9090"))
	}
	client, err := promapi.New(o.options)
	if err != nil {
		return nil, usageError(cmd, err)
	}
	return client, nil
}
