package informer

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

var (
	refused     = &url.Error{Op: "Get", URL: "https://10.96.0.1:443", Err: syscall.ECONNREFUSED}
	unavailable = apierrors.NewServiceUnavailable("apiserver is shutting down")
	busy        = apierrors.NewTooManyRequests("the server is busy", 0)
	forbidden   = apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", errors.New("clusterrole not found"))
)

// server is an API server's answers to one informer; outage is the error that it gets instead, or nil.
type server struct {
	outage atomic.Pointer[error]
	asked  atomic.Int64
	watch  atomic.Pointer[watch.FakeWatcher] // the last one that began
}

func (s *server) answer() error {
	s.asked.Add(1)
	if err := s.outage.Load(); err != nil {
		return *err
	}
	return nil
}

func (s *server) list(context.Context, metav1.ListOptions) (runtime.Object, error) {
	return &corev1.SecretList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}, s.answer()
}

func (s *server) watches(_ context.Context, o metav1.ListOptions) (watch.Interface, error) {
	if err := s.answer(); err != nil {
		return nil, err
	}
	w := watch.NewFake()
	s.watch.Store(w)
	if o.SendInitialEvents != nil && *o.SendInitialEvents {
		go w.Action(watch.Bookmark, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1",
			Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}}})
	}
	return w, nil
}

// start starts an informer of the server, which ends with the test.
func (s *server) start(t *testing.T) {
	t.Helper()
	informer := New(&cache.ListWatch{ListWithContextFunc: s.list, WatchFuncWithContext: s.watches}, &corev1.Secret{}, 0, nil)
	// The default handler of errors pauses by the real clock.
	if err := informer.SetWatchErrorHandlerWithContext(func(context.Context, *cache.Reflector, error) {}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { informer.RunWithContext(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		t.Fatal("the informer does not start")
	}
	time.Sleep(time.Minute) // a watch that ends at once is another matter
}

// TestOutage has the API server go away for a while, under a clock of its own: the watch is back soon after, however long it
// was.
func TestOutage(t *testing.T) {
	const soon = 5 * time.Second
	for name, met := range map[string][]error{
		"refused":                {refused},
		"unavailable":            {unavailable},
		"busy":                   {busy},
		"refused, then busy":     {refused, busy},
		"refused, then starting": {refused, forbidden},
	} {
		for _, length := range []time.Duration{time.Second, 6 * time.Second, 15 * time.Second, time.Minute, time.Hour} {
			t.Run(fmt.Sprintf("%s/%s", name, length), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &server{}
					s.start(t)
					before := s.watch.Load()
					s.outage.Store(&met[0])
					before.Stop()
					time.Sleep(length)
					if len(met) > 1 { // it comes back in steps
						s.outage.Store(&met[1])
						time.Sleep(time.Second)
					}
					s.outage.Store(nil)
					if asked, most := s.asked.Load(), int64(length/time.Second)+5; asked > most {
						t.Errorf("asked %d times in %s, more than %d", asked, length, most)
					}
					time.Sleep(soon)
					if s.watch.Load() == before {
						t.Errorf("no watch %s after an outage of %s", soon, length)
					}
				})
			})
		}
	}
}

// TestAnswered passes on what the API server answers, and ends with the context.
func TestAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		minute, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		done, cancel := context.WithCancel(t.Context())
		cancel()
		for _, tt := range []struct {
			name            string
			ctx             context.Context
			err             error
			atLeast, atMost int
		}{
			{"an answer", t.Context(), nil, 1, 1},
			{"no right", t.Context(), forbidden, 1, 1},
			{"a version that is too old", t.Context(), apierrors.NewResourceExpired("too old resource version"), 1, 1},
			{"no trust", t.Context(), errors.New("x509: certificate signed by unknown authority"), 1, 1},
			{"an error of the API server's own", t.Context(), apierrors.NewInternalError(errors.New("etcd")), 1, 1},
			{"away for longer than the context lasts", minute, refused, 20, 40},
			{"away, and the context is done", done, refused, 1, 1},
		} {
			asked := 0
			got, err := retryUntilReachable(tt.ctx, func(context.Context) (int, error) { asked++; return 7, tt.err })
			if !errors.Is(err, tt.err) || got != 7 {
				t.Errorf("%s: %d, error = %v; want 7, %v", tt.name, got, err, tt.err)
			}
			if asked < tt.atLeast || asked > tt.atMost {
				t.Errorf("%s: asked %d times; want %d to %d", tt.name, asked, tt.atLeast, tt.atMost)
			}
		}
	})
}
