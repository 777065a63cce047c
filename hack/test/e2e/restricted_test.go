//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

// podsWouldBeAdmitted asks the API server which running pods a namespace that enforces the restricted Pod Security
// Standard would not admit: what an operator makes is in no chart, and only here to be seen.
func (s suite) podsWouldBeAdmitted(t *testing.T) {
	for _, namespace := range []string{demo.Namespace, demo.StackNamespace} {
		_, err := s.Kubectl(t.Context(), "", "label", "namespace", namespace, "--overwrite", "--dry-run=server",
			"--warnings-as-errors", "pod-security.kubernetes.io/enforce=restricted")
		if err == nil {
			continue
		}
		asked := false
		for line := range strings.Lines(err.Error()) {
			_, warning, _ := strings.Cut(line, "Warning: ")
			switch {
			case strings.HasPrefix(warning, "existing pods in namespace"):
				asked = true
			case warning == "", strings.HasPrefix(warning, demo.StackRelease+"-collector-"):
				// The log collector reads the node's files, which restricted pods may not.
			default:
				t.Errorf("%s: %s", namespace, strings.TrimSpace(warning))
			}
		}
		if !asked {
			t.Error(err)
		}
	}
}
