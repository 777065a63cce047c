package manager

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	// reviewTimeout is for both questions to the API server together.
	reviewTimeout = 10 * time.Second
	// grantTTL is how long a reader is let in without asking again, so that a scrape is not three requests.
	grantTTL = time.Minute
	// grantMemory is how long a token that was granted access is known: as long as a service account's lasts.
	grantMemory = time.Hour
	// unknownQPS and unknownBurst limit the reviews of tokens that are not known.
	unknownQPS, unknownBurst = 5, 20
)

// authFilter lets those read the metrics whom the API server lets GET their path, by their bearer token. Only granted
// access is remembered, so that nobody crowds out a reader by inventing tokens. See internal/decisions.md.
type authFilter struct {
	tokens  authenticationclient.TokenReviewInterface
	access  authorizationclient.SubjectAccessReviewInterface
	unknown flowcontrol.RateLimiter
	grants  *cache.Expiring // from grant to the time.Time when access was last granted
}

// grant is the hash of a verb, a path and a token.
type grant [sha256.Size]byte

// newAuthFilter is a metricsserver.Options.FilterProvider.
func newAuthFilter(cfg *rest.Config, client *http.Client) (metricsserver.Filter, error) {
	authentication, err := authenticationclient.NewForConfigAndClient(cfg, client)
	if err != nil {
		return nil, fmt.Errorf("creating the client for TokenReviews: %w", err)
	}
	authorization, err := authorizationclient.NewForConfigAndClient(cfg, client)
	if err != nil {
		return nil, fmt.Errorf("creating the client for SubjectAccessReviews: %w", err)
	}
	f := &authFilter{
		tokens:  authentication.TokenReviews(),
		access:  authorization.SubjectAccessReviews(),
		unknown: flowcontrol.NewTokenBucketRateLimiter(unknownQPS, unknownBurst),
		grants:  cache.NewExpiring(),
	}
	return f.filter, nil
}

// filter puts the check before a handler.
func (f *authFilter) filter(log logr.Logger, next http.Handler) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		status, err := f.check(req)
		if err != nil {
			log.Error(err, "metrics request authorization failed")
		}
		if status != http.StatusOK {
			http.Error(w, http.StatusText(status), status)
			return
		}
		next.ServeHTTP(w, req)
	}), nil
}

// check is StatusOK for a request that may pass.
func (f *authFilter) check(req *http.Request) (status int, err error) {
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return http.StatusUnauthorized, nil
	}
	verb := strings.ToLower(req.Method)
	key := grant(sha256.Sum256([]byte(verb + " " + req.URL.Path + " " + token)))
	at, isKnown := f.grants.Get(key)
	switch {
	case isKnown && time.Since(at.(time.Time)) < grantTTL:
		return http.StatusOK, nil
	case !isKnown && !f.unknown.TryAccept():
		return http.StatusTooManyRequests, nil
	}
	ctx, cancel := context.WithTimeout(req.Context(), reviewTimeout)
	defer cancel()
	if status, err = f.review(ctx, token, verb, req.URL.Path); err != nil {
		return http.StatusInternalServerError, err
	}
	if status == http.StatusOK {
		f.grants.Set(key, time.Now(), grantMemory)
	} else {
		f.grants.Delete(key)
	}
	return status, nil
}

// review asks the API server whose token it is, and whether that user may do this.
func (f *authFilter) review(ctx context.Context, token, verb, path string) (status int, err error) {
	tokenReview := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}
	if tokenReview, err = f.tokens.Create(ctx, tokenReview, metav1.CreateOptions{}); err != nil {
		return 0, fmt.Errorf("reviewing a token: %w", err)
	}
	if !tokenReview.Status.Authenticated {
		return http.StatusUnauthorized, nil
	}
	user := tokenReview.Status.User
	extra := make(map[string]authorizationv1.ExtraValue, len(user.Extra))
	for name, value := range user.Extra {
		extra[name] = authorizationv1.ExtraValue(value)
	}
	access := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extra,
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: path, Verb: verb},
	}}
	if access, err = f.access.Create(ctx, access, metav1.CreateOptions{}); err != nil {
		return 0, fmt.Errorf("reviewing the access of %s to %s: %w", user.Username, path, err)
	}
	if !access.Status.Allowed {
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}
