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
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(math.Abs(v), 'e', -1, 64), "e")
	cut := mantissa[:min(len(mantissa), digits+1)] // a digit, the point, and the others
	toZero := math.Copysign(number(cut+"e"+exponent), v)
	if toZero >= v {
		return toZero
	}
	unit := number(fmt.Sprintf("1e%d", int(number(exponent))-digits+1)) // of the last digit
	return number(strconv.FormatFloat(toZero+unit, 'e', digits-1, 64))
}

// number reads what FormatFloat wrote.
func number(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64)
	return v
}
