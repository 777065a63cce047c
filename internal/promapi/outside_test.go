//go:build integration

package promapi

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestOutsideNamespace asks a real Prometheus where series are that a threshold does not find.
func TestOutsideNamespace(t *testing.T) {
	server := prometheusserver.StartScraping(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `
secret{namespace="bank",customer="x"} 9
orphan{customer="x"} 7
lost{namespace="monitoring",exported_namespace="ai",pod="p"} 3
mine{namespace="ai"} 1
mine{customer="x"} 1
`)
	}))
	client := newClient(t, Options{URL: server.URL()})
	controlplane.Eventually(t, time.Minute, func() error {
		if !client.Holds(t.Context(), "orphan and on () secret") {
			return errors.New("nothing was scraped yet")
		}
		return nil
	})
	for expr, want := range map[string]string{
		"orphan":                  "orphan has series without the label namespace",
		`sum(rate(orphan[5m]))`:   "orphan has series without the label namespace",
		`orphan{customer="y"}`:    "orphan has series without the label namespace", // whatever labels those have
		`absent(orphan)`:          "orphan has series without the label namespace",
		"lost":                    `lost has series with exported_namespace="ai"`,
		`lost{pod="p"}`:           `lost has series with exported_namespace="ai"`,
		`lost{pod="q"}`:           "",
		"secret":                  "",
		`secret{customer=~"x|y"}`: "",
		"mine":                    "",
		`mine{customer="x"}`:      "",
		"nothing":                 "",
		"vector(1)":               "",
		`orphan / lost`:           `lost has series with exported_namespace="ai"`,
	} {
		at := &v1alpha1.AlertThreshold{}
		at.Namespace, at.Name = "ai", "x"
		at.Spec.Alert, at.Spec.Expr, at.Spec.Levels = "X", expr, []v1alpha1.Level{{Severity: "warning", Above: "1"}}
		plan, errs := rules.Resolve(at)
		if len(errs) > 0 {
			t.Fatal(errs.ToAggregate())
		}
		got := strings.Join(client.Outside(t.Context(), plan, time.Now()), "\n")
		if !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
		unconfined, errs := rules.Options{UnconfinedNamespaces: []string{"ai"}}.Resolve(at)
		if len(errs) > 0 {
			t.Fatal(errs.ToAggregate())
		}
		if got := client.Outside(t.Context(), unconfined, time.Now()); len(got) > 0 {
			t.Errorf("%s is not confined, and yet %q", expr, got)
		}
	}
}
