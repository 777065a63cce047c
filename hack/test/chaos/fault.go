package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

// where the controllers have to be for a fault.
type where string

const (
	// anywhere: pods on a node, local processes on a control plane.
	anywhere where = ""
	// onNode: something has to be killed that only a node runs.
	onNode where = "on a node"
	// behindProxy: local processes, which reach the API server through the proxy.
	behindProxy where = "behind the proxy"
)

// fault is one thing that goes wrong.
type fault struct {
	name  string
	where where
	// do makes it happen, has thresholds and rules changed meanwhile, and returns how often it happened and when it was
	// over: from then on the recovery counts. A crash is over when it has happened.
	do func(context.Context, *harness) (times int, over time.Time, err error)
	// also has to hold again, besides what check asks, before the next fault. How long it takes is not the controller's doing.
	also func(context.Context, *harness) error
}

const (
	// changedObjects is how many thresholds and rules are changed in a fault.
	changedObjects = 100
	// fewObjects is how many are changed before the clock is looked at.
	fewObjects = 20
	// shortOutage is an outage that the leader survives: shorter than the seven seconds in which it must renew its lease. In a
	// long one it gives up.
	shortOutage = 5 * time.Second
	longOutage  = 15 * time.Second
	// recreations is how often one threshold is deleted and made again.
	recreations = 200
	// conflictDuration is how long others write to the rules, and conflictedRules how many.
	conflictDuration = 5 * time.Second
	conflictedRules  = 20
)

// errSkipped says why a fault cannot be tried.
type errSkipped struct{ error }

var faults = []fault{
	{"SIGKILL of the controller that leads", anywhere, killLeader, nil},
	{"SIGKILL of the controller that stands by", anywhere, killStandby, nil},
	{"SIGKILL of the assistant", onNode, killAssistant, assistantServes},
	{"SIGKILL of Prometheus", onNode, killPrometheus, prometheusServes},
	{"SIGKILL of kube-apiserver", anywhere, kill("kube-apiserver"), nil},
	{"SIGKILL of etcd", anywhere, kill("etcd"), nil},
	{"webhook's certificate expired", anywhere, expireCertificate, nil},
	{"webhook's certificate emptied", anywhere, emptyCertificate, nil},
	{"webhook's Secret deleted and made empty", anywhere, deleteSecret, nil},
	{"others write to the rules", anywhere, conflict, nil},
	{"one threshold deleted and made again", anywhere, recreate, nil},
	{"two namespaces deleted and made again", anywhere, deleteNamespaces, nil},
	{"API server slow: 2 s a request", behindProxy, during(longOutage, faultSpec{latency: 2 * time.Second}), nil},
	{"API server refuses for 5 s: 429", behindProxy, during(shortOutage, faultSpec{refuse: true}), nil},
	{"API server refuses for 5 s: 429, Retry-After 1", behindProxy, during(shortOutage, faultSpec{refuse: true, retryAfter: "1"}), nil},
	{"API server refuses for 15 s: 429", behindProxy, during(longOutage, faultSpec{refuse: true}), nil},
	{"clock 30 days ahead, and back", behindProxy, jumpClock, nil},
	{"burst of as many again, SIGKILL of the leader", anywhere, burst, nil},
}

