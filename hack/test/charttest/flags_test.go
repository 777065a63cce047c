package charttest

import (
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	appsv1 "k8s.io/api/apps/v1"
)

// byExtraArgs are the flags that no value sets: few need them, and extraArgs takes them.
var byExtraArgs = map[string][]string{
	"assistant": {
		"log-file", "log-file-compress", "log-file-max-age", "log-file-max-backups", "log-file-max-size", // stdout is what clusters collect
		"session-store-password-file", // the URL, which a Secret holds, has one
		"shutdown-delay", "version",
	},
	"controller": {"kubeconfig", "version"},
}

// TestFlags: each flag of the two programs can be set, the chart sets none that its program does not have, and where values
// repeat a default, it is the program's.
func TestFlags(t *testing.T) {
	for _, program := range []string{"assistant", "controller"} {
		t.Run(program, func(t *testing.T) {
			flags := flagsOf(t, program)
			byDefault := argsOf(t, program)
			set := maps.Clone(byDefault)
			for _, args := range [][]string{
				{"--values", "testdata/plimsoll.yaml"},
				{"--set", "controller.watchNamespaces={one},controller.unconfinedNamespaces={one},ruleLabels.a=b,prometheus.otelNamespaceLabel=k8s_namespace_name"},
				{"--set", "assistant.geminiEndpoint=http://x,assistant.clientRate=1,assistant.clientBurst=1,assistant.embeddingModel=m,assistant.corsOrigins={https://x}"},
				{"--set", "prometheus.url=http://x,prometheus.httpConfig.existingSecret=x"},
				{"--set", "assistant.upstream=openai,assistant.openai.baseURL=http://x/v1,assistant.model=m"},
			} {
				maps.Copy(set, argsOf(t, program, args...))
			}
			for name := range flags {
				if _, ok := set[name]; ok == slices.Contains(byExtraArgs[program], name) {
					t.Errorf("values set --%s: %t", name, ok)
				}
			}
			for name := range set {
				if _, ok := flags[name]; !ok {
					t.Errorf("the chart sets --%s, which %s does not have", name, program)
				}
			}
			for name, value := range byDefault {
				if want := flags[name]; want != "" && !sameValue(value, want) && !slices.Contains(chosen, name) {
					t.Errorf("the chart sets --%s=%s, the default of %s is %s", name, value, program, want)
				}
			}
		})
	}
}

// chosen are flags that the chart sets to something else than the default on purpose.
var chosen = []string{"telemetry-listen", "leader-election-id", "webhook-bind-address"}

// flagsOf are the program's flags with their defaults, none where its help names none.
func flagsOf(t *testing.T, program string) map[string]string {
	t.Helper()
	help, err := exec.CommandContext(t.Context(), "go", "run", root+"/cmd/"+program, "--help").CombinedOutput()
	if err != nil && program == "assistant" {
		t.Fatalf("%v: %s", err, help)
	}
	flags := map[string]string{}
	for _, part := range regexp.MustCompile(`(?m)^  --?`).Split(string(help), -1)[1:] {
		name := regexp.MustCompile(`^[a-z-]+`).FindString(part)
		flags[name] = ""
		if match := regexp.MustCompile(`\(default "?([^ ")]+)"?\)`).FindStringSubmatch(part); match != nil {
			flags[name] = match[1]
		}
	}
	if len(flags) < 15 {
		t.Fatalf("%d flags of %s: %s", len(flags), program, help)
	}
	return flags
}

// argsOf are the flags that the chart sets for the program, also by their variables.
func argsOf(t *testing.T, program string, args ...string) map[string]string {
	t.Helper()
	set := map[string]string{}
	pod := one[appsv1.Deployment](t, render(t, "plimsoll", args...), "Deployment", "name: "+program+"\n").Spec.Template.Spec
	for _, arg := range pod.Containers[0].Args {
		name, value, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if _, twice := set[name]; twice {
			t.Errorf("--%s is there twice", name)
		}
		set[name] = value
	}
	for _, variable := range pod.Containers[0].Env {
		if name, ok := strings.CutPrefix(variable.Name, "PLIMSOLL_"); ok {
			set[strings.ReplaceAll(strings.ToLower(name), "_", "-")] = variable.Value
		}
	}
	return set
}

// sameValue takes 90s and 1m30s for the same.
func sameValue(a, b string) bool {
	one, err := model.ParseDuration(a)
	other, otherErr := model.ParseDuration(regexp.MustCompile(`([hm])(0[ms])+$`).ReplaceAllString(b, "$1"))
	return a == b || err == nil && otherErr == nil && one == other
}
