package signal

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Unit is what a signal's value is measured in.
type Unit string

const (
	// Seconds is a duration in seconds.
	Seconds Unit = "Seconds"
	// Percent is a percentage, 0 to 100.
	Percent Unit = "Percent"
	// Ratio is a part of a whole, 0 to 1.
	Ratio Unit = "Ratio"
	// PerSecond is a rate, in events per second.
	PerSecond Unit = "PerSecond"
	// USD is an amount of US dollars.
	USD Unit = "USD"
	// Bytes is a size in bytes.
	Bytes Unit = "Bytes"
	// Number is a plain number.
	Number Unit = "Number"
)

// Units returns every unit.
func Units() []Unit { return []Unit{Seconds, Percent, Ratio, PerSecond, USD, Bytes, Number} }

// Parse reads a threshold in this unit, such as "250ms" in Seconds or "5%" in Ratio, and returns it in the metric's base
// unit: 0.25 and 0.05. Every unit but Seconds also takes a bare number; Seconds does not, for a bare 2000 is more often
// meant in milliseconds. Only a Number may be negative. The error says what the text must be.
func (u Unit) Parse(text string) (float64, error) {
	value, ok := u.parse(text)
	if !ok || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, errors.New("must be " + u.example())
	}
	if math.Signbit(value) && u != Number {
		return 0, errors.New("must not be negative, but " + u.example())
	}
	return value, nil
}

func (u Unit) parse(text string) (float64, bool) {
	switch u {
	case Seconds:
		return parseSeconds(text)
	case Percent:
		return parseFloat(strings.TrimSuffix(text, "%"))
	case Ratio:
		if percentage, found := strings.CutSuffix(text, "%"); found {
			value, ok := parseFloat(percentage)
			return value / 100, ok
		}
		return parseFloat(text)
	case PerSecond:
		return parseFloat(strings.TrimSuffix(text, "/s"))
	case USD:
		return parseFloat(strings.TrimPrefix(text, "$"))
	case Bytes:
		return parseBytes(text)
	case Number:
		return parseFloat(text)
	default:
		return 0, false
	}
}

// parseFloat takes decimal numbers, not Go's hexadecimal ones and none with underscores.
func parseFloat(text string) (float64, bool) {
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil && !strings.ContainsAny(text, "xX_")
}

// parseSeconds takes Prometheus durations (1d12h) and Go's, which may have fractions (1.5s); 0 needs no unit.
func parseSeconds(text string) (float64, bool) {
	if d, err := model.ParseDuration(text); err == nil {
		return time.Duration(d).Seconds(), true
	}
	d, err := time.ParseDuration(text)
	seconds := d.Seconds()
	if strings.HasPrefix(text, "-") {
		seconds = math.Copysign(seconds, -1) // also where it is 0
	}
	return seconds, err == nil
}

// example says what a threshold in this unit looks like.
func (u Unit) example() string {
	switch u {
	case Seconds:
		return `a duration with its unit, such as "2s" or "250ms"`
	case Percent:
		return `a percentage, such as "80%" or 80`
	case Ratio:
		return `a ratio, such as "5%" or "0.05"`
	case PerSecond:
		return `a rate per second, such as "0.05/s" or 20`
	case USD:
		return `an amount of US dollars, such as "$3" or "$0.50"`
	case Bytes:
		return `a size in bytes as Kubernetes writes it, such as "5Gi", "512Mi" or "1.5G"`
	default:
		return "a plain number, such as 20"
	}
}

// Format writes a value of this unit for people, such as 250ms, 5%, 0.05/s; Parse reads it back.
func (u Unit) Format(value float64) string {
	switch u {
	case Seconds:
		return formatSeconds(value)
	case Percent:
		return formatFloat(value) + "%"
	case Ratio:
		return strconv.FormatFloat(value*100, 'g', 12, 64) + "%"
	case PerSecond:
		return formatFloat(value) + "/s"
	case USD:
		return "$" + formatFloat(value)
	case Bytes:
		return formatBytes(value)
	default:
		return formatFloat(value)
	}
}

func formatFloat(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

// formatSeconds writes less than a second in milliseconds (250ms), a minute and more as Prometheus writes durations
// (1h30m), and what lies between, or is finer than a millisecond, as a decimal number of seconds (1.5s).
func formatSeconds(value float64) string {
	ms := math.Round(value * 1000)
	exact := math.Abs(value*1000-ms) < 1e-6
	switch {
	case exact && ms > 0 && value < 1, exact && value >= 60:
		return model.Duration(time.Duration(ms) * time.Millisecond).String()
	default:
		return formatFloat(value) + "s"
	}
}

// Template is the part of an alert's annotation that prints the alert's value in this unit.
func (u Unit) Template() string {
	switch u {
	case Seconds:
		return "{{ $value | humanizeDuration }}"
	case Percent:
		return plainNumber + "%"
	case Ratio:
		return "{{ $value | humanizePercentage }}"
	case PerSecond:
		return plainNumber + "/s"
	case USD:
		return "$" + plainNumber
	case Bytes:
		return "{{ $value | humanize1024 }}B"
	default:
		return plainNumber
	}
}

// plainNumber prints four digits, and of 1,000 and more all before the point: 12340 rather than 1.234e+04.
const plainNumber = `{{ $value | printf (or (and (lt $value 1e3) (gt $value -1e3) "%.4g") "%.0f") }}`
