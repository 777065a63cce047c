package manager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/ptr"

	"github.com/plimsoll-dev/plimsoll/internal/controller"
	"github.com/plimsoll-dev/plimsoll/internal/controller/claims"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=plimsoll-system,resources=leases,verbs=create
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=plimsoll-system,resources=leases,resourceNames=controller.plimsoll.dev,verbs=get;update

// A new leader takes over within two seconds of a stop and twelve of a kill. See internal/decisions.md.
const (
	leaseDuration      = 10 * time.Second
	leaseRenewDeadline = 7 * time.Second
	leaseRetry         = 600 * time.Millisecond
	// leaderlessTimeout is how long nobody may lead before a replica is no longer ready: longer than any handover takes.
	leaderlessTimeout = 3 * leaseDuration
)

// leaderLock is the Lease that the leader holds: client-go's LeaseLock with the marks of a Plimsoll controller. It also
// knows whether anybody leads, from what the election reads and writes.
type leaderLock struct {
	leases coordinationclient.LeaseInterface
	// id is the controller's name among others, name that of its Lease, identity that of this replica.
	id, name, identity string
	watches            string
	now                func() time.Time

	mu    sync.Mutex
	lease *coordinationv1.Lease
	// renewedAt is when the Lease was last seen to be renewed; zero before. lastErr is how the last request ended.
	renewedAt time.Time
	lastErr   error
}

var _ resourcelock.Interface = (*leaderLock)(nil)

// newLeaderLock makes the lock of the options. It records no event about elections: the Lease itself says who leads, and a
// restart should write nothing.
func newLeaderLock(leases coordinationclient.LeasesGetter, o Options) (*leaderLock, error) {
	identity := o.LeaderElectionIdentity
	if identity == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("naming this replica: %w", err)
		}
		identity = host + "_" + string(uuid.NewUUID())
	}
	l := &leaderLock{
		leases: leases.Leases(o.LeaderElectionNamespace),
		id:     o.controllerName(), name: o.LeaderElectionID, identity: identity,
		watches: claims.AllNamespaces, now: time.Now,
	}
	if len(o.Namespaces) > 0 {
		l.watches = strings.Join(o.Namespaces, ",")
	}
	return l, nil
}

// newLeases makes a client of Leases whose requests time out early enough for a retry before the renewal deadline.
func newLeases(cfg *rest.Config) (coordinationclient.LeasesGetter, error) {
	cfg = rest.AddUserAgent(rest.CopyConfig(cfg), "leader-election")
	cfg.Timeout = leaseRenewDeadline / 2
	leases, err := coordinationclient.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("creating the client of Leases: %w", err)
	}
	return leases, nil
}

// Get reads the election record.
func (l *leaderLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	lease, err := l.leases.Get(ctx, l.name, metav1.GetOptions{})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lastErr = err; err != nil {
		return nil, nil, err
	}
	if l.lease != nil && !lease.Spec.RenewTime.Equal(l.lease.Spec.RenewTime) && holder(lease) != "" {
		l.renewedAt = l.now()
	}
	l.lease = lease
	record := resourcelock.LeaseSpecToLeaderElectionRecord(&lease.Spec)
	text, err := json.Marshal(record)
	return record, text, err
}

// Create makes the Lease, held by this replica.
func (l *leaderLock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: l.name}, Spec: resourcelock.LeaderElectionRecordToLeaseSpec(&record)}
	l.label(lease)
	created, err := l.leases.Create(ctx, lease, metav1.CreateOptions{FieldManager: string(controller.FieldOwner)})
	return l.store(created, err)
}

// Update writes the record into the Lease as it was last read.
func (l *leaderLock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	l.mu.Lock()
	lease := l.lease.DeepCopy()
	l.mu.Unlock()
	if lease == nil {
		return errors.New("updating the Lease: it has not been read yet")
	}
	lease.Spec = resourcelock.LeaderElectionRecordToLeaseSpec(&record)
	l.label(lease)
	updated, err := l.leases.Update(ctx, lease, metav1.UpdateOptions{FieldManager: string(controller.FieldOwner)})
	return l.store(updated, err)
}

func (l *leaderLock) label(lease *coordinationv1.Lease) {
	metav1.SetMetaDataLabel(&lease.ObjectMeta, claims.ControllerLabel, "true")
	metav1.SetMetaDataAnnotation(&lease.ObjectMeta, claims.WatchesAnnotation, l.watches)
}

// store stores the answer to a write.
func (l *leaderLock) store(lease *coordinationv1.Lease, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lastErr = err; err != nil {
		return err
	}
	l.lease = lease
	if holder(lease) != "" {
		l.renewedAt = l.now()
	}
	return nil
}

// RecordEvent records nothing.
func (*leaderLock) RecordEvent(string) {}

// Identity is the name under which this replica leads.
func (l *leaderLock) Identity() string { return l.identity }

// Describe is the controller's name among others, NAMESPACE/NAME of its Lease, which all its replicas share.
func (l *leaderLock) Describe() string { return l.id }

// check passes while a replica leads, this one or another.
func (l *leaderLock) check(*http.Request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.renewedAt.IsZero() && l.now().Sub(l.renewedAt) < leaderlessTimeout {
		return nil
	}
	err := fmt.Errorf("nobody leads, so no AlertThreshold gets its rule: Lease %s is not renewed", l.id)
	if l.lastErr != nil {
		return fmt.Errorf("%w: %w", err, l.lastErr)
	}
	return err
}

// holder is the replica that holds the Lease; empty for none.
func holder(lease *coordinationv1.Lease) string { return ptr.Deref(lease.Spec.HolderIdentity, "") }
