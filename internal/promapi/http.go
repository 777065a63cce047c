package promapi

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/config"
)

// userAgent is that of every request.
var userAgent = config.WithUserAgent("plimsoll")

// quoted is what errors of YAML quote: it may be a secret.
var quoted = regexp.MustCompile("`[^`]*`|'[^']*'")

// httpConfig returns the settings of an HTTP client: those of the file, or the options' token and CA.
func (o Options) httpConfig() (config.HTTPClientConfig, error) {
	if o.HTTPConfigFile != "" {
		if o.TokenFile != "" || o.CAFile != "" {
			return config.HTTPClientConfig{}, errors.New("the token and CA files of Prometheus do not go with an HTTP configuration file: " +
				"name them in it, as authorization: {credentials_file: ...} and tls_config: {ca_file: ...}")
		}
		cfg, _, err := config.LoadHTTPConfigFile(o.HTTPConfigFile)
		if err != nil {
			return config.HTTPClientConfig{}, fmt.Errorf("reading the HTTP configuration file of Prometheus: %s", quoted.ReplaceAllString(err.Error(), "..."))
		}
		return *cfg, nil
	}
	cfg := config.DefaultHTTPClientConfig
	cfg.ProxyFromEnvironment = true
	cfg.TLSConfig.CAFile = o.CAFile
	if o.TokenFile != "" {
		cfg.Authorization = &config.Authorization{Type: "Bearer", CredentialsFile: o.TokenFile}
	}
	return cfg, nil
}

// httpClient returns an HTTP client with the options' settings, of whose answers no error repeats a secret, and the base of the URL.
func (o Options) httpClient(name string, more ...config.HTTPClientOption) (client *http.Client, base string, err error) {
	base, query, err := splitQuery(o.URL)
	if err != nil {
		return nil, "", fmt.Errorf("reading the URL of %s: %w", name, err)
	}
	cfg, err := o.httpConfig()
	if err != nil {
		return nil, "", err
	}
	client, err = config.NewClientFromConfig(cfg, name, append(more, userAgent)...)
	if err != nil {
		return nil, "", fmt.Errorf("setting up the client of %s: %w", name, err)
	}
	client.Transport = queried{discreet{client.Transport, secretHeaders(cfg)}, query}
	return client, base, nil
}

// secretHeaders are the headers whose values nobody may read.
func secretHeaders(cfg config.HTTPClientConfig) []string {
	names := []string{"Authorization"}
	if cfg.HTTPHeaders != nil {
		for name, header := range cfg.HTTPHeaders.Headers {
			if len(header.Secrets)+len(header.Files) > 0 {
				names = append(names, name)
			}
		}
	}
	return names
}

// secretsOf are the secrets that a request carries in those headers.
func secretsOf(req *http.Request, headers []string) []string {
	var secrets []string
	for _, name := range headers {
		for _, value := range req.Header.Values(name) {
			scheme, credentials, ok := strings.Cut(value, " ")
			if !ok || name != "Authorization" {
				secrets = append(secrets, value)
				continue
			}
			secrets = append(secrets, credentials)
			if decoded, err := base64.StdEncoding.DecodeString(credentials); err == nil && scheme == "Basic" {
				_, password, _ := strings.Cut(string(decoded), ":")
				secrets = append(secrets, password)
			}
		}
	}
	return slices.DeleteFunc(secrets, func(secret string) bool { return secret == "" })
}

// splitQuery takes the query off a URL: its parameters are those of every request.
func splitQuery(address string) (base string, query url.Values, err error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", nil, err
	}
	if query, err = url.ParseQuery(parsed.RawQuery); err != nil {
		return "", nil, err
	}
	parsed.RawQuery = ""
	return parsed.String(), query, nil
}

// queried adds parameters to the URL of every request.
type queried struct {
	http.RoundTripper
	query url.Values
}

// RoundTrip is http.RoundTripper's.
func (q queried) RoundTrip(req *http.Request) (*http.Response, error) {
	if len(q.query) == 0 {
		return q.RoundTripper.RoundTrip(req)
	}
	req = req.Clone(req.Context())
	query := req.URL.Query()
	for name, values := range q.query {
		query[name] = values
	}
	req.URL.RawQuery = query.Encode()
	return q.RoundTripper.RoundTrip(req)
}

// timed adds the time from each request until its answer has been read.
type timed struct {
	http.RoundTripper
	busy *atomic.Int64
}

// RoundTrip is http.RoundTripper's.
func (t timed) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := t.RoundTripper.RoundTrip(req)
	if err != nil {
		t.busy.Add(int64(time.Since(began)))
		return resp, err
	}
	resp.Body = &timedBody{ReadCloser: resp.Body, done: sync.OnceFunc(func() { t.busy.Add(int64(time.Since(began))) })}
	return resp, nil
}

type timedBody struct {
	io.ReadCloser
	done func()
}

// Close is io.Closer's.
func (b *timedBody) Close() error {
	b.done()
	return b.ReadCloser.Close()
}
