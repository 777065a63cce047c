package manager

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/util/flowcontrol"
)

// TestStrangersDoNotCrowdOutReaders: a client that invents tokens costs the API server a few requests a second, and a reader that
// was let in stays in, also when its access is reviewed again.
func TestStrangersDoNotCrowdOutReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reviews, isReader := 0, true
		cluster := fake.NewClientset()
		cluster.PrependReactor("create", "tokenreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
			reviews++
			review := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview)
			review.Status.Authenticated = review.Spec.Token == "reader" || review.Spec.Token == "account"
			review.Status.User.Username = review.Spec.Token
			return true, review, nil
		})
		cluster.PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
			review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview)
			review.Status.Allowed = review.Spec.User == "reader" && isReader
			return true, review, nil
		})
		f := &authFilter{
			tokens:  cluster.AuthenticationV1().TokenReviews(),
			access:  cluster.AuthorizationV1().SubjectAccessReviews(),
			unknown: flowcontrol.NewTokenBucketRateLimiter(unknownQPS, unknownBurst),
			grants:  cache.NewExpiring(),
		}
		get := func(token string) int {
			t.Helper()
			req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			if token != "" {
				req.Header.Set("Authorization", "Bearer "+token)
			}
			status, err := f.check(req)
			if err != nil {
				t.Fatal(err)
			}
			return status
		}
		expect := func(token string, want, wantReviews int) {
			t.Helper()
			before := reviews
			if got := get(token); got != want || reviews-before != wantReviews {
				t.Errorf("%q gets %d after %d reviews, want %d after %d", token, got, reviews-before, want, wantReviews)
			}
		}
		expect("", http.StatusUnauthorized, 0)
		expect("account", http.StatusForbidden, 1)
		expect("account", http.StatusForbidden, 1) // not remembered: the right may be given at any time
		expect("reader", http.StatusOK, 1)
		expect("reader", http.StatusOK, 0)

		before := reviews
		for i := range 1000 {
			get(fmt.Sprint("invented ", i))
		}
		if n := reviews - before; n > unknownBurst {
			t.Errorf("1,000 invented tokens at once cost %d reviews, want at most %d", n, unknownBurst)
		}
		if f.grants.Len() != 1 {
			t.Errorf("%d tokens are remembered, want the reader's", f.grants.Len())
		}
		expect("reader", http.StatusOK, 0)
		refused := 0
		for i := range 1000 { // the strangers go on until the reader's grant is over
			if get(fmt.Sprint("invented ", i)) == http.StatusTooManyRequests {
				refused++
			}
			time.Sleep(grantTTL / 1000)
		}
		if most := unknownQPS*int(grantTTL.Seconds()) + unknownBurst; refused < 1000-most {
			t.Errorf("%d of 1,000 invented tokens were refused without a review, want at least %d", refused, 1000-most)
		}
		expect("reader", http.StatusOK, 1)

		time.Sleep(2 * grantTTL)
		isReader = false
		expect("reader", http.StatusForbidden, 1)
		if f.grants.Len() != 0 {
			t.Error("a reader that is none any more is remembered")
		}
	})
}
