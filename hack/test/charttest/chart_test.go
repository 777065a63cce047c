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

// podSettings is what can be set of a component's pod, and where where it runs; openShift leaves the choice of the user to the cluster.
const (
	podSettings = `{
		"extraArgs": ["--log-level=debug"], "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
		"extraEnvFrom": [{"configMapRef": {"name": "proxy"}}], "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
		"extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}], "priorityClassName": "system-cluster-critical", "revisionHistoryLimit": 2,
		"terminationGracePeriodSeconds": 60, "strategy": {"type": "Recreate"}, "dnsPolicy": "None",
		"dnsConfig": {"nameservers": ["10.0.0.1"]}, "hostAliases": [{"ip": "10.0.0.2", "hostnames": ["proxy"]}],
		"startupProbe": {"tcpSocket": {"port": 1}}, "livenessProbe": {"periodSeconds": 7}, "readinessProbe": {"failureThreshold": 5},
		"image": {"digest": "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}`
	where = `{
		"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "gpu", "operator": "Exists"}], "affinity": {"nodeAffinity": {}},
		"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
		"podLabels": {"a": "b"}, "podAnnotations": {"c": "d"}}`
	stackPods = `{"podLabels": {"a": "b"}, "podAnnotations": {"c": "d"}, "priorityClassName": "system-cluster-critical",
		"dnsConfig": {"nameservers": ["10.0.0.1"]}, "hostAliases": [{"ip": "10.0.0.2", "hostnames": ["proxy"]}],
		"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "gpu", "operator": "Exists"}], "affinity": {"nodeAffinity": {}}}`
	stackExtras = `{"extraArgs": ["--log.level=debug"], "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
		"extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}], "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}]}`
	openShift = `{"podSecurityContext": {"runAsUser": null, "runAsGroup": null}}`
)

// valueSets are what users set most, beside single switches.
var valueSets = map[string][][]string{
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
		{"--values", "testdata/plimsoll.yaml"},
		{"--set", "assistant.silenceTimeout=90s,assistant.sessionTTL=1h,assistant.clientBurst=2,assistant.limits.bodyBytes=20971520"},
		{"--set", "controller.logLevel=debug,controller.backtest.window=3d,controller.watchNamespaces={one},prometheus.url=http://p"},
		{"--set", "dashboards.annotations.a=b,dashboards.labels.mine=yes,grafana.url=https://g.example.com,alerts.runbookURL="},
		{"--set-json", "assistant=" + where, "--set-json", "controller=" + where},
		{"--set", "global.imagePullSecrets[0]=parent,global.imageRegistry=mirror.example.com"},
		{"--set", "assistant.enabled=false"},
		{"--set", "assistant.enabled=false," + allSources()},
		{"--set", "controller.external=true"},
		{"--set", "controller.watchNamespaces={one},controller.detectOthers=false,controller.metrics.secure=false,controller.webhook.enabled=false"},
		{"--set", "controller.hostNetwork=true,controller.metrics.port=18080,controller.health.port=18081,controller.webhook.port=19443"},
		{"--set", "controller.webhook.failurePolicy=Fail,controller.webhook.timeoutSeconds=30,controller.metrics.authorization.existingSecret=reader"},
		{"--set", "assistant.service.type=LoadBalancer,assistant.service.annotations.a=b,assistant.service.ipFamilyPolicy=PreferDualStack"},
		{"--set", "controller.service.annotations.a=b,controller.service.ipFamilyPolicy=PreferDualStack"},
		{"--set", "assistant.serviceAccount.create=false,controller.serviceAccount.name=mine"},
		{"--set", "serviceMonitor.scrapeTimeout=5s,serviceMonitor.relabelings[0].targetLabel=a,serviceMonitor.relabelings[0].replacement=b"},
		{"--set", "serviceMonitor.metricRelabelings[0].action=labeldrop,serviceMonitor.metricRelabelings[0].regex=x"},
		{"--set", "test.resources.limits.cpu=1,test.image.repository=check"},
		{"--set-json", "prometheus={\"url\": \"http://p\", \"observeInterval\": \"1m\", \"token\": {\"existingSecret\": \"t\"}, \"ca\": {\"existingSecret\": \"c\"}}"},
		{"--set-json", "prometheus={\"url\": \"https://p?namespace=ai\", \"timeout\": \"1m\", \"httpConfig\": {\"existingSecret\": \"h\", \"key\": \"k\"}}"},
		{"--set-json", "assistant=" + podSettings, "--set-json", "controller=" + podSettings},
		{"--set-json", "assistant=" + openShift, "--set-json", "controller=" + openShift},
		{"--set-json", `extraObjects=[{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "{{ .Release.Namespace }}"}}]`},
		{"--set", "imagePullSecrets[0].name=mine,nameOverride=other"},
	},
	"plimsoll-stack": {
		{"--values", "testdata/plimsoll-stack.yaml"},
		{"--set", "global.imagePullSecrets[0]=parent,global.imageRegistry=mirror.example.com"},
		{"--set", "prometheus.storage.emptyDir.sizeLimit=1Gi,prometheus.ruleSelector.matchLabels.a=b"},
		{"--set", "grafana.url=https://g.example.com,grafana.sidecar.namespaces={one},grafana.persistence.enabled=true,grafana.persistence.storageClassName=fast"},
		{"--set", "grafana.admin.existingSecret=mine"},
		{"--set", "imagePullSecrets[0].name=mine,fullnameOverride=other"},
		{"--set", "loki.persistence.enabled=true,loki.persistence.storageClassName=fast"},
		{"--set", "collector.namespaces={ai,other},collector.lokiURL=http://loki:3100,collector.tolerations[0].operator=Exists"},
		{"--set-json", "pods=" + stackPods, "--set", "grafana.service.type=NodePort,grafana.service.annotations.a=b"},
		{"--set-json", "operator=" + stackExtras, "--set-json", "loki=" + stackExtras, "--set-json", "collector=" + stackExtras},
		{"--set-json", `pods={"podSecurityContext": {"runAsUser": null, "runAsGroup": null, "fsGroup": null}}`},
		{"--set-json", `loki.extraRuleGroups=[{"name": "mine", "rules": [{"alert": "A", "expr": "vector(1)"}]}]`},
	},
}

// everySet is the chart's values as they are, each set of valueSets, and each switch flipped.
func everySet(t *testing.T, chart string) [][]string {
	t.Helper()
	sets := append([][]string{nil}, valueSets[chart]...)
	for path, value := range leaves(values(t, chart)) {
		if on, ok := value.(bool); ok {
			sets = append(sets, []string{"--set", fmt.Sprintf("%s=%t", path, !on)})
		}
	}
	return sets
}

// TestRender renders every chart with every set of values, and checks every object.
func TestRender(t *testing.T) {
	for _, chart := range charts {
		for _, args := range everySet(t, chart) {
			t.Run(chart+strings.Join(args, " "), func(t *testing.T) {
				for _, object := range render(t, chart, args...) {
					checkObject(t, object)
				}
			})
		}
	}
}
