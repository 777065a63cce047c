package alert

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/plimsoll-dev/plimsoll/internal/expression"
)

// Split is an expression of the form "value OP level".
type Split struct {
	// Value is the expression of what is watched, without its unit: an expression does not tell it.
	Value string
	// Op is >, >=, <, <=, == or !=, with the value on its left.
	Op string
	// Level is a finite number.
	Level float64
}

// Split returns the rule's value and level. Not ok when its expression is of another form, with bool for example: then the
// alert fires where the expression has a sample, and there is no level.
func (r Rule) Split() (s Split, ok bool) {
	s, _, ok = r.split()
	return s, ok
}

func (r Rule) split() (s Split, b *parser.BinaryExpr, ok bool) {
	expr, err := parse(r.Expr)
	if err != nil {
		return Split{}, nil, false
	}
	b, isBinary := expression.Unwrap(expr).(*parser.BinaryExpr)
	if !isBinary || b.ReturnBool || !b.Op.IsComparisonOperator() {
		return Split{}, nil, false
	}
	value, level, op := b.LHS, b.RHS, b.Op
	if value.Type() == parser.ValueTypeScalar {
		value, level, op = level, value, expression.Mirrored[op]
	}
	number, isNumber := expression.Constant(level)
	if value.Type() != parser.ValueTypeVector || !isNumber || math.IsNaN(number) || math.IsInf(number, 0) {
		return Split{}, nil, false
	}
	return Split{Value: expression.Unwrap(value).String(), Op: parser.ItemTypeStr[op], Level: number}, b, true
}

// WithLevel returns the rule with another level, which a greater or lesser value crosses: >= and <= become > and <. The
// rest of the expression stays as it is written. A rule that does not split stays as it is.
func (r Rule) WithLevel(level float64) Rule {
	s, b, ok := r.split()
	if !ok {
		return r
	}
	left, right := b.LHS.PositionRange(), b.RHS.PositionRange()
	operator := strings.NewReplacer(">=", ">", "<=", "<").Replace(r.Expr[left.End:right.Start])
	number := strconv.FormatFloat(level, 'f', -1, 64)
	changed := r
	if b.LHS.Type() == parser.ValueTypeScalar {
		changed.Expr = r.Expr[:left.Start] + number + operator + r.Expr[right.Start:]
	} else {
		changed.Expr = r.Expr[:left.End] + operator + number + r.Expr[right.End:]
	}
	want := Split{Value: s.Value, Op: strings.TrimSuffix(s.Op, "="), Level: level}
	if is, ok := changed.Split(); ok && is == want {
		return changed
	}
	changed.Expr = fmt.Sprintf("(%s) %s %s", want.Value, want.Op, number)
	return changed
}

// Above returns the level as one that a greater value crosses: value > level. Not ok when the alert fires otherwise.
func (s Split) Above() (level float64, ok bool) {
	switch s.Op {
	case ">":
		return s.Level, true
	case ">=":
		return math.Nextafter(s.Level, math.Inf(-1)), true
	}
	return 0, false
}

// Below returns the level as one that a lesser value crosses: value < level. Not ok when the alert fires otherwise.
func (s Split) Below() (level float64, ok bool) {
	switch s.Op {
	case "<":
		return s.Level, true
	case "<=":
		return math.Nextafter(s.Level, math.Inf(1)), true
	}
	return 0, false
}

// Presence returns an expression with the value 1 wherever the given one has a sample, whatever that is: NaN to the power of 0 is 1,
// too. A comparison has the value 0 where it does not hold, so that there is data all the time. What cannot be read stays as it is.
func Presence(expr string) string {
	parsed, err := parse(expr)
	if err != nil {
		return expr
	}
	if b, isBinary := expression.Unwrap(parsed).(*parser.BinaryExpr); isBinary && b.Op.IsComparisonOperator() && !b.ReturnBool {
		b.ReturnBool = true
		return b.String()
	}
	return "(" + parsed.String() + ") ^ 0"
}
