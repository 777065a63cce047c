package backtest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// FilterExpr returns an expression with only those samples of the given one that cross one of the levels. A replay of it has
// the same episodes, since to an alert no sample and one that does not cross are the same; most samples stay with the server,
// and the coverage is not known.
func FilterExpr(expr string, levels []rules.Level) (string, error) {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return "", fmt.Errorf("parsing the expression to replay: %w", err)
	}
	vector := "(" + expr + ")"
	if parsed.Type() == parser.ValueTypeScalar {
		vector = "vector" + vector // only a vector can be filtered
	}
	least, greatest := math.Inf(1), math.Inf(-1)
	for _, level := range levels {
		for _, side := range level.Sides() {
			if side.Comparison == rules.Below {
				greatest = max(greatest, side.Value)
			} else {
				least = min(least, side.Value)
			}
		}
	}
	var sides []string
	if !math.IsInf(least, 1) {
		sides = append(sides, vector+" > "+strconv.FormatFloat(least, 'f', -1, 64))
	}
	if !math.IsInf(greatest, -1) {
		sides = append(sides, vector+" < "+strconv.FormatFloat(greatest, 'f', -1, 64))
	}
	if len(sides) == 0 {
		return "", errors.New("filtering the expression to replay: there is no level")
	}
	return strings.Join(sides, " or "), nil
}
