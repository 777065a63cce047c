package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// selection chooses AlertThresholds of the cluster, as kubectl's own commands do.
type selection struct {
	selector           string
	all, allNamespaces bool
}

func (s *selection) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&s.selector, "selector", "l", "", "AlertThresholds whose labels fit, such as team=ai,tier!=test")
	cmd.Flags().BoolVar(&s.all, "all", false, "all AlertThresholds of the namespace")
	cmd.Flags().BoolVarP(&s.allNamespaces, "all-namespaces", "A", false, "all AlertThresholds of all namespaces, or those of --selector")
}

// isSet reports whether a flag chooses.
func (s *selection) isSet() bool { return s.all || s.allNamespaces || s.selector != "" }

// keys returns those of the names, or else of what the flags choose, with the client that connects to them.
func (c *cli) keys(ctx context.Context, names []string, s selection) (client.Client, []client.ObjectKey, error) {
	names = trimKinds(names)
	if len(names) > 0 && s.isSet() {
		return nil, nil, usageErrorf("must be either names or a choice: remove the names, or --all, -A and -l")
	}
	parsed, err := labels.Parse(s.selector)
	if err != nil {
		return nil, nil, usageErrorf("--selector must be labels such as team=ai,tier!=test: %v", err)
	}
	api, namespace, err := c.connect()
	if err != nil {
		return nil, nil, err
	}
	var keys []client.ObjectKey
	for _, name := range names {
		keys = append(keys, client.ObjectKey{Namespace: namespace, Name: name})
	}
	if !s.isSet() {
		return api, keys, nil
	}
	if s.allNamespaces {
		namespace = ""
	}
	var list v1alpha1.AlertThresholdList
	if err := api.List(ctx, &list, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: parsed}); err != nil {
		return nil, nil, fmt.Errorf("listing AlertThresholds: %w", err)
	}
	for i := range list.Items {
		keys = append(keys, client.ObjectKeyFromObject(&list.Items[i]))
	}
	if len(keys) == 0 {
		return nil, nil, fmt.Errorf("no AlertThreshold found%s", map[bool]string{false: " in namespace " + namespace}[s.allNamespaces])
	}
	return api, keys, nil
}

// kinds are what kubectl takes for the kind before names.
var kinds = []string{"at", "alertthreshold", "alertthresholds"}

// trimKinds removes the kind from names as kubectl takes and prints them: at NAME, alertthreshold.plimsoll.dev/NAME.
func trimKinds(names []string) []string {
	if len(names) > 1 && isKind(names[0]) {
		names = names[1:]
	}
	trimmed := make([]string, len(names))
	for i, name := range names {
		trimmed[i] = name[strings.LastIndex(name, "/")+1:]
	}
	return trimmed
}

// isKind reports whether the word names AlertThresholds, with or without their version and group.
func isKind(word string) bool {
	kind, group, _ := strings.Cut(strings.ToLower(word), ".")
	version, ok := strings.CutSuffix(group, v1alpha1.GroupVersion.Group)
	return slices.Contains(kinds, kind) && (group == "" || ok && (version == "" || version == v1alpha1.GroupVersion.Version+"."))
}
