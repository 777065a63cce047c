package rules

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// GroupThreshold is the AlertThreshold whose rule group has that name, if there can be one. A namespace has no dots.
func GroupThreshold(group string) (threshold types.NamespacedName, ok bool) {
	rest, ours := strings.CutPrefix(group, "plimsoll.")
	namespace, name, found := strings.Cut(rest, ".")
	return types.NamespacedName{Namespace: namespace, Name: name}, ours && found && name != ""
}
