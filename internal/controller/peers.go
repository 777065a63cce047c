package controller

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

const (
	// peerInterval is how often the other controllers' Leases are read.
	peerInterval = 15 * time.Second
	// goneAfter is how long a controller's Lease is not renewed before another may take its thresholds over: longer than a
	// pod takes to come back on another node, which Kubernetes waits five minutes for.
	goneAfter = 10 * time.Minute
	// releasedAfter is the same for a Lease that its holder gave up, as an uninstalled controller does, and one that is rolled
	// out again for a moment.
	releasedAfter = time.Minute
)

// peer is a Plimsoll controller as its Lease shows it.
type peer struct {
	// watches are the namespaces, sorted; nil for all.
	watches []string
	created time.Time
	// lives: its Lease is renewed, or was not long ago.
	lives bool
}

// serves reports whether the controller lives and watches the namespace.
func (p peer) serves(namespace string) bool {
	return p.lives && (p.watches == nil || slices.Contains(p.watches, namespace))
}

func (p peer) equal(other peer) bool {
	return p.lives == other.lives && p.created.Equal(other.created) && slices.Equal(p.watches, other.watches)
}

func newPeer(lease *coordinationv1.Lease, now time.Time) peer {
	limit := goneAfter
	if holder(lease) == "" {
		limit = releasedAfter
	}
	p := peer{created: lease.CreationTimestamp.Time, lives: now.Sub(ptr.Deref(lease.Spec.RenewTime, metav1.MicroTime{}).Time) < limit}
	if text := lease.Annotations[watchesAnnotation]; text != allNamespaces {
		p.watches = strings.Split(text, ",")
		slices.Sort(p.watches)
	}
	return p
}

// peers keeps an eye on all Plimsoll controllers of the cluster, this one among them, by their Leases.
type peers struct {
	leases coordinationclient.LeasesGetter
	// self is this controller's name among them.
	self string
	log  logr.Logger
	// changed is told after another controller has come, gone, or changed what it watches.
	changed func(context.Context)

	mu sync.Mutex
	// known are the controllers by name; nil while they could not be read.
	known map[string]peer
	asked bool
	// failing: the last reading failed, and the log says so.
	failing bool
}

// NeedLeaderElection says that only the leader looks.
func (p *peers) NeedLeaderElection() bool { return true }

// Start looks until ctx ends.
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

// refresh reads the controllers again, and reports whether others are known now than were.
func (p *peers) refresh(ctx context.Context) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, asked := p.known, p.asked
	p.read(ctx)
	return asked && !maps.EqualFunc(before, p.known, peer.equal)
}

// get returns the controllers by name; nil when they cannot be read, and empty when this controller may not read them.
func (p *peers) get(ctx context.Context) map[string]peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked {
		p.read(ctx)
	}
	return p.known
}

// read lists the Leases. The lock must be held. While they cannot be listed, what was read last stands; without the right to
// list them nobody else's claim can be told from that of a controller which is gone, and none counts.
func (p *peers) read(ctx context.Context) {
	list, err := p.leases.Leases(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: controllerLabel + "=true"})
	if ctx.Err() != nil {
		return
	}
	p.asked = true
	if err != nil {
		if !p.failing {
			p.log.Error(err, "listing the Leases of other controllers failed")
		}
		p.failing = true
		if apierrors.IsForbidden(err) {
			p.known = map[string]peer{}
		}
		return
	}
	p.failing = false
	now := time.Now()
	p.known = make(map[string]peer, len(list.Items))
	for i := range list.Items {
		lease := &list.Items[i]
		p.known[types.NamespacedName{Namespace: lease.Namespace, Name: lease.Name}.String()] = newPeer(lease, now)
	}
}
