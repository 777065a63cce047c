package controller

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
)

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=plimsoll-system,resources=leases,verbs=create
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=plimsoll-system,resources=leases,resourceNames=controller.plimsoll.dev,verbs=get;update

// DefaultLeaderElectionID is the name of the leader's Lease where the options name none.
const DefaultLeaderElectionID = "controller.plimsoll.dev"

// How leadership passes on. A leader that is stopped gives the lease up, and one that stands by looks every
// leaseRetry to 2.2 times that: it takes over within two seconds. A leader that is killed takes its lease again if it is
// restarted under the same name, as a container of a pod is; else it leaves the lease to run out: within twelve seconds,
// which leaves eight of the twenty in which all rules should be right again. A leader that cannot renew the lease for
// leaseRenewDeadline, because the API server is away, ends and is started again.
const (
	leaseDuration      = 10 * time.Second
	leaseRenewDeadline = 7 * time.Second
	leaseRetry         = 600 * time.Millisecond
	// leaderlessAfter is how long nobody may lead before a replica is no longer ready: longer than any handover takes.
	leaderlessAfter = 3 * leaseDuration
)

// Marks of a controller's Lease, by which other controllers find it.
const (
	controllerLabel = "plimsoll.dev/controller"
	// watchesAnnotation holds the namespaces that the controller watches, separated by commas; allNamespaces for all.
	watchesAnnotation = "plimsoll.dev/watches"
	allNamespaces     = "*"
)

// leaderLock is the Lease that the leader holds: client-go's LeaseLock with the marks of a Plimsoll controller. It also
// knows whether anybody leads, from what the election reads and writes anyway.
type leaderLock struct {
	leases coordinationclient.LeaseInterface
	// id is the controller's name among others, name that of its Lease, identity that of this replica.
	id, name, identity string
	watches            string
	now                func() time.Time

	mu    sync.Mutex
	lease *coordinationv1.Lease
	// renewed is when the Lease was last seen to be renewed; zero before. fault is the last error.
	renewed time.Time
	fault   error
}

var _ resourcelock.Interface = (*leaderLock)(nil)

// newLeaderLock is the lock of the options. It writes no event about elections: the Lease itself says who leads, and a
// restart should write nothing.
func newLeaderLock(cfg *rest.Config, o Options) (*leaderLock, error) {
	identity := o.LeaderElectionIdentity
	if identity == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("naming this replica: %w", err)
		}
		identity = host + "_" + string(uuid.NewUUID())
	}
	leases, err := newLeases(cfg)
	if err != nil {
		return nil, err
	}
	l := &leaderLock{
		leases: leases.Leases(o.LeaderElectionNamespace),
		id:     o.controllerName(), name: o.leaderElectionID(), identity: identity,
		watches: allNamespaces, now: time.Now,
	}
	if len(o.Namespaces) > 0 {
		l.watches = strings.Join(o.Namespaces, ",")
	}
	return l, nil
}

// newLeases is a client of Leases whose requests end in time for the next try before the deadline of a renewal.
func newLeases(cfg *rest.Config) (*coordinationclient.CoordinationV1Client, error) {
	cfg = rest.AddUserAgent(rest.CopyConfig(cfg), "leader-election")
	cfg.Timeout = leaseRenewDeadline / 2
	leases, err := coordinationclient.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making a client of Leases: %w", err)
	}
	return leases, nil
}

// Get reads the election record.
func (l *leaderLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	lease, err := l.leases.Get(ctx, l.name, metav1.GetOptions{})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault = err; err != nil {
		return nil, nil, err
	}
	if l.lease != nil && !lease.Spec.RenewTime.Equal(l.lease.Spec.RenewTime) && holder(lease) != "" {
		l.renewed = l.now()
	}
	l.lease = lease
	record := resourcelock.LeaseSpecToLeaderElectionRecord(&lease.Spec)
	text, err := json.Marshal(record)
	return record, text, err
}

// Create makes the Lease, held by this replica.
func (l *leaderLock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: l.name}, Spec: resourcelock.LeaderElectionRecordToLeaseSpec(&record)}
	l.mark(lease)
	created, err := l.leases.Create(ctx, lease, metav1.CreateOptions{FieldManager: string(fieldOwner)})
	return l.written(created, err)
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
	l.mark(lease)
	updated, err := l.leases.Update(ctx, lease, metav1.UpdateOptions{FieldManager: string(fieldOwner)})
	return l.written(updated, err)
}

func (l *leaderLock) mark(lease *coordinationv1.Lease) {
	metav1.SetMetaDataLabel(&lease.ObjectMeta, controllerLabel, "true")
	metav1.SetMetaDataAnnotation(&lease.ObjectMeta, watchesAnnotation, l.watches)
}

// written takes in the answer to a write.
func (l *leaderLock) written(lease *coordinationv1.Lease, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault = err; err != nil {
		return err
	}
	l.lease = lease
	if holder(lease) != "" {
		l.renewed = l.now()
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
	if !l.renewed.IsZero() && l.now().Sub(l.renewed) < leaderlessAfter {
		return nil
	}
	err := fmt.Errorf("nobody leads, so no AlertThreshold gets its rule: Lease %s is not renewed", l.id)
	if l.fault != nil {
		return fmt.Errorf("%w: %w", err, l.fault)
	}
	return err
}

// holder is the replica that holds the Lease; empty for none.
func holder(lease *coordinationv1.Lease) string {
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}
