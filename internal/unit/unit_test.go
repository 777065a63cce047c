package unit

import (
	"strings"
	"testing"
	"text/template"

	"k8s.io/apimachinery/pkg/api/resource"
)

func TestUnitParse(t *testing.T) {
	for _, tc := range []struct {
		unit Unit
		text string
		want float64
	}{
		{Seconds, "2s", 2},
		{Seconds, "250ms", 0.25},
		{Seconds, "1.5s", 1.5},
		{Seconds, "1m30s", 90},
		{Seconds, "2d", 172800},
		{Seconds, "0", 0},
		{Percent, "80%", 80},
		{Percent, "80", 80},
		{Percent, "0.5%", 0.5},
		{Ratio, "5%", 0.05},
		{Ratio, "0.05", 0.05},
		{PerSecond, "0.05", 0.05},
		{PerSecond, "0.05/s", 0.05},
		{USD, "$3", 3},
		{USD, "3", 3},
		{USD, "$0.50", 0.5},
		{Number, "20", 20},
		{Number, "-3", -3},
		{Number, "1e3", 1000},
		{Bytes, "5Gi", 5 << 30},
		{Bytes, "512Mi", 512 << 20},
		{Bytes, "1.5G", 1.5e9},
		{Bytes, "64k", 64e3},
		{Bytes, "2E", 2e18},
		{Bytes, "1e3", 1000},
		{Bytes, "0.5Ti", 1 << 39},
		{Bytes, "1048576", 1 << 20},
	} {
		t.Run(string(tc.unit)+" "+tc.text, func(t *testing.T) {
			got, err := tc.unit.Parse(tc.text)
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if got != tc.want {
				t.Errorf("Parse = %v, want %v", got, tc.want)
			}
		})
	}
}

// TestBytesAreQuantities: sizes are written as in the resources of a pod.
func TestBytesAreQuantities(t *testing.T) {
	for _, text := range []string{"5Gi", "512Mi", "1.5G", "64k", "3Ki", "2E", "1E3", "1e3", "0", "7Pi", "0.25Ei", "12T", "5GB", "5gi", "5K", "1e3Gi", "5 Gi", "1.2.3M"} {
		got, err := Bytes.Parse(text)
		want, wantErr := resource.ParseQuantity(text)
		if (err == nil) != (wantErr == nil) || err == nil && got != want.AsApproximateFloat64() {
			t.Errorf("%s is %v, %v; a quantity is %v, %v", text, got, err, want.AsApproximateFloat64(), wantErr)
		}
	}
}

func TestUnitParseRefuses(t *testing.T) {
	for _, tc := range []struct {
		unit Unit
		text string
		want string
	}{
		{Seconds, "2", `such as "2s"`},
		{Seconds, "5%", `such as "2s"`},
		{Seconds, "-2s", "must not be negative"},
		{Seconds, "-0", "must not be negative"},
		{Seconds, "-0s", "must not be negative"},
		{Seconds, "-.0ms", "must not be negative"},
		{Seconds, "", "a duration with its unit"},
		{Percent, "2s", `such as "80%"`},
		{Percent, "-5%", "must not be negative"},
		{Percent, "-0%", "must not be negative"},
		{Percent, "80 %", "a percentage"},
		{Ratio, "5/s", "a ratio"},
		{PerSecond, "5%", "a rate per second"},
		{USD, "3$", "an amount of US dollars"},
		{USD, "$-3", "must not be negative"},
		{USD, "3%", `such as "$3"`},
		{Number, "20s", "a plain number"},
		{Number, "0x10", "a plain number"},
		{Number, "1_000", "a plain number"},
		{Percent, "1_0%", "a percentage"},
		{Ratio, "0.0_5", "a ratio"},
		{PerSecond, "1_000/s", "a rate per second"},
		{USD, "$1_000", "an amount of US dollars"},
		{Number, "NaN", "a plain number"},
		{Number, "+Inf", "a plain number"},
		{Number, `{"value": 2}`, "a plain number"},
		{Bytes, "5GB", `such as "5Gi", "512Mi" or "1.5G"`},
		{Bytes, "100m", "a size in bytes"},
		{Bytes, "1e3Gi", "a size in bytes"},
		{Bytes, "Gi", "a size in bytes"},
		{Bytes, "5 Gi", "a size in bytes"},
		{Bytes, "-5Gi", "must not be negative"},
		{Unit("Bananas"), "2", "must be"},
	} {
		t.Run(string(tc.unit)+" "+tc.text, func(t *testing.T) {
			value, err := tc.unit.Parse(tc.text)
			if err == nil {
				t.Fatalf("Parse = %v, want an error", value)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q does not contain %q", err, tc.want)
			}
		})
	}
}

func TestUnitFormat(t *testing.T) {
	for _, tc := range []struct {
		unit  Unit
		value float64
		want  string
	}{
		{Seconds, 2, "2s"},
		{Seconds, 0.25, "250ms"},
		{Seconds, 1.5, "1.5s"},
		{Seconds, 90, "1m30s"},
		{Seconds, 86400, "1d"},
		{Seconds, 0.0005, "0.0005s"},
		{Seconds, 0, "0s"},
		{Percent, 80, "80%"},
		{Ratio, 0.05, "5%"},
		{Ratio, 0.07, "7%"},
		{Ratio, 0.001, "0.1%"},
		{PerSecond, 0.05, "0.05/s"},
		{USD, 3, "$3"},
		{USD, 0.5, "$0.5"},
		{Bytes, 5 << 30, "5Gi"},
		{Bytes, 1.5 * (1 << 30), "1.5Gi"},
		{Bytes, 1000 << 20, "1000Mi"},
		{Bytes, 5e9, "5G"},
		{Bytes, 1500, "1.5k"},
		{Bytes, 4.83 * (1 << 30), "4.83Gi"},
		{Bytes, 1234567, "1234567"},
		{Bytes, 0.3, "0.3"},
		{Bytes, 0, "0"},
		{Number, 1e6, "1000000"},
		{Number, -3, "-3"},
	} {
		t.Run(tc.want, func(t *testing.T) {
			got := tc.unit.Format(tc.value)
			if got != tc.want {
				t.Errorf("Format = %q, want %q", got, tc.want)
			}
			if back, err := tc.unit.Parse(got); err != nil || back != tc.value {
				t.Errorf("Parse(%q) = %v, %v, want %v", got, back, err, tc.value)
			}
		})
	}
}

func TestTemplate(t *testing.T) {
	for _, tc := range []struct {
		unit  Unit
		value float64
		want  string
	}{
		{Number, 12340, "12340"},
		{Number, 1234567.8, "1234568"},
		{Number, -45678, "-45678"},
		{Number, 999.9, "999.9"},
		{Number, 0, "0"},
		{Number, 0.012346, "0.01235"},
		{PerSecond, 54321.9, "54322/s"},
		{USD, 12500, "$12500"},
		{USD, 0.5, "$0.5"},
		{Percent, 93.456, "93.46%"},
	} {
		var text strings.Builder
		err := template.Must(template.New("").Parse("{{ $value := . }}"+tc.unit.Template())).Execute(&text, tc.value)
		if err != nil || text.String() != tc.want {
			t.Errorf("%s of %v prints %q (%v), want %q", tc.unit, tc.value, &text, err, tc.want)
		}
	}
}
