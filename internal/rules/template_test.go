package rules

import (
	"fmt"
	"strings"
	"testing"
)

// TestHostileTemplates: what one tenant's template must not do in the Prometheus of all.
func TestHostileTemplates(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"other tenants' series":  {`{{ query "up{namespace='kube-system'}" | first | value }}`, "query reads the series of every namespace"},
		"query in parentheses":   {`{{ if (gt (len (query "up")) 1) }}a{{ end }}`, "query reads the series of every namespace"},
		"query in a field":       {`{{ (first (query "up")).Labels }}`, "query reads the series of every namespace"},
		"query as an else":       {`{{ with $labels.pod }}a{{ else }}{{ query "up" }}{{ end }}`, "query reads the series of every namespace"},
		"work without end":       {`{{ range 1000000000 }}x{{ end }}`, "range may go over $labels only"},
		"work behind a variable": {`{{ $n := 1000000000 }}{{ range $n }}x{{ end }}`, "range may go over $labels only"},
		"a template of itself":   {`{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`, "define, block and template"},
		"a megabyte of blanks":   {`{{ printf "%1000000d" 1 }}`, "widths and precisions below 100"},
		"many digits":            {`{{ $value | printf "%.1000f" }}`, "widths and precisions below 100"},
		"a width as argument":    {`{{ printf "%*d" 1000000 1 }}`, "widths and precisions below 100"},
		"labels":                 {`{{ range $name, $text := $labels }}{{ $name }}={{ $text }} {{ end }}`, ""},
		"functions":              {`{{ with $labels.pod }}{{ . | toUpper }}{{ end }} {{ $value | humanizePercentage }} {{ printf "%.2f" .Value }}`, ""},
		"the word":               {`the query is slow, in {{ "query" }}`, ""},
	} {
		for _, field := range []string{"annotations", "labels"} {
			t.Run(name+" in "+field, func(t *testing.T) {
				at := threshold(t, `{alert: A, expr: up, levels: [{severity: w, above: 5}]}`)
				pairs := map[string]string{"text": tt.text}
				at.Spec.Annotations = pairs
				if field == "labels" {
					at.Spec.Annotations, at.Spec.Labels = nil, pairs
				}
				errs := Validate(at)
				if (len(errs) == 0) != (tt.want == "") {
					t.Fatalf("errors are %v, want %q", errs, tt.want)
				}
				if len(errs) > 0 && (errs[0].Field != "spec."+field+"[text]" || !strings.Contains(fmt.Sprint(errs), tt.want)) {
					t.Errorf("errors are %v, want %q", errs, tt.want)
				}
			})
		}
	}
}
