//go:build integration

package controller_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller"
	"github.com/plimsoll-dev/plimsoll/internal/manager"
)

const (
	thresholdCRDs = "../../config/crd"
	ruleCRD       = "../../charts/plimsoll-stack/crds/monitoring.coreos.com_prometheusrules.yaml"
	roles         = "../../config/rbac/role.yaml"

	// controllerUser is whom the controller is taken for: it has the rights of the roles and no others.
	controllerUser = "plimsoll-controller"
	// controllerNamespace is the namespace that the roles were generated for.
	controllerNamespace = "plimsoll-system"
)

// admin, made from adminConfig, may do everything in the cluster that all tests but one share; a controller runs in it.
var (
	admin       client.Client
	adminConfig *rest.Config
)

func TestMain(m *testing.M) {
	controlplane.Main(func(cfg *rest.Config) (int, error) { return runWith(cfg, m) }, checkRights)
}

func runWith(cfg *rest.Config, m *testing.M) (code int, err error) {
	if err := installCRDs(cfg, thresholdCRDs, ruleCRD); err != nil {
		return 0, err
	}
	adminConfig = cfg
	if admin, err = newAdmin(cfg); err != nil {
		return 0, err
	}
	if err := grantRoles(admin); err != nil {
		return 0, err
	}
	stopController, err := runController(cfg, manager.Options{
		RuleLabels:              map[string]string{"release": "prometheus"},
		LeaderElection:          true,
		LeaderElectionNamespace: controllerNamespace,
		LeaderElectionID:        manager.DefaultLeaderElectionID,
	})
	if err != nil {
		return 0, err
	}
	return m.Run(), stopController()
}

// ownCluster is a cluster for one test alone, with those definitions and the roles granted.
func ownCluster(t *testing.T, crds ...string) (*rest.Config, client.Client) {
	t.Helper()
	cfg := controlplane.New(t)
	if err := installCRDs(cfg, crds...); err != nil {
		t.Fatal(err)
	}
	c, err := newAdmin(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := grantRoles(c); err != nil {
		t.Fatal(err)
	}
	return cfg, c
}

func installCRDs(cfg *rest.Config, paths ...string) error {
	_, err := envtest.InstallCRDs(cfg, envtest.CRDInstallOptions{Paths: paths, ErrorIfPathMissing: true})
	return err
}

func newAdmin(cfg *rest.Config) (client.Client, error) {
	scheme := runtime.NewScheme()
	err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme), monitoringv1.AddToScheme(scheme))
	if err != nil {
		return nil, err
	}
	return client.New(cfg, client.Options{Scheme: scheme})
}

// newLive is a client that sees objects as the controller does, past every cache.
func newLive(t *testing.T, cfg *rest.Config) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := controller.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	live, err := client.NewWithWatch(cfg, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return live
}

// runController runs the controller with the rights of the generated roles, which have been granted. The caller calls stop in the end.
func runController(cfg *rest.Config, o manager.Options) (stop func() error, err error) {
	cfg = rest.CopyConfig(cfg)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: controllerUser}
	o.MetricsAddress, o.ProbeAddress = "0", "0"
	o.Registerer = prometheus.NewRegistry()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	mgr, err := manager.New(cfg, o, logr.Discard())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	return func() error { cancel(); return <-done }, nil
}

func grantRoles(c client.Client) error {
	if err := create(c, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+controllerNamespace+"}"); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Clean(roles))
	if err != nil {
		return err
	}
	if err := create(c, string(text)); err != nil {
		return err
	}
	const bindings = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: plimsoll-controller}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: plimsoll-controller}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ` + controllerUser + `}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: plimsoll-controller, namespace: ` + controllerNamespace + `}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: plimsoll-controller}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ` + controllerUser + `}]
`
	return create(c, bindings)
}

// eventually calls check until it returns nil or the time is over.
func eventually(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	controlplane.Eventually(t, limit, check)
}
