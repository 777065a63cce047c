// Package promapi asks a Prometheus, or any server with its HTTP API, what it holds, and the Alertmanagers that it sends to.
// Controller, webhook and command line ask through here and nowhere else.
package promapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

const (
	// DefaultTimeout is how long one request may take when Options do not say.
	DefaultTimeout = 30 * time.Second
	// DefaultMaxPoints is how many points of a series one request asks for when Options do not say. Prometheus refuses
	// more than 11,000; a quarter of it keeps one answer small where there are many series.
	DefaultMaxPoints = 2750
	// maxPoints is what Prometheus lets a request ask for.
	maxPoints = 11000
	// maxAnswer is how large the answer to a query may be, in bytes: about two million points.
	maxAnswer = 64 << 20
)

// Options say which server is asked, and how hard.
type Options struct {
	// URL is the server's base, under which api/v1/query is found; it may have a path, as Mimir's and Thanos' may. Parameters of its
	// query, such as the namespace that OpenShift's tenancy port asks for, go with every request.
	URL string
	// HTTPConfigFile is a YAML file with basic_auth, authorization, oauth2, tls_config, http_headers and the like, as Prometheus
	// and promtool read them; empty for none. It is read once, the files that it names whenever they change.
	HTTPConfigFile string
	// TokenFile holds a bearer token and is read anew for every request; empty for none.
	TokenFile string
	// CAFile holds the certificates, in PEM, that the server's is checked against, and is read anew when it changes;
	// empty for the system's.
	CAFile string
	// Timeout of one request; zero for DefaultTimeout.
	Timeout time.Duration
	// MaxPoints is how many points of each series one range request asks for; zero for DefaultMaxPoints.
	MaxPoints int
}

// Validate returns what is wrong with the options, before anything is connected to.
func (o Options) Validate() error {
	var errs []error
	address, err := url.Parse(o.URL)
	switch {
	case err != nil:
		errs = append(errs, errors.New("the URL of Prometheus cannot be read: write http://HOST:PORT"))
	case address.Scheme != "http" && address.Scheme != "https", address.Host == "":
		errs = append(errs, fmt.Errorf("the URL of Prometheus %q must be http://HOST:PORT or https://HOST:PORT", address.Redacted()))
	case address.User != nil:
		errs = append(errs, errors.New("the URL of Prometheus must not hold a password: put it into a file, and name that in basic_auth of the HTTP configuration file"))
	case address.Fragment != "", strings.HasSuffix(strings.TrimRight(address.Path, "/"), "/api/v1"):
		errs = append(errs, fmt.Errorf("the URL of Prometheus %q must be its base: remove the fragment and /api/v1", o.URL))
	default:
		if _, _, err := splitQuery(o.URL); err != nil {
			errs = append(errs, errors.New("the parameters in the URL of Prometheus cannot be read: write ?NAME=VALUE"))
		}
	}
	if o.HTTPConfigFile != "" {
		if _, err := o.httpConfig(); err != nil {
			errs = append(errs, err)
		}
	}
	for _, file := range []struct{ what, path string }{{"bearer token", o.TokenFile}, {"CA", o.CAFile}} {
		if file.path == "" {
			continue
		}
		if _, err := os.ReadFile(file.path); err != nil {
			errs = append(errs, fmt.Errorf("reading the %s file of Prometheus: %w", file.what, err))
		}
	}
	if o.Timeout < 0 {
		errs = append(errs, errors.New("the timeout of Prometheus must not be negative"))
	}
	if o.MaxPoints < 0 || o.MaxPoints > maxPoints {
		errs = append(errs, fmt.Errorf("the points of one request must be at most %d, which is all that Prometheus answers", maxPoints))
	}
	return errors.Join(errs...)
}

// Client asks one server. It is safe for several goroutines.
type Client struct {
	http      *http.Client
	client    api.Client
	api       prometheusv1.API
	timeout   time.Duration
	maxPoints int
	busy      *atomic.Int64
	memory    *memory // nil for none
}

// Busy is how long the server has taken for all answers to queries so far, with the time on their way.
func (c *Client) Busy() time.Duration { return time.Duration(c.busy.Load()) }

// New returns a client of the options' server, which is not asked yet.
func New(o Options) (*Client, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	httpClient, base, err := o.httpClient("Prometheus")
	if err != nil {
		return nil, err
	}
	httpClient.Transport = traced{httpClient.Transport}
	busy := &atomic.Int64{}
	client, err := api.NewClient(api.Config{Address: base, RoundTripper: timed{capped{httpClient.Transport, maxAnswer}, busy}})
	if err != nil {
		return nil, fmt.Errorf("setting up the client of Prometheus: %w", err)
	}
	c := &Client{
		http: httpClient, client: client, api: prometheusv1.NewAPI(client),
		timeout: o.Timeout, maxPoints: o.MaxPoints, busy: busy,
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.maxPoints == 0 {
		c.maxPoints = DefaultMaxPoints
	}
	return c, nil
}
