package charttest

import (
	"fmt"
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	for _, chart := range charts {
		if _, err := helm(t, "lint", "--strict", chartDir(chart)); err != nil {
			t.Error(err)
		}
	}
}

// TestSuites runs the charts' helm-unittest suites, one a feature.
func TestSuites(t *testing.T) {
	for _, chart := range charts {
		if _, err := run(t, tool("helm-unittest"), "--strict", chartDir(chart)); err != nil {
			t.Error(err)
		}
	}
}

// TestRender renders every chart with every value set, and checks every object.
func TestRender(t *testing.T) {
	for _, chart := range charts {
		for _, args := range valueSets(t, chart) {
			t.Run(chart+strings.Join(args, " "), func(t *testing.T) {
				for _, object := range render(t, chart, args...) {
					checkObject(t, object)
				}
			})
		}
	}
}

// valueSets are a chart's defaults, each of its switches flipped, and what users set most, as Helm's arguments.
func valueSets(t *testing.T, chart string) [][]string {
	t.Helper()
	more := map[string][][]string{
		"plimsoll": {
			{"--set", "controller.watchNamespaces={one,two}"},
			{"--set", "assistant.apiKey.value=secret"},
			{"--set", "assistant.apiKey.existingSecret=mine,assistant.apiKey.key=token"},
			{"--set", "assistant.replicas=2,assistant.sessionStore.existingSecret=redis,assistant.sessionStore.key=address"},
			{"--set-json", prices, "--set", "assistant.clientKeys.existingSecret=keys,assistant.clientRate=5,assistant.logLevel=debug"},
			{"--set", "assistant.ingress.enabled=true,assistant.ingress.className=c,assistant.ingress.tlsSecret=s,assistant.ingress.annotations.a=b"},
			{"--set", "assistant.httpRoute.enabled=true,assistant.httpRoute.parentRefs[0].name=g,assistant.httpRoute.hostnames={h}"},
			{"--set", "assistant.networkPolicy.enabled=true,assistant.networkPolicy.clients[0].podSelector.matchLabels.a=b"},
			{"--set", "commonLabels.a=b,assistant.podLabels.c=d,controller.serviceAccount.annotations.e=f"},
			{"--set", "ruleLabels.prometheus=main,serviceMonitor.labels.prometheus=main"},
			{"--set", "alerts.highCPUUsage.levels[0].severity=critical,alerts.highCPUUsage.levels[0].above=90"},
			{"--set", "imagePullSecrets[0].name=mine,nameOverride=other"},
		},
		"plimsoll-stack": {
			{"--set", "prometheus.storage.emptyDir.sizeLimit=1Gi,prometheus.ruleSelector.matchLabels.a=b"},
			{"--set", "grafana.url=https://g.example.com,grafana.sidecar.namespaces={one},grafana.admin.existingSecret=mine"},
			{"--set", "grafana.persistence.enabled=true,grafana.persistence.storageClassName=fast"},
			{"--set", "imagePullSecrets[0].name=mine,fullnameOverride=other"},
		},
	}
	sets := append([][]string{nil}, more[chart]...)
	for path, value := range leaves(values(t, chart)) {
		if on, ok := value.(bool); ok {
			sets = append(sets, []string{"--set", fmt.Sprintf("%s=%t", path, !on)})
		}
	}
	return sets
}
