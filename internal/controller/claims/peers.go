package claims

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/utils/ptr"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=list

// Marks of a controller's Lease, by which other controllers find it.
const (
	// ControllerLabel is "true" on every such Lease.
	ControllerLabel = "plimsoll.dev/controller"
	// WatchesAnnotation holds the namespaces that the controller watches, separated by commas, or AllNamespaces.
	WatchesAnnotation = "plimsoll.dev/watches"
	AllNamespaces     = "*"
)

const (
	// peerInterval is how often the other controllers' Leases are read.
	peerInterval = 15 * time.Second
	// leaseTimeout is how long a Lease is not renewed before another controller may take the thresholds over: longer than a
	// pod takes to come back on another node, which Kubernetes waits five minutes for.
	leaseTimeout = 10 * time.Minute
	// releasedLeaseTimeout is the same for a Lease that its holder gave up, when it was uninstalled or is being rolled out.
	releasedLeaseTimeout = time.Minute
)

// peer is a Plimsoll controller as its Lease shows it.
type peer struct {
	// watches are the namespaces, sorted; nil for all.
	watches []string
	created time.Time
	// isAlive: its Lease is renewed, or was not long ago.
	isAlive bool
}

// serves reports whether the controller is alive and watches the namespace.
func (p peer) serves(namespace string) bool {
	return p.isAlive && (p.watches == nil || slices.Contains(p.watches, namespace))
}

func (p peer) equal(other peer) bool {
	return p.isAlive == other.isAlive && p.created.Equal(other.created) && slices.Equal(p.watches, other.watches)
}

func newPeer(lease *coordinationv1.Lease, now time.Time) peer {
	timeout := leaseTimeout
	if ptr.Deref(lease.Spec.HolderIdentity, "") == "" {
		timeout = releasedLeaseTimeout
	}
	p := peer{created: lease.CreationTimestamp.Time, isAlive: now.Sub(ptr.Deref(lease.Spec.RenewTime, metav1.MicroTime{}).Time) < timeout}
	if text := lease.Annotations[WatchesAnnotation]; text != AllNamespaces {
		p.watches = strings.Split(text, ",")
		slices.Sort(p.watches)
	}
	return p
}

// peers lists the Plimsoll controllers of the cluster, this one among them, by their Leases.
type peers struct {
	leases coordinationclient.LeasesGetter
	// self is this controller's name among them.
	self string
	log  logr.Logger
	// changed is called after another controller has come, gone, or changed what it watches.
	changed func(context.Context)

	mu sync.Mutex
	// byName are the controllers; nil while they could not be read.
	byName map[string]peer
	// isRead: they were read once, or that failed.
	isRead bool
	// isFailing: the last reading failed, and the log says so.
	isFailing bool
}

// NeedLeaderElection says that only the leader reads them.
func (p *peers) NeedLeaderElection() bool { return true }

// Start reads them at every interval until ctx ends.
func (p *peers) Start(ctx context.Context) error {
	ticker := time.NewTicker(peerInterval)
	defer ticker.Stop()
	for {
		if p.refresh(ctx) {
			p.changed(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// refresh reads the controllers again, and reports whether they have changed.
func (p *peers) refresh(ctx context.Context) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, wasRead := p.byName, p.isRead
	p.read(ctx)
	return wasRead && !maps.EqualFunc(before, p.byName, peer.equal)
}

// get returns the controllers by name; nil when they cannot be read, and empty when this controller may not read them.
func (p *peers) get(ctx context.Context) map[string]peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isRead {
		p.read(ctx)
	}
	return p.byName
}

// read lists the Leases; the lock must be held. While that fails, the last list stands. Without the right to list them no
// other controller's claim counts, for it may be long gone.
func (p *peers) read(ctx context.Context) {
	list, err := p.leases.Leases(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: ControllerLabel + "=true"})
	if ctx.Err() != nil {
		return
	}
	p.isRead = true
	if err != nil {
		if !p.isFailing {
			p.log.Error(err, "listing the Leases of other controllers failed")
		}
		p.isFailing = true
		if apierrors.IsForbidden(err) {
			p.byName = map[string]peer{}
		}
		return
	}
	p.isFailing = false
	now := time.Now()
	p.byName = make(map[string]peer, len(list.Items))
	for i := range list.Items {
		lease := &list.Items[i]
		p.byName[types.NamespacedName{Namespace: lease.Namespace, Name: lease.Name}.String()] = newPeer(lease, now)
	}
}
