package main

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// TestDeployment: the Deployment that installs the controller without Helm gives it flags that it takes, and names the
// ports at which it then listens.
func TestDeployment(t *testing.T) {
	text, err := os.ReadFile("../../config/manager/manager.yaml")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n---\n")
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict([]byte(first), &deployment); err != nil {
		t.Fatal(err)
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	args := strings.Split(strings.ReplaceAll(strings.Join(container.Args, "\n"), "$(NAMESPACE)", "plimsoll-system"), "\n")
	got, err := parseOptions(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want, err := parseOptions(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want.controller.MetricsSecure, want.controller.LeaderElection = true, true
	want.controller.LeaderElectionNamespace, want.controller.LeaderElectionIdentity = "plimsoll-system", "$(POD_NAME)"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("options are %+v, want %+v", got, want)
	}
	for name, address := range map[string]string{"metrics": got.controller.MetricsAddress, "health": got.controller.ProbeAddress} {
		found := false
		for _, port := range container.Ports {
			found = found || port.Name == name && address == fmt.Sprintf(":%d", port.ContainerPort)
		}
		if !found {
			t.Errorf("no port %s at %s: %v", name, address, container.Ports)
		}
	}
}
