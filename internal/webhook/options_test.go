package webhook

import (
	"flag"
	"io"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func parse(args ...string) (Options, error) {
	var o Options
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	o.AddFlags(fs)
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	return o, o.Validate()
}

func TestOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want Options
	}{
		"none": {nil, Options{Address: "0"}},
		"key pair made": {
			[]string{"--webhook-bind-address=:9443", "--webhook-service=ai/hook", "--webhook-configuration=hook"},
			Options{Address: ":9443", Service: types.NamespacedName{Namespace: "ai", Name: "hook"}, Configuration: "hook"},
		},
		"key pair given": {
			[]string{"--webhook-bind-address=[::1]:9443", "--webhook-cert-dir=/certs"},
			Options{Address: "[::1]:9443", CertDir: "/certs"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parse(tc.args...); err != nil || got != tc.want {
				t.Errorf("options = %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

func TestOptionsRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"no key pair":           {[]string{"--webhook-bind-address=:9443"}, "set the folder of its key pair, or both"},
		"half of a Service's":   {[]string{"--webhook-bind-address=:9443", "--webhook-service=a/b"}, "or both the Service and the configuration"},
		"two key pairs":         {[]string{"--webhook-bind-address=:9443", "--webhook-cert-dir=x", "--webhook-configuration=a"}, "not both"},
		"no port":               {[]string{"--webhook-bind-address=localhost", "--webhook-cert-dir=x"}, "must be host:port, such as :9443"},
		"port 0":                {[]string{"--webhook-bind-address=:0", "--webhook-cert-dir=x"}, "between 1 and 65535"},
		"Service, no namespace": {[]string{"--webhook-service=hook"}, "write NAMESPACE/NAME"},
		"Service, no name":      {[]string{"--webhook-service=hook/"}, "write NAMESPACE/NAME"},
	} {
		t.Run(name, func(t *testing.T) {
			if o, err := parse(tc.args...); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("options = %+v, error %v, want one that says %q", o, err, tc.says)
			}
		})
	}
}
