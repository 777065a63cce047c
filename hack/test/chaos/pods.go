package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

// labels by which pods are found.
var (
	controllerPods = client.MatchingLabels{"app.kubernetes.io/instance": demo.Release, "app.kubernetes.io/component": "controller"}
	assistantPods  = client.MatchingLabels{"app.kubernetes.io/instance": demo.Release, "app.kubernetes.io/component": "assistant"}
	prometheusPods = client.MatchingLabels{"app.kubernetes.io/name": "prometheus"}
)

// podReplicas are the controller's pods that are ready.
func (r *harness) podReplicas(ctx context.Context) ([]replica, error) {
	var pods corev1.PodList
	if err := r.client.List(ctx, &pods, client.InNamespace(namespace), controllerPods); err != nil {
		return nil, err
	}
	var ready []replica
	for i := range pods.Items {
		pod := &pods.Items[i]
		if !pod.DeletionTimestamp.IsZero() || !isReady(pod) {
			continue
		}
		ready = append(ready, replica{
			name:    pod.Name,
			metrics: "https://" + net.JoinHostPort(pod.Status.PodIP, "8080") + "/metrics",
			webhook: net.JoinHostPort(pod.Status.PodIP, "9443"),
			kill:    func(context.Context) error { return killContainer(pod, "controller") },
		})
	}
	return ready, nil
}

// rollTimeout is how long a Prometheus may take to end.
const rollTimeout = 30 * time.Second

// unstickPrometheus ends the pod of a Prometheus that was told to end before it could hear it, and would be waited for
// for ten minutes.
func (r *harness) unstickPrometheus(ctx context.Context) error {
	var pods corev1.PodList
	if err := r.client.List(ctx, &pods, client.InNamespace(demo.StackNamespace), prometheusPods); err != nil {
		return err
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.DeletionTimestamp.IsZero() {
			continue
		}
		told := pod.DeletionTimestamp.Add(-time.Duration(ptr.Deref(pod.DeletionGracePeriodSeconds, 0)) * time.Second)
		if time.Since(told) > rollTimeout {
			if err := r.client.Delete(ctx, pod, client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
				return err
			}
		}
	}
	return nil
}

func isReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// killPods ends the container of that name in every pod found by the labels, and returns how many it were.
func (r *harness) killPods(ctx context.Context, namespace string, labels client.MatchingLabels, container string) (int, error) {
	var pods corev1.PodList
	if err := r.client.List(ctx, &pods, client.InNamespace(namespace), labels); err != nil {
		return 0, err
	}
	for i := range pods.Items {
		if err := killContainer(&pods.Items[i], container); err != nil {
			return i, err
		}
	}
	if len(pods.Items) == 0 {
		return 0, fmt.Errorf("no pod in %s has %v", namespace, labels)
	}
	return len(pods.Items), nil
}

// killContainer sends SIGKILL to every process of a container, which runs on this machine: the node.
func killContainer(pod *corev1.Pod, name string) error {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name != name {
			continue
		}
		_, id, found := strings.Cut(status.ContainerID, "://")
		if !found {
			break
		}
		pids, err := inCgroup(id)
		if err != nil {
			return err
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				return fmt.Errorf("kill %s of pod %s: %w", name, pod.Name, err)
			}
		}
		if len(pids) > 0 {
			return nil
		}
	}
	return fmt.Errorf("container %s of pod %s does not run", name, pod.Name)
}

// inCgroup lists the processes in the control group of that container.
func inCgroup(container string) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), container) {
			continue // ended meanwhile, or another's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// unstick deletes the controller's pods that kubelet holds back because their container has ended often: the person on
// call would, and the next fault need not wait for minutes.
func (r *harness) unstick(ctx context.Context) error {
	var pods corev1.PodList
	if err := r.client.List(ctx, &pods, client.InNamespace(namespace), controllerPods); err != nil {
		return err
	}
	for i := range pods.Items {
		for _, status := range pods.Items[i].Status.ContainerStatuses {
			if waiting := status.State.Waiting; waiting != nil && waiting.Reason == "CrashLoopBackOff" {
				if err := r.client.Delete(ctx, &pods.Items[i]); client.IgnoreNotFound(err) != nil {
					return err
				}
			}
		}
	}
	return nil
}

// controllersAsPods makes the controllers pods, or local processes, and returns when they are ready.
func (r *harness) controllersAsPods(ctx context.Context, pods bool) error {
	if r.onPods == pods {
		return nil
	}
	n, name := int32(0), "the controllers become local processes"
	if pods {
		n, name = replicas, "the controllers become pods again"
	}
	return r.steps.Do(ctx, name, func(ctx context.Context) error {
		if pods {
			if err := r.local.stop(ctx); err != nil {
				return err
			}
		}
		deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: demo.Controller}}
		patch := fmt.Appendf(nil, `{"spec": {"replicas": %d}}`, n)
		if err := r.client.Patch(ctx, deployment, client.RawPatch("application/merge-patch+json", patch)); err != nil {
			return err
		}
		if !pods {
			if err := cluster.Poll(ctx, time.Minute, r.noPods); err != nil {
				return err
			}
			r.local.start(ctx)
		}
		r.onPods = pods
		return cluster.Poll(ctx, 2*time.Minute, r.ready)
	})
}

func (r *harness) noPods(ctx context.Context) error {
	var pods corev1.PodList
	err := r.client.List(ctx, &pods, client.InNamespace(namespace), controllerPods)
	if err == nil && len(pods.Items) > 0 {
		err = fmt.Errorf("%d pods of the controller are left", len(pods.Items))
	}
	return err
}
