package claims

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"
)

// TestPeers takes the view of other controllers through what can become of their Leases and of the right to list them.
func TestPeers(t *testing.T) {
	lease := func(namespace string, labels map[string]string) *coordinationv1.Lease {
		l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "c", Labels: labels}}
		l.Annotations = map[string]string{WatchesAnnotation: AllNamespaces}
		l.Spec.HolderIdentity, l.Spec.RenewTime = ptr.To("pod"), ptr.To(metav1.NowMicro())
		return l
	}
	marked := map[string]string{ControllerLabel: "true"}
	cluster := fake.NewClientset(lease("one", marked), lease("kube-node-lease", nil))
	var fault error
	cluster.PrependReactor("list", "leases", func(clienttesting.Action) (bool, runtime.Object, error) { return fault != nil, nil, fault })
	p := &peers{leases: cluster.CoordinationV1(), self: "one/c", log: logr.Discard()}
	expect := func(what string, changed bool, names ...string) {
		t.Helper()
		if got := p.refresh(t.Context()); got != changed {
			t.Errorf("%s: changed is %t", what, got)
		}
		if got := slices.Sorted(maps.Keys(p.get(t.Context()))); !slices.Equal(got, names) {
			t.Errorf("%s: known are %v, want %v", what, got, names)
		}
	}

	fault = errors.New("away")
	if peerByName := p.get(t.Context()); peerByName != nil {
		t.Errorf("before the first answer known are %v", peerByName)
	}
	fault = nil
	expect("the first answer", true, "one/c")
	expect("no news", false, "one/c")
	two := lease("two", marked)
	if err := cluster.Tracker().Add(two); err != nil {
		t.Fatal(err)
	}
	expect("another comes", true, "one/c", "two/c")
	fault = errors.New("away")
	expect("the API server is away", false, "one/c", "two/c")
	fault = nil
	two.Spec.RenewTime = ptr.To(metav1.NewMicroTime(time.Now().Add(-time.Hour)))
	if _, err := cluster.CoordinationV1().Leases("two").Update(t.Context(), two, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	expect("the other is gone", true, "one/c", "two/c")
	if p.get(t.Context())["two/c"].serves("ai") {
		t.Error("a controller that is gone serves a namespace")
	}
	fault = apierrors.NewForbidden(coordinationv1.Resource("leases"), "", errors.New("no right"))
	expect("the right is taken away", true)
	if peerByName := p.get(t.Context()); peerByName == nil {
		t.Error("without the right all claims of others would count for ever")
	}
}
