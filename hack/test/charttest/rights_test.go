package charttest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/plimsoll-dev/plimsoll/hack/test/audit"
)

// TestRights: besides what the generated roles grant, the chart's controller may only keep its webhook's key pair and tell
// the API server whom to trust. That it uses all of that, the audit logs of its own tests and of the webhook's show.
func TestRights(t *testing.T) {
	generated, err := os.ReadFile(filepath.Join(root, "config/rbac/role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := audit.Rules(generated)
	if err != nil {
		t.Fatal(err)
	}
	want := append(audit.Rights(rules),
		audit.Right{Resource: "secrets", Verb: "get"}, audit.Right{Resource: "secrets", Verb: "update"},
		audit.Right{Group: "admissionregistration.k8s.io", Resource: "validatingwebhookconfigurations", Verb: "get"},
		audit.Right{Group: "admissionregistration.k8s.io", Resource: "validatingwebhookconfigurations", Verb: "patch"})
	var got []rbacv1.PolicyRule
	for _, object := range render(t, "plimsoll", "--set", "prometheus.url=http://prometheus:9090") {
		ofUsers := strings.Contains(object, "rbac.authorization.k8s.io/aggregate-to-edit")
		if k := kind(t, object); !ofUsers && (k == "Role" || k == "ClusterRole") {
			got = append(got, decode[rbacv1.ClusterRole](t, object).Rules...)
		}
	}
	for _, right := range audit.Rights(got) {
		if !slices.Contains(want, right) {
			t.Errorf("the chart grants %s", right)
		}
	}
}
