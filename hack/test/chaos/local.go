package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

// local are controllers that run as processes of this machine, with the chart's flags and the rights of the chart's
// ServiceAccount, and reach the API server through a proxy. One that ends is started again, as kubelet would.
type local struct {
	r          *harness
	proxy      *proxy
	program    string
	env        []string
	ports      map[string]int
	kubeconfig string

	cancel context.CancelFunc
	ended  sync.WaitGroup
}

var localNames = []string{"controller-a", "controller-b"}

// newLocal prepares to run the program; nothing runs yet but the proxy.
func newLocal(ctx context.Context, r *harness, program string) (*local, error) {
	var names []string
	for _, name := range localNames {
		names = append(names, name+"-metrics", name+"-health", name+"-webhook")
	}
	ports, err := r.c.Ports(names...)
	if err != nil {
		return nil, err
	}
	l := &local{r: r, program: program, ports: ports, kubeconfig: r.file("controller.kubeconfig")}
	if l.proxy, err = startProxy(r.c.URL(), r.c.Authority()); err != nil {
		return nil, err
	}
	token, err := r.tokenOf(ctx, namespace, demo.Controller)
	if err != nil {
		return nil, err
	}
	return l, cluster.WriteKubeconfig(l.kubeconfig,
		clientcmdapi.Cluster{Server: l.proxy.server.URL, CertificateAuthorityData: l.proxy.caPEM()}, clientcmdapi.AuthInfo{Token: token})
}

// tokenOf is a token of a ServiceAccount, good for the whole trial.
func (r *harness) tokenOf(ctx context.Context, namespace, name string) (string, error) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To(int64(86400))}}
	if err := r.client.SubResource("token").Create(ctx, account, request); err != nil {
		return "", fmt.Errorf("token of %s: %w", name, err)
	}
	return request.Status.Token, nil
}

func (l *local) address(name string) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(l.ports[name]))
}

func (l *local) process(name string) cluster.Process {
	args := []string{
		"--kubeconfig", l.kubeconfig, "--leader-elect", "--leader-election-id", eventSource, "--leader-election-namespace", namespace,
		"--leader-election-identity", name,
		"--metrics-bind-address", l.address(name + "-metrics"), "--metrics-secure",
		"--health-probe-bind-address", l.address(name + "-health"),
		"--webhook-bind-address", l.address(name + "-webhook"),
		"--webhook-service", namespace + "/" + webhookName, "--webhook-configuration", webhookConfig,
	}
	if l.r.prometheus != "" {
		args = append(args, "--prometheus-url", l.r.prometheus)
	}
	return cluster.Process{Name: name, Path: l.program, Args: args, Env: l.env}
}

// start starts the controllers and keeps them running until stop.
func (l *local) start(ctx context.Context) {
	ctx, l.cancel = context.WithCancel(ctx)
	l.ended.Go(func() {
		for ctx.Err() == nil {
			for _, name := range localNames {
				if err := l.r.c.Start(l.process(name)); err != nil {
					l.r.steps.Say("  %s does not start: %v", name, err)
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(250 * time.Millisecond):
			}
		}
	})
}

// stop ends the controllers politely.
func (l *local) stop(ctx context.Context) error {
	if l.cancel == nil {
		return nil
	}
	l.cancel()
	l.ended.Wait()
	l.cancel = nil
	for _, name := range localNames {
		if err := l.r.c.Stop(ctx, name, 20*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// close ends the controllers and the proxy.
func (l *local) close(ctx context.Context) error {
	defer l.proxy.stop()
	return l.stop(ctx)
}

// restartAs restarts the controllers as another program, and returns when they are ready.
func (l *local) restartAs(ctx context.Context, program string, env ...string) error {
	if err := l.stop(ctx); err != nil {
		return err
	}
	l.program, l.env = program, env
	l.start(ctx)
	return cluster.Poll(ctx, time.Minute, l.r.ready)
}

// replicas are the controllers that are ready.
func (l *local) replicas(ctx context.Context) []replica {
	var ready []replica
	for _, name := range localNames {
		if !answers(ctx, "http://"+l.address(name+"-health")+"/readyz") {
			continue
		}
		ready = append(ready, replica{
			name:    name,
			metrics: "https://" + l.address(name+"-metrics") + "/metrics",
			webhook: l.address(name + "-webhook"),
			kill:    func(ctx context.Context) error { return l.r.c.Kill(ctx, name) },
		})
	}
	return ready
}

// answers reports whether a URL is answered with 200.
func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
