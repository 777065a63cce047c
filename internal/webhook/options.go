package webhook

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// Options say whether and how the webhook is served. Its key pair is one of two: made and renewed here, when Service
// and Configuration are set, or somebody else's, such as cert-manager's, when CertDir is.
type Options struct {
	// Address is host:port to listen on; "0" for no webhook at all.
	Address string
	// CertDir is a folder with tls.crt and tls.key. Both may come later, and change.
	CertDir string
	// Service is the Service by which the API server finds the webhook. The key pair is made for its name and kept in
	// the Secret of the same namespace and name, which must exist.
	Service types.NamespacedName
	// Configuration is the ValidatingWebhookConfiguration that is told whom to trust.
	Configuration string
}

// AddFlags adds the command line's flags for the options.
func (o *Options) AddFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.Address, "webhook-bind-address", "0", "`address` to serve the admission webhook on; 0 for not at all")
	fs.StringVar(&o.CertDir, "webhook-cert-dir", "", "`folder` with the webhook's tls.crt and tls.key, as cert-manager writes them (default: made by the controller itself)")
	fs.Func("webhook-service", "`namespace/name` of the webhook's Service, and of the Secret in which the controller keeps the key pair that it makes", func(text string) error {
		namespace, name, found := strings.Cut(text, "/")
		if !found || namespace == "" || name == "" {
			return errors.New("write NAMESPACE/NAME")
		}
		o.Service = types.NamespacedName{Namespace: namespace, Name: name}
		return nil
	})
	fs.StringVar(&o.Configuration, "webhook-configuration", "", "`name` of the ValidatingWebhookConfiguration that the controller tells which key pair to trust")
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	if !o.serves() {
		return nil
	}
	var errs []error
	if _, _, err := o.listen(); err != nil {
		errs = append(errs, err)
	}
	made := o.Service.Name != "" || o.Configuration != ""
	switch {
	case o.CertDir != "" && made:
		errs = append(errs, errors.New("webhook: set the folder of its key pair, or the Service and configuration to make one for, not both"))
	case o.CertDir == "" && (o.Service.Name == "" || o.Configuration == ""):
		errs = append(errs, errors.New("webhook: set the folder of its key pair, or both the Service and the configuration to make one for"))
	}
	return errors.Join(errs...)
}

// serves reports whether the webhook is wanted. The zero Options are those of none.
func (o Options) serves() bool { return o.Address != "" && o.Address != "0" }

// listen is Address in its parts.
func (o Options) listen() (host string, port int, err error) {
	host, text, err := net.SplitHostPort(o.Address)
	if err != nil {
		return "", 0, fmt.Errorf("webhook address %q: must be host:port, such as :9443: %w", o.Address, err)
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || number == 0 {
		return "", 0, fmt.Errorf("webhook address %q: the port must lie between 1 and 65535", o.Address)
	}
	return host, int(number), nil
}
