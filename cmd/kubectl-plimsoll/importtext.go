package main

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/importer"
	"github.com/plimsoll-dev/plimsoll/internal/suggest"
)

// importYAML is all thresholds as a stream of documents for kubectl apply, with comments, and below them why the other rules are left.
func importYAML(all []importer.Import) (string, error) {
	var documents []string
	left := ""
	for _, i := range all {
		if i.Threshold == nil {
			left += suggest.Comment("", i.String()+" is left: "+i.Because)
			continue
		}
		text := suggest.Comment("", i.String()) + suggest.Comment("", i.Evidence())
		for _, note := range i.Notes {
			text += suggest.Comment("", note)
		}
		document, err := yaml.Marshal(map[string]any{
			"apiVersion": i.Threshold.APIVersion, "kind": i.Threshold.Kind,
			"metadata": map[string]string{"namespace": i.Threshold.Namespace, "name": i.Threshold.Name}, "spec": i.Threshold.Spec,
		})
		if err != nil {
			return "", err
		}
		documents = append(documents, text+string(document))
	}
	if left != "" && len(documents) > 0 {
		left = "\n" + left
	}
	return strings.Join(documents, "---\n") + left, nil
}

// stack is the beginning of the label chart of kube-prometheus-stack's objects.
const stack = "kube-prometheus-stack-"

// importValues are Helm values with which kube-prometheus-stack no longer has the alerts that were imported, and comments. The chart leaves out every
// rule of an alert, so an alert stays unless all its rules were imported.
func importValues(all []importer.Import) (string, error) {
	imported, left, unproven := map[string]bool{}, map[string]string{}, map[string]string{}
	for _, i := range all {
		for _, r := range i.Rules {
			switch {
			case !isOfStack(r):
			case i.Threshold == nil:
				left[r.Name] = i.Because
			default:
				imported[r.Name] = true
				if !i.IsProven() {
					unproven[r.Name] = i.Evidence()
				}
			}
		}
	}
	text := suggest.Comment("", "Values of kube-prometheus-stack that switch the imported alerts off, for every namespace: import them first wherever they are wanted.") +
		suggest.Comment("", "Rules of additionalPrometheusRulesMap are not switched off by these: remove them there.")
	for _, name := range slices.Sorted(maps.Keys(left)) {
		delete(imported, name)
		text += suggest.Comment("", name+" stays: "+left[name])
	}
	for _, name := range slices.Sorted(maps.Keys(unproven)) {
		if imported[name] {
			text += suggest.Comment("", name+": "+unproven[name])
		}
	}
	if len(imported) == 0 {
		return text + suggest.Comment("", "No alert of kube-prometheus-stack was imported whole."), nil
	}
	values, err := yaml.Marshal(map[string]any{"defaultRules": map[string]any{"disabled": imported}})
	return text + string(values), err
}

func isOfStack(r alert.Rule) bool { return strings.HasPrefix(r.Chart, stack) }