func killLeader(ctx context.Context, r *harness) (int, time.Time, error) {
	leader, _, err := r.roles(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	over := time.Now()
	return 1, over, errors.Join(leader.kill(ctx), r.work(ctx, changedObjects))
}

func killStandby(ctx context.Context, r *harness) (int, time.Time, error) {
	_, standby, err := r.roles(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	over := time.Now()
	return 1, over, errors.Join(standby.kill(ctx), r.work(ctx, changedObjects))
}

func killAssistant(ctx context.Context, r *harness) (int, time.Time, error) {
	over := time.Now()
	n, err := r.killPods(ctx, namespace, assistantPods, "assistant")
	return n, over, errors.Join(err, r.work(ctx, changedObjects))
}

func assistantServes(ctx context.Context, r *harness) error {
	if !answers(ctx, r.assistant+"/health/ready") {
		return errors.New("the assistant is not ready")
	}
	return nil
}

func killPrometheus(ctx context.Context, r *harness) (int, time.Time, error) {
	over := time.Now()
	n, err := r.killPods(ctx, demo.StackNamespace, prometheusPods, "prometheus")
	return n, over, errors.Join(err, r.work(ctx, changedObjects))
}

func prometheusServes(ctx context.Context, r *harness) error {
	if !answers(ctx, r.prometheus+"/-/ready") {
		return errors.New("Prometheus is not ready") //nolint:staticcheck // a name
	}
	return nil
}

// kill kills a part of the control plane and starts it again.
func kill(name string) func(context.Context, *harness) (int, time.Time, error) {
	return func(ctx context.Context, r *harness) (int, time.Time, error) {
		if err := r.c.Kill(ctx, name); err != nil {
			return 0, time.Time{}, err
		}
		if err := r.c.Revive(ctx); err != nil {
			return 1, time.Time{}, err
		}
		over := time.Now()
		return 1, over, r.work(ctx, changedObjects)
	}
}

// conflict has one writer edit rules and another one apply its own fields by force, each again and again.
func conflict(ctx context.Context, r *harness) (int, time.Time, error) {
	targets := r.names[:min(conflictedRules, len(r.names))]
	ctx, cancel := context.WithTimeout(ctx, conflictDuration)
	defer cancel()
	writes := 0
	for ; ctx.Err() == nil; writes += 2 {
		key := targets[writes/2%len(targets)]
		if err := errors.Join(r.edit(ctx, key), r.applyAsRival(ctx, key)); err != nil && ctx.Err() == nil {
			return writes, time.Time{}, err
		}
	}
	r.changes += writes
	return writes, time.Now(), nil
}

func recreate(ctx context.Context, r *harness) (int, time.Time, error) {
	for range recreations {
		if err := r.delete(ctx, r.names[0]); err != nil {
			return 0, time.Time{}, err
		}
		r.serial++
		if err := r.create(ctx, r.names[0], 0); err != nil {
			return 0, time.Time{}, err
		}
	}
	r.changes += recreations
	return recreations, time.Now(), nil
}

func deleteNamespaces(ctx context.Context, r *harness) (int, time.Time, error) {
	const gone = 2
	var kept []types.NamespacedName
	for _, key := range r.names {
		if key.Namespace >= spread(gone) {
			kept = append(kept, key)
		}
	}
	lost := len(r.names) - len(kept)
	for i := range gone {
		if err := r.client.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: spread(i)}}); err != nil {
			return 0, time.Time{}, err
		}
	}
	r.names = kept
	if err := cluster.Poll(ctx, 2*time.Minute, func(ctx context.Context) error {
		for i := range gone {
			err := r.client.Get(ctx, client.ObjectKey{Name: spread(i)}, &corev1.Namespace{})
			if client.IgnoreNotFound(err) != nil || err == nil {
				return fmt.Errorf("namespace %s is still there (%v)", spread(i), err) //nolint:errorlint // it may be nil
			}
		}
		return nil
	}); err != nil {
		return 0, time.Time{}, err
	}
	over := time.Now()
	for i := range gone {
		if err := errors.Join(r.makeNamespace(ctx, spread(i)), r.add(ctx, (lost+i)/gone, spread(i))); err != nil {
			return 0, time.Time{}, err
		}
	}
	return gone, over, nil
}

// during applies the fault for that long, and as many thresholds changed in it as there is time for, but a tenth of
// them at most.
func during(length time.Duration, w faultSpec) func(context.Context, *harness) (int, time.Time, error) {
	return func(ctx context.Context, r *harness) (int, time.Time, error) {
		r.local.proxy.refused.Store(0)
		r.local.proxy.current.Store(&w)
		over := time.Now().Add(length)
		clears := func() { r.local.proxy.current.Store(&faultSpec{}) }
		defer clears() // the timer may be a moment late
		defer time.AfterFunc(length, clears).Stop()
		var err error
		for err == nil && r.changes < r.o.thresholds/10 && time.Now().Before(over) {
			err = r.work(ctx, fewObjects)
		}
		time.Sleep(time.Until(over))
		if refused := int(r.local.proxy.refused.Load()); w.refuse {
			if refused == 0 {
				err = errors.Join(err, errors.New("nothing was refused"))
			}
			return refused, over, err
		}
		return 1, over, err
	}
}

// jumpClock lets the controllers start with their clock ahead, as a machine may before it has asked for the time: what
// certificate they make then, they have to replace when the clock is right.
func jumpClock(ctx context.Context, r *harness) (int, time.Time, error) {
	program, err := buildClock(ctx, r.o.root, r.c.Dir())
	if err != nil {
		return 0, time.Time{}, errSkipped{fmt.Errorf("no controller with a clock to set (internal/webhook and internal/controller "+
			"test with an injected one): %w", err)}
	}
	was, clock := r.local.program, r.file("clock")
	set := func(ahead time.Duration) error {
		return os.WriteFile(clock, fmt.Appendf(nil, "%d\n", int(ahead.Seconds())), 0o644)
	}
	if err := errors.Join(set(0), r.local.restartAs(ctx, program, clockVariable+"="+clock)); err != nil {
		return 0, time.Time{}, err
	}
	if err := errors.Join(set(30*24*time.Hour), r.work(ctx, changedObjects)); err != nil {
		return 0, time.Time{}, err
	}
	if _, _, err := emptyCertificate(ctx, r); err != nil {
		return 0, time.Time{}, err
	}
	if err := cluster.Poll(ctx, longOutage, func(ctx context.Context) error { return r.certificateAfter(ctx, time.Now()) }); err != nil {
		return 0, time.Time{}, fmt.Errorf("the clock does not run ahead: %w", err)
	}
	if err := set(0); err != nil {
		return 0, time.Time{}, err
	}
	over := time.Now()
	err = r.work(ctx, changedObjects)
	r.afterwards = func(ctx context.Context) error { return r.local.restartAs(ctx, was) }
	return 1, over, err
}

// burst creates as many thresholds again as there are, and kills the leader in the middle of it.
func burst(ctx context.Context, r *harness) (int, time.Time, error) {
	leader, _, err := r.roles(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	r.allowance = r.undisturbed // so long it took to begin with
	half := r.o.thresholds / 2
	err = errors.Join(r.add(ctx, half, ""), leader.kill(ctx), r.add(ctx, r.o.thresholds-half, ""))
	return 1, time.Now(), err
}
