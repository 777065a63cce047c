package cluster

import (
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	serviceCIDR = "10.96.0.0/16"
	apiService  = "10.96.0.1" // of the Service kubernetes.default
	dnsService  = "10.96.0.10"
	podCIDR     = "10.244.0.0/24"
)

// controlPlane starts etcd, the API server and the controllers, and waits until the API server is ready.
func (c *Cluster) controlPlane(ctx context.Context) error {
	if err := c.steps.Do(ctx, "certificates and kubeconfigs", func(context.Context) error { return c.credentials() }); err != nil {
		return err
	}
	return c.steps.Do(ctx, "etcd, kube-apiserver, controllers", func(ctx context.Context) error {
		const policy = `{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}`
		if err := writeFile(c.auditPolicy(), []byte(policy), 0o644); err != nil {
			return err
		}
		return c.Revive(ctx)
	})
}

// Revive starts what of the control plane does not run, and returns when it serves.
func (c *Cluster) Revive(ctx context.Context) error {
	if err := errors.Join(c.Start(c.etcd()), c.Start(c.apiServer())); err != nil {
		return err
	}
	if err := c.waitReady(ctx); err != nil {
		return err
	}
	// Only now: the controllers end when the API server does not answer within ten seconds of their start.
	if err := c.Start(c.controllerManager()); err != nil || c.Depth != Node {
		return err
	}
	return c.Start(c.scheduler())
}

// identities are the clients of the API server: a key pair and a kubeconfig each.
var identities = map[string]pkix.Name{
	"admin":                   {CommonName: "plimsoll-admin", Organization: []string{"system:masters"}},
	"kube-controller-manager": {CommonName: "system:kube-controller-manager"},
	"kube-scheduler":          {CommonName: "system:kube-scheduler"},
	"kube-proxy":              {CommonName: "system:kube-proxy"},
	"kubelet":                 {CommonName: "system:node:" + nodeName, Organization: []string{"system:nodes"}},
}

func (c *Cluster) credentials() error {
	if err := c.pki.ensurePair("etcd", pkix.Name{CommonName: "etcd"}, "127.0.0.1", "localhost"); err != nil {
		return err
	}
	if err := c.pki.ensurePair("service-accounts", pkix.Name{CommonName: "service-accounts"}); err != nil {
		return err
	}
	err := c.pki.ensurePair("kube-apiserver", pkix.Name{CommonName: "kube-apiserver", Organization: []string{"system:masters"}},
		c.plan.Address, "127.0.0.1", apiService, "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
	if err != nil {
		return err
	}
	for name, subject := range identities {
		if err := c.pki.ensurePair(name, subject, nodeName, nodeAddress); err != nil {
			return err
		}
		if err := c.writeKubeconfig(name); err != nil {
			return err
		}
	}
	return nil
}

// kubeconfigOf is the kubeconfig file of an identity; the administrator's is for people and lies on top.
func (c *Cluster) kubeconfigOf(name string) string {
	if name == "admin" {
		return c.Kubeconfig()
	}
	return filepath.Join(c.pki.dir, name+".kubeconfig")
}

func (c *Cluster) writeKubeconfig(name string) error {
	return WriteKubeconfig(c.kubeconfigOf(name), clientcmdapi.Cluster{Server: c.URL(), CertificateAuthority: c.Authority()},
		clientcmdapi.AuthInfo{ClientCertificate: c.pki.crt(name), ClientKey: c.pki.pem(name)})
}

// WriteKubeconfig writes the file by which a client is user at a cluster.
func WriteKubeconfig(path string, cluster clientcmdapi.Cluster, user clientcmdapi.AuthInfo) error {
	const name = "plimsoll"
	part := path + ".part"
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{name: &cluster},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: &user},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	}, part)
	if err != nil {
		return err
	}
	return os.Rename(part, path)
}

// URL is where the API server listens.
func (c *Cluster) URL() string {
	return "https://" + net.JoinHostPort(c.plan.Address, strconv.Itoa(c.plan.Ports["kube-apiserver"]))
}

// Authority is the file with the certificate that signed the API server's.
func (c *Cluster) Authority() string { return c.pki.crt("ca") }

func (c *Cluster) etcdURL() string { return fmt.Sprintf("https://127.0.0.1:%d", c.plan.Ports["etcd"]) }

