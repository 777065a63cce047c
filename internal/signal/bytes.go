package signal

import (
	"math"
	"strings"
)

// byteSuffixes are those of Kubernetes' resource.Quantity, less the ones below 1: powers of two first, each kind from the greatest.
var byteSuffixes = []struct {
	suffix string
	bytes  float64
}{
	{"Ei", 1 << 60}, {"Pi", 1 << 50}, {"Ti", 1 << 40}, {"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10},
	{"E", 1e18}, {"P", 1e15}, {"T", 1e12}, {"G", 1e9}, {"M", 1e6}, {"k", 1e3},
}

func parseBytes(text string) (float64, bool) {
	for _, s := range byteSuffixes {
		if number, found := strings.CutSuffix(text, s.suffix); found {
			value, ok := parseFloat(number)
			return value * s.bytes, ok && !strings.ContainsAny(number, "eE")
		}
	}
	return parseFloat(text)
}

// formatBytes writes bytes with the greatest suffix that leaves four digits and two decimals at most, such as 1.5Gi or 5G.
func formatBytes(value float64) string {
	for _, s := range byteSuffixes {
		number := formatFloat(value / s.bytes)
		_, decimals, _ := strings.Cut(number, ".")
		size := math.Abs(value) / s.bytes
		if back, _ := parseBytes(number + s.suffix); size >= 1 && size < 1e4 && len(decimals) <= 2 && back == value {
			return number + s.suffix
		}
	}
	return formatFloat(value)
}

// Scale is what a value is divided by before it is rounded for people: the greatest power of 1024 in Bytes, and 1 otherwise.
func (u Unit) Scale(value float64) float64 {
	for _, s := range byteSuffixes {
		if u == Bytes && strings.HasSuffix(s.suffix, "i") && math.Abs(value) >= s.bytes {
			return s.bytes
		}
	}
	return 1
}
