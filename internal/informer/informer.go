// Package informer brings a cache up to date soon after the API server was away.
package informer

import (
	"context"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// backoff is the delay before an API server that is unavailable is asked again: 0.4 to 0.6 s at first, 2 to 3 s from the
// fourth retry on.
var backoff = wait.Backoff{Duration: 400 * time.Millisecond, Factor: 2, Jitter: 0.5, Cap: 2 * time.Second, Steps: 4}

// New is cache.NewSharedIndexInformer, for cache.Options.NewInformer, but asks an API server that is unavailable every few
// seconds. A reflector by itself doubles its delay up to a minute. See internal/decisions.md.
func New(lw cache.ListerWatcher, example runtime.Object, resync time.Duration, indexers cache.Indexers) cache.SharedIndexInformer {
	asked := cache.ToListerWatcherWithContext(lw)
	return cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return retryUntilReachable(ctx, func(ctx context.Context) (runtime.Object, error) { return asked.ListWithContext(ctx, options) })
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return retryUntilReachable(ctx, func(ctx context.Context) (watch.Interface, error) { return asked.WatchWithContext(ctx, options) })
		},
	}, example, resync, indexers)
}

// retryUntilReachable asks until the API server answers, with an error too, or ctx is done.
func retryUntilReachable[T any](ctx context.Context, ask func(context.Context) (T, error)) (answer T, err error) {
	_ = backoff.DelayFunc().Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		answer, err = ask(ctx)
		return !isUnavailable(err), nil
	})
	return answer, err
}

// isUnavailable reports whether no API server answered, or none that takes requests yet.
func isUnavailable(err error) bool {
	return utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsTooManyRequests(err)
}

// CapRetryAfter is for rest.Config.Wrap: it caps at one second what a starting API server asks for with 503, which is five
// whatever it needs (k8s.io/apiserver/pkg/util/notfoundhandler). What a busy one asks for with 429 is not changed.
func CapRetryAfter(next http.RoundTripper) http.RoundTripper { return retryAfterCap{next} }

type retryAfterCap struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (c retryAfterCap) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
		response.Header.Set("Retry-After", "1")
	}
	return response, err
}

// WrappedRoundTripper lets client-go find the transport.
func (c retryAfterCap) WrappedRoundTripper() http.RoundTripper { return c.next }
