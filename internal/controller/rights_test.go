//go:build integration

package controller_test

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/plimsoll-dev/plimsoll/hack/test/audit"
	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
)

// unseen are the rights that no audit log shows, and why the controller has them all the same.
var unseen = map[audit.Right]string{
	{Group: "plimsoll.dev", Resource: "alertthresholds", Verb: "list"}:              streamed,
	{Group: "monitoring.coreos.com", Resource: "prometheusrules", Verb: "list"}:     streamed,
	{Group: "plimsoll.dev", Resource: "alertthresholds/finalizers", Verb: "update"}: "asked of owners' references by OwnerReferencesPermissionEnforcement, an admission plugin that OpenShift has on",
}

const streamed = "informers get their list from the watch, and fall back on list where the API server does not stream it"

// checkRights holds the generated roles, once all tests are over, to what their audit logs show: the controller has used
// every right, and was refused nothing.
func checkRights() error {
	asked, err := controlplane.Asked(controllerUser)
	if err != nil {
		return err
	}
	var errs []error
	for right := range asked.Refused {
		errs = append(errs, fmt.Errorf("the controller may not %s", right))
	}
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" {
		return errors.Join(errs...) // some tests alone do not use everything
	}
	text, err := os.ReadFile(roles)
	if err != nil {
		return err
	}
	granted, err := audit.Rules(text)
	if err != nil {
		return err
	}
	for _, right := range asked.Unused(granted) {
		if unseen[right] == "" {
			errs = append(errs, fmt.Errorf("%s grants %s, which no test's controller has used", roles, right))
		}
	}
	return errors.Join(errs...)
}
