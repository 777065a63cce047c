package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// One controller answers for a namespace: two with other labels or another Prometheus would write over each other for
// ever. A controller claims thresholds in their status, which takes the right to write it there; a Lease alone, which
// anybody may make in a namespace of his own, gives no claim. See peers for who is still there to have one.

// claimField is the index of the cache by who answers for a threshold, with the values ours and others.
const (
	claimField = "plimsoll.dev/claim"
	ours       = "ours"
	others     = "others"
)

// precedence is how long a new threshold in a namespace that nobody answers for yet is left to an older controller.
const precedence = 10 * time.Second

// claim says who answers for a threshold.
type claim struct {
	// owner is the other controller that does; empty: this one.
	owner string
	// self is this controller's name, and contenders are the others that watch the namespace, sorted.
	self       string
	contenders []string
	// wait is how long an older controller may take to claim the threshold; zero for not at all.
	wait time.Duration
}

// claims knows which thresholds this controller answers for. Without leader election it is nil, and answers for all.
type claims struct {
	reader client.Reader
	peers  *peers
	log    logr.Logger

	mu sync.Mutex
	// left are the namespaces that are left to another controller, with its name.
	left map[string]string
}

// indexClaim returns a threshold's value in the index claimField for the controller self.
func indexClaim(self string) client.IndexerFunc {
	return func(object client.Object) []string {
		switch object.(*v1alpha1.AlertThreshold).Status.Controller {
		case "":
			return nil
		case self:
			return []string{ours}
		default:
			return []string{others}
		}
	}
}

// of returns who answers for the threshold.
func (c *claims) of(ctx context.Context, t *v1alpha1.AlertThreshold) (claim, error) {
	if c == nil {
		return claim{}, nil
	}
	known := c.peers.get(ctx)
	theirs, err := c.list(ctx, t.Namespace, others)
	if err != nil {
		return claim{}, err
	}
	var own []v1alpha1.AlertThreshold
	// They may be many: they are read only where they decide. Leases of controllers that are gone dispute nothing.
	if len(theirs) > 0 || t.Status.Controller != c.peers.self && len(contenders(c.peers.self, t.Namespace, known)) > 0 {
		if own, err = c.list(ctx, t.Namespace, ours); err != nil {
			return claim{}, err
		}
	}
	result := newClaim(c.peers.self, t, own, theirs, known, time.Now())
	c.tell(t.Namespace, result.owner)
	return result, nil
}

// list returns the namespace's thresholds with that value in the index, as the cache holds them: not to be changed.
func (c *claims) list(ctx context.Context, namespace, value string) ([]v1alpha1.AlertThreshold, error) {
	var list v1alpha1.AlertThresholdList
	err := c.reader.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{claimField: value}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("listing the AlertThresholds of namespace %s: %w", namespace, err)
	}
	return list.Items, nil
}

// tell logs, once each, that a namespace is left to another controller, and that it no longer is.
func (c *claims) tell(namespace, owner string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.left[namespace]
	switch owner {
	case was:
	case "":
		delete(c.left, namespace)
		c.log.Info("this controller answers for the namespace from now on", "namespace", namespace, "before", was)
	default:
		c.left[namespace] = owner
		c.log.Info("another controller answers for the namespace: its AlertThresholds are left alone; "+
			"uninstall one of the two, or tell each with --namespaces which ones to watch", "namespace", namespace, "controller", owner, "self", c.peers.self)
	}
}

// newClaim decides who answers for t, given the thresholds of its namespace that this controller and that others have
// claimed, and the controllers there are, which is nil when not known. The oldest claimed threshold decides, so that all
// controllers come to the same answer. It is pure.
func newClaim(self string, t *v1alpha1.AlertThreshold, own, theirs []v1alpha1.AlertThreshold, known map[string]peer, now time.Time) claim {
	c := claim{self: self, contenders: contenders(self, t.Namespace, known)}
	theirs = slices.DeleteFunc(slices.Clone(theirs), func(t v1alpha1.AlertThreshold) bool {
		return known != nil && !slices.Contains(c.contenders, t.Status.Controller)
	})
	if len(theirs) > 0 {
		if first := slices.MinFunc(theirs, byAge); len(own) == 0 || byAge(first, slices.MinFunc(own, byAge)) < 0 {
			c.owner = first.Status.Controller
		}
		return c
	}
	age := now.Sub(t.CreationTimestamp.Time)
	older := func(name string) bool {
		is, mine := known[name], known[self]
		return is.created.Before(mine.created) || is.created.Equal(mine.created) && name < self
	}
	if t.Status.Controller != self && len(own) == 0 && age >= 0 && age < precedence && slices.ContainsFunc(c.contenders, older) {
		c.wait = precedence - age
	}
	return c
}

// contenders are the other controllers that serve the namespace, sorted.
func contenders(self, namespace string, known map[string]peer) (names []string) {
	for name, p := range known {
		if name != self && p.serves(namespace) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// byAge orders thresholds by their age, the oldest first.
func byAge(a, b v1alpha1.AlertThreshold) int {
	if order := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); order != 0 {
		return order
	}
	return strings.Compare(a.Name, b.Name)
}

// record writes the claim into the status of a threshold that this controller answers for.
func (c claim) record(t *v1alpha1.AlertThreshold) {
	if c.self != "" {
		t.Status.Controller = c.self
	}
	if len(c.contenders) == 0 {
		meta.RemoveStatusCondition(&t.Status.Conditions, v1alpha1.ConditionContested)
		return
	}
	meta.SetStatusCondition(&t.Status.Conditions, condition(t, v1alpha1.ConditionContested, true, v1alpha1.ReasonSeveralControllers,
		fmt.Sprintf("%s answers for namespace %s; %s watches it too and leaves it alone: uninstall one of them, or set controller.watchNamespaces "+
			"(--namespaces) of each so that they share none", c.self, t.Namespace, strings.Join(c.contenders, ", "))))
}
