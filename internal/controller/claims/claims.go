// Package claims decides which controller answers for a threshold, where several watch its namespace.
package claims

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// claimField is the index of the cache by who answers for a threshold, with these values.
const (
	claimField    = "plimsoll.dev/claim"
	claimedByUs   = "ours"
	claimedByPeer = "others"
)

// claimDelay is how long a new threshold in a namespace that nobody answers for yet is left to an older controller.
const claimDelay = 10 * time.Second

// Claim says who answers for a threshold. The zero Claim is of a controller that knows of no others.
type Claim struct {
	// Owner is the other controller that answers for it; empty when this one does.
	Owner string
	// Self is this controller's name, and Contenders are the others that watch the namespace, sorted.
	Self       string
	Contenders []string
	// Wait is how long an older controller may take to claim the threshold; zero for not at all.
	Wait time.Duration
}

// Claims knows which thresholds this controller answers for. A nil Claims answers for all.
type Claims struct {
	reader client.Reader
	peers  *peers
	log    logr.Logger

	mu sync.Mutex
	// yielded are the namespaces that are left to another controller, with its name.
	yielded map[string]string
}

// Add makes mgr look for other controllers by their Leases. self is this controller's name, and changed is called when the
// others change.
func Add(mgr ctrl.Manager, leases coordinationclient.LeasesGetter, self string, changed func(context.Context)) (*Claims, error) {
	log := mgr.GetLogger().WithName("claims")
	p := &peers{leases: leases, self: self, log: log, changed: changed}
	if err := mgr.Add(p); err != nil {
		return nil, fmt.Errorf("adding the watch of other controllers: %w", err)
	}
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.AlertThreshold{}, claimField, indexClaim(self)); err != nil {
		return nil, fmt.Errorf("indexing AlertThresholds by controller: %w", err)
	}
	return &Claims{reader: mgr.GetClient(), peers: p, log: log, yielded: map[string]string{}}, nil
}

// indexClaim returns a threshold's value in the index claimField for the controller self.
func indexClaim(self string) client.IndexerFunc {
	return func(object client.Object) []string {
		switch object.(*v1alpha1.AlertThreshold).Status.Controller {
		case "":
			return nil
		case self:
			return []string{claimedByUs}
		default:
			return []string{claimedByPeer}
		}
	}
}

// Of returns who answers for the threshold.
func (c *Claims) Of(ctx context.Context, t *v1alpha1.AlertThreshold) (Claim, error) {
	if c == nil {
		return Claim{}, nil
	}
	peerByName := c.peers.get(ctx)
	theirs, err := c.list(ctx, t.Namespace, claimedByPeer)
	if err != nil {
		return Claim{}, err
	}
	var own []v1alpha1.AlertThreshold
	// They may be many: they are read only where they decide. Leases of controllers that are gone dispute nothing.
	if len(theirs) > 0 || t.Status.Controller != c.peers.self && len(contenders(c.peers.self, t.Namespace, peerByName)) > 0 {
		if own, err = c.list(ctx, t.Namespace, claimedByUs); err != nil {
			return Claim{}, err
		}
	}
	result := newClaim(c.peers.self, t, own, theirs, peerByName, time.Now())
	c.logChange(t.Namespace, result.Owner)
	return result, nil
}

// list returns the namespace's thresholds with that value in the index. They are the cache's own: read only.
func (c *Claims) list(ctx context.Context, namespace, value string) ([]v1alpha1.AlertThreshold, error) {
	var list v1alpha1.AlertThresholdList
	err := c.reader.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{claimField: value}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("listing the AlertThresholds of namespace %s: %w", namespace, err)
	}
	return list.Items, nil
}

// logChange logs, once each, that a namespace is left to another controller, and that it no longer is.
func (c *Claims) logChange(namespace, owner string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.yielded[namespace]
	switch owner {
	case was:
	case "":
		delete(c.yielded, namespace)
		c.log.Info("this controller answers for the namespace from now on", "namespace", namespace, "before", was)
	default:
		c.yielded[namespace] = owner
		c.log.Info("another controller answers for the namespace: its AlertThresholds are left alone; "+
			"uninstall one of the two, or tell each with --namespaces which ones to watch", "namespace", namespace, "controller", owner, "self", c.peers.self)
	}
}

// newClaim decides who answers for t, given the thresholds of its namespace that this controller and others have claimed,
// and the controllers there are; nil when not known. The oldest claimed threshold decides, so that all controllers agree. It
// is pure.
func newClaim(self string, t *v1alpha1.AlertThreshold, own, theirs []v1alpha1.AlertThreshold, peerByName map[string]peer, now time.Time) Claim {
	c := Claim{Self: self, Contenders: contenders(self, t.Namespace, peerByName)}
	theirs = slices.DeleteFunc(slices.Clone(theirs), func(t v1alpha1.AlertThreshold) bool {
		return peerByName != nil && !slices.Contains(c.Contenders, t.Status.Controller)
	})
	if len(theirs) > 0 {
		if first := slices.MinFunc(theirs, byAge); len(own) == 0 || byAge(first, slices.MinFunc(own, byAge)) < 0 {
			c.Owner = first.Status.Controller
		}
		return c
	}
	age := now.Sub(t.CreationTimestamp.Time)
	older := func(name string) bool {
		is, mine := peerByName[name], peerByName[self]
		return is.created.Before(mine.created) || is.created.Equal(mine.created) && name < self
	}
	if t.Status.Controller != self && len(own) == 0 && age >= 0 && age < claimDelay && slices.ContainsFunc(c.Contenders, older) {
		c.Wait = claimDelay - age
	}
	return c
}

// contenders are the other controllers that serve the namespace, sorted.
func contenders(self, namespace string, peerByName map[string]peer) (names []string) {
	for name, p := range peerByName {
		if name != self && p.serves(namespace) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// byAge orders thresholds by age, the oldest first.
func byAge(a, b v1alpha1.AlertThreshold) int {
	if order := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); order != 0 {
		return order
	}
	return strings.Compare(a.Name, b.Name)
}
