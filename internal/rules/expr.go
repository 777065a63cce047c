package rules

import (
	"math"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/expression"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

func (o Options) resolveExpr(t *v1alpha1.AlertThreshold, spec *field.Path) (Value, field.ErrorList) {
	value := Value{
		Unit:   unit.Unit(t.Spec.Unit),
		Min:    math.Inf(-1),
		Max:    math.Inf(1),
		Title:  "The value of " + t.Spec.Alert,
		source: "spec.expr",
	}
	var errs field.ErrorList
	if value.Unit == "" {
		value.Unit = unit.Number
	}
	if !slices.Contains(unit.All(), value.Unit) {
		errs = append(errs, field.NotSupported(spec.Child("unit"), value.Unit, unit.All()))
		value.Unit = ""
	}
	if value.Unit != unit.Number {
		value.Min = 0
	}
	value.IsUnconfined = !o.Confines(t.Namespace)
	parse := expression.EnforceNamespace
	if value.IsUnconfined {
		parse = func(text, _ string) (parser.Expr, error) { return expression.Parse(text) }
	}
	expr, err := parse(t.Spec.Expr, t.Namespace)
	if err != nil {
		return value, append(errs, field.Invalid(spec.Child("expr"), t.Spec.Expr, err.Error()))
	}
	value.Expr, value.EmptyWhenHealthy, value.bounds = expr.String(), expression.EmptyWhenHealthy(expr), expression.BoundsOf(expr)
	value.series = expression.LabelsOf(expr)
	return value, errs
}
