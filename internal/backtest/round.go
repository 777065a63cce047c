package backtest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// roundUp is the least number of so many significant digits that is not less than v.
func roundUp(v float64, digits int) float64 {
	if v == 0 || math.IsInf(v, 0) {
		return v
	}
	nearest := strconv.FormatFloat(v, 'e', digits-1, 64)
	rounded := number(nearest)
	if rounded >= v {
		return rounded
	}
	_, exponent, _ := strings.Cut(nearest, "e")
	unit := number(fmt.Sprintf("1e%d", int(number(exponent))-digits+1)) // of the last digit
	return number(strconv.FormatFloat(rounded+unit, 'e', digits-1, 64))
}

// number reads what FormatFloat wrote.
func number(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64)
	return v
}
