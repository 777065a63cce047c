// Package informer makes a cache soon up to date again after the API server was away.
package informer

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// pause is how long is waited before an API server that is away is asked again: 0.4 to 0.6 s at first, 2 to 3 s from the
// fourth time on.
var pause = wait.Backoff{Duration: 400 * time.Millisecond, Factor: 2, Jitter: 0.5, Cap: 2 * time.Second, Steps: 4}

// New is cache.NewSharedIndexInformer, for cache.Options.NewInformer, which asks an API server that is away every few
// seconds until it answers.
//
// A reflector by itself doubles its pause with every try, up to 30 to 60 s, and so waits about as long again as the API
// server was away. That spares clusters with thousands of informers, and has no setting (kubernetes/kubernetes#136943).
// What is left of it is the pause after an answer that ends a watch, such as that its version has expired.
func New(lw cache.ListerWatcher, example runtime.Object, resync time.Duration, indexers cache.Indexers) cache.SharedIndexInformer {
	asked := cache.ToListerWatcherWithContext(lw)
	return cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return untilAnswered(ctx, func(ctx context.Context) (runtime.Object, error) { return asked.ListWithContext(ctx, options) })
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return untilAnswered(ctx, func(ctx context.Context) (watch.Interface, error) { return asked.WatchWithContext(ctx, options) })
		},
	}, example, resync, indexers)
}

// untilAnswered asks until there is an answer, be it an error, or ctx is done.
func untilAnswered[T any](ctx context.Context, ask func(context.Context) (T, error)) (answer T, err error) {
	_ = pause.DelayFunc().Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		answer, err = ask(ctx)
		return !away(err), nil
	})
	return answer, err
}

// away reports whether there is no API server behind the error, or none that takes requests yet.
func away(err error) bool {
	return utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsTooManyRequests(err)
}