func (c *Cluster) etcd() Process {
	return Process{Name: "etcd", Path: filepath.Join(c.bin, "etcd"), Args: []string{
		"--data-dir", filepath.Join(c.dir, "etcd"),
		"--listen-client-urls", c.etcdURL(),
		"--advertise-client-urls", c.etcdURL(),
		"--listen-peer-urls", "http://127.0.0.1:0", // a cluster of one has no peers
		"--cert-file", c.pki.crt("etcd"), "--key-file", c.pki.pem("etcd"),
		"--client-cert-auth", "--trusted-ca-file", c.pki.crt("ca"),
		"--unsafe-no-fsync", // what lies here may be lost with the machine
	}}
}

func (c *Cluster) apiServer() Process {
	args := []string{
		"--bind-address", c.plan.Address,
		"--advertise-address", c.plan.Address,
		"--secure-port", strconv.Itoa(c.plan.Ports["kube-apiserver"]),
		"--etcd-servers", c.etcdURL(),
		"--etcd-cafile", c.pki.crt("ca"), "--etcd-certfile", c.pki.crt("etcd"), "--etcd-keyfile", c.pki.pem("etcd"),
		"--client-ca-file", c.pki.crt("ca"),
		"--tls-cert-file", c.pki.crt("kube-apiserver"), "--tls-private-key-file", c.pki.pem("kube-apiserver"),
		"--kubelet-certificate-authority", c.pki.crt("ca"),
		"--kubelet-client-certificate", c.pki.crt("kube-apiserver"), "--kubelet-client-key", c.pki.pem("kube-apiserver"),
		"--kubelet-preferred-address-types", "InternalIP",
		"--service-account-issuer", "https://kubernetes.default.svc",
		"--service-account-key-file", c.pki.crt("service-accounts"),
		"--service-account-signing-key-file", c.pki.pem("service-accounts"),
		"--service-cluster-ip-range", serviceCIDR,
		"--authorization-mode", "Node,RBAC",
		"--allow-privileged",
	}
	if c.Depth == ControlPlane {
		// A loopback address may not stand in an EndpointSlice, and no pod is there to ask for it.
		args = append(args, "--endpoint-reconciler-type", "none")
	}
	if c.audit != "" {
		args = append(args, "--audit-policy-file", c.auditPolicy(), "--audit-log-path", c.audit)
	}
	// Time for memory: collecting garbage is a fifth of its work otherwise.
	return Process{Name: "kube-apiserver", Path: filepath.Join(c.bin, "kube-apiserver"+c.kubernetes), Args: args, Env: []string{"GOGC=300"}}
}

func (c *Cluster) auditPolicy() string { return filepath.Join(c.dir, "audit-policy.yaml") }

func (c *Cluster) controllerManager() Process {
	return Process{Name: "kube-controller-manager", Path: filepath.Join(c.bin, "kube-controller-manager"+c.kubernetes), Args: []string{
		"--kubeconfig", c.kubeconfigOf("kube-controller-manager"),
		"--root-ca-file", c.pki.crt("ca"),
		"--service-account-private-key-file", c.pki.pem("service-accounts"),
		"--use-service-account-credentials",
		"--leader-elect=false",
		"--secure-port", "0",
	}}
}

func (c *Cluster) scheduler() Process {
	return Process{Name: "kube-scheduler", Path: filepath.Join(c.bin, "kube-scheduler"), Args: []string{
		"--kubeconfig", c.kubeconfigOf("kube-scheduler"),
		"--leader-elect=false",
		"--secure-port", "0",
	}}
}

// waitReady returns when the API server says that it is ready, or has ended.
func (c *Cluster) waitReady(ctx context.Context) error {
	client, err := c.HTTPClient()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	return Poll(ctx, 2*time.Minute, func(context.Context) error {
		for _, name := range []string{"etcd", "kube-apiserver"} {
			if pids, err := c.processes(name); err == nil && len(pids) == 0 {
				return &fatalError{fmt.Errorf("%s has ended:\n%s", name, c.tail(name))}
			}
		}
		resp, err := client.Get(c.URL() + "/readyz")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
			return fmt.Errorf("kube-apiserver is not ready: %s", body)
		}
		return nil
	})
}

// HTTPClient speaks to the API server as its administrator.
func (c *Cluster) HTTPClient() (*http.Client, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, err
	}
	cfg.Timeout = 5 * time.Second
	return rest.HTTPClientFor(cfg)
}
