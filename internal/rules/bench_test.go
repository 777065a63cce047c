package rules

import "testing"

// BenchmarkResolve reads a threshold with two levels, of a signal and of an expression.
func BenchmarkResolve(b *testing.B) {
	for _, sample := range []string{"http-latency", "custom-expression"} {
		b.Run(sample, func(b *testing.B) {
			at := readThreshold(b, "../../config/samples/"+sample+".yaml")
			for b.Loop() {
				if _, errs := Resolve(at); len(errs) > 0 {
					b.Fatal(errs)
				}
			}
		})
	}
}
