//go:build integration

package webhook_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/audit"
	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
)

// elsewhere are the rights whose use the tests of internal/controller show.
const elsewhere = "../../config/rbac/role.yaml"

// rules are those of the roles that the chart gives the controller of the release. Those that it adds to Kubernetes' own
// bind nobody.
func (r release) rules(ctx context.Context) (rules []rbacv1.PolicyRule, err error) {
	var cluster rbacv1.ClusterRoleList
	var namespaced rbacv1.RoleList
	ofRelease := client.MatchingLabels{"app.kubernetes.io/instance": r.name}
	err = errors.Join(admin.List(ctx, &cluster, ofRelease), admin.List(ctx, &namespaced, ofRelease, client.InNamespace(r.namespace)))
	for _, role := range cluster.Items {
		if role.Labels["rbac.authorization.k8s.io/aggregate-to-admin"] == "" {
			rules = append(rules, role.Rules...)
		}
	}
	for _, role := range namespaced.Items {
		rules = append(rules, role.Rules...)
	}
	return rules, err
}

// checkRights holds the chart's roles, once all tests are over, to what the audit log shows: the controller has used
// every right that is not proven elsewhere, and was refused nothing.
func checkRights() error {
	user := "system:serviceaccount:" + installed.namespace + ":" + installed.account()
	asked, err := controlplane.Asked(user)
	if err != nil {
		return err
	}
	var errs []error
	for right := range asked.Refused {
		if right != (audit.Right{Resource: "secrets", Verb: "list"}) { // TestRights asks for it, in the controller's name
			errs = append(errs, fmt.Errorf("the controller may not %s", right))
		}
	}
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" {
		return errors.Join(errs...) // some tests alone do not use everything
	}
	generated, err := os.ReadFile(elsewhere)
	if err != nil {
		return err
	}
	proven, err := audit.Rules(generated)
	if err != nil {
		return err
	}
	if len(granted) == 0 {
		return errors.New("the chart gives its controller no rights")
	}
	for _, right := range asked.Unused(granted) {
		if !slices.Contains(audit.Rights(proven), right) {
			errs = append(errs, fmt.Errorf("the chart grants %s, which no test's controller has used", right))
		}
	}
	return errors.Join(errs...)
}
