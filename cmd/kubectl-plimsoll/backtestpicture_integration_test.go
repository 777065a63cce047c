//go:build integration

package main

import (
	"encoding/xml"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBacktestPicture draws thresholds and rules of a real Prometheus: as many bands as there are fires, and what says so beside them.
func TestBacktestPicture(t *testing.T) {
	server := serverWithCPU(t, "", spikes)
	const rules = `
groups:
- name: node
  rules:
  - {alert: Busy, expr: 'max by (pod) (system_cpu_usage_percent) >= 80', for: 5m, labels: {severity: page}}
  - {alert: There, expr: 'system_cpu_usage_percent{pod="one"} > bool 80 == 1'}
  - {alert: Never, expr: 'nothing > 1'}
  - {alert: Broken, expr: 'system_cpu_usage_percent * on (namespace) system_cpu_usage_percent'}
`
	args := []string{"backtest", "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339)}
	for name, tc := range map[string]struct {
		stdin, alert string
		// bands are of the first level, lines those of all levels.
		bands, lines int
		says         []string
	}{
		"threshold": {cpuLevels, "", 7, 2, []string{"AlertThreshold ai/cpu", "CPU usage, worst series", "100% covered", "80%", "warning 80%", "critical 95%",
			"&gt; 80% for 5m: 7 fires, firing 6h25m, longest 55m", "&gt; 95%: 0 fires", "times are UTC"}},
		"band":  {strings.Replace(cpuLevels, "above: 80", "above: 80, below: 5", 1), "", 7, 3, []string{"warning 80%", "warning 5%", "&gt; 80% or &lt; 5% for 5m: 7 fires"}},
		"rule":  {rules, "Busy", 7, 1, []string{"Alert node/Busy", "max by (pod) (system_cpu_usage_percent), worst series", "page 80", "&gt;= 80 for 5m: 7 fires"}},
		"never": {rules, "Never", 0, 1, []string{"Never 1", "&gt; 1: 0 fires", "gray: no value"}},
	} {
		got := call(t, tc.stdin, append(args, "-o", "svg", "--alert", tc.alert)...)
		var root struct {
			Group struct {
				Paths []struct {
					Style string `xml:"style,attr"`
				} `xml:"path"`
			} `xml:"g"`
		}
		if err := xml.Unmarshal([]byte(got.stdout), &root); err != nil || got.code != 0 {
			t.Fatalf("%s: exit code %d, %v: %s", name, got.code, err, got.stderr)
		}
		bands, lines := 0, 0
		for _, path := range root.Group.Paths {
			if strings.Contains(path.Style, "fill:#D98B00") {
				bands++
			}
			if strings.Contains(path.Style, "stroke-dasharray") {
				lines++
			}
		}
		if bands != tc.bands || lines != tc.lines {
			t.Errorf("%s: %d bands and %d lines, want %d and %d", name, bands, lines, tc.bands, tc.lines)
		}
		for _, want := range tc.says {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("%s: it does not say %q:\n%s", name, want, got.stdout)
			}
		}
		picture := call(t, tc.stdin, append(args, "-o", "png", "--alert", tc.alert)...)
		if dir := os.Getenv("PLIMSOLL_TEST_PICTURES"); dir != "" { // for people to look at
			if err := os.WriteFile(filepath.Join(dir, name+"-real.png"), []byte(picture.stdout), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if decoded, err := png.Decode(strings.NewReader(picture.stdout)); err != nil || decoded.Bounds().Dx() != 1800 {
			t.Errorf("%s: %v: %s", name, err, picture.stderr)
		}
	}
	for name, tc := range map[string]struct {
		stdin  string
		args   []string
		code   int
		stderr string
	}{
		"several":  {rules, nil, 2, "-o svg draws one AlertThreshold or alert, and there are 4: name one, or use --alert"},
		"too many": {cpuLevels, []string{"--max-fires", "3"}, 1, "would have fired 7 times, more than --max-fires 3"},
		"broken":   {rules, []string{"--alert", "Broken"}, 1, "backtesting node/Broken: giving up at "},
		"no level": {rules, []string{"--alert", "There"}, 0, ""},
	} {
		got := call(t, tc.stdin, append(append(args, "-o", "svg"), tc.args...)...)
		if got.code != tc.code || !strings.Contains(got.stderr, tc.stderr) || (got.stdout == "") != (name == "several" || name == "broken") {
			t.Errorf("%s: exit code %d, want %d: %d bytes, %s", name, got.code, tc.code, len(got.stdout), got.stderr)
		}
	}
}
