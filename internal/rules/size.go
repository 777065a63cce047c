package rules

import (
	"encoding/json"
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// MaxRuleBytes is the most that a PrometheusRule's spec may have, as JSON. The Prometheus Operator leaves out a rule that
// has more than 512 KiB as YAML, where short lines are indented to 3.3 times their size in JSON; etcd refuses objects of
// 1.5 MiB. A usual rule has 2 KiB.
const MaxRuleBytes = 128 << 10

// checkSize returns an error, the only one for which TooLarge is true, when the groups are larger than MaxRuleBytes.
func checkSize(groups []monitoringv1.RuleGroup, spec *field.Path) field.ErrorList {
	text, err := json.Marshal(monitoringv1.PrometheusRuleSpec{Groups: groups})
	if err != nil {
		return field.ErrorList{field.InternalError(spec, fmt.Errorf("write the rule: %w", err))}
	}
	if len(text) <= MaxRuleBytes {
		return nil
	}
	tooLarge := field.TooLong(spec, "", MaxRuleBytes)
	tooLarge.Detail = fmt.Sprintf("would make a rule of %d KiB, at most %d KiB are allowed: shorten the expression or annotations, or remove levels",
		(len(text)+1023)>>10, MaxRuleBytes>>10)
	return field.ErrorList{tooLarge}
}

// TooLarge reports whether Resolve refused a spec that is valid but for the size of its rule.
func TooLarge(errs field.ErrorList) bool {
	return len(errs) == 1 && errs[0].Type == field.ErrorTypeTooLong && errs[0].Field == "spec"
}
