package signal

import (
	"strings"
	"testing"
	"text/template"
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
