// Command otelcol is an OpenTelemetry Collector that reads the files of pods' logs and sends them on by OTLP. It is what
// go.opentelemetry.io/collector/cmd/builder generates for these components, less what tells their versions.
package main

import (
	"os"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

func main() {
	settings := otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "otelcol", Description: "reads the logs of pods"},
		Factories: components,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory()},
		}},
	}
	// The command tells its error itself.
	if err := otelcol.NewCommand(settings).Execute(); err != nil {
		os.Exit(1)
	}
}

func components() (otelcol.Factories, error) {
	return otelcol.Factories{
		Telemetry:  otelconftelemetry.NewFactory(),
		Receivers:  factories[receiver.Factory](filelogreceiver.NewFactory()),
		Processors: factories[processor.Factory](transformprocessor.NewFactory()),
		Exporters:  factories[exporter.Factory](otlphttpexporter.NewFactory()),
		Extensions: factories[extension.Factory](filestorage.NewFactory(), healthcheckextension.NewFactory()),
	}, nil
}

func factories[F component.Factory](all ...F) map[component.Type]F {
	byType := map[component.Type]F{}
	for _, f := range all {
		byType[f.Type()] = f
	}
	return byType
}
