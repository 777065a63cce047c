package claims

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

var claimTime = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// claimed is a threshold of the namespace ai that was made that long before claimTime and is claimed by the controller.
func claimed(name string, age time.Duration, by string) v1alpha1.AlertThreshold {
	t := v1alpha1.AlertThreshold{}
	t.Namespace, t.Name, t.Status.Controller = "ai", name, by
	t.CreationTimestamp = metav1.NewTime(claimTime.Add(-age))
	return t
}

func TestNewClaim(t *testing.T) {
	all := peer{isAlive: true, created: claimTime.Add(-time.Hour)}
	elder := peer{isAlive: true, created: claimTime.Add(-2 * time.Hour)}
	gone := peer{created: claimTime.Add(-2 * time.Hour)}
	elsewhere := peer{isAlive: true, created: claimTime.Add(-2 * time.Hour), watches: []string{"web"}}
	here := peer{isAlive: true, created: claimTime.Add(-2 * time.Hour), watches: []string{"ai", "web"}}
	list := func(all ...v1alpha1.AlertThreshold) []v1alpha1.AlertThreshold { return all }
	for name, tc := range map[string]struct {
		age         time.Duration // of the threshold
		own, theirs []v1alpha1.AlertThreshold
		peerByName  map[string]peer
		want        Claim
	}{
		"alone":                {peerByName: map[string]peer{"me/c": all}},
		"others gone":          {theirs: list(claimed("a", time.Hour, "other/c")), peerByName: map[string]peer{"me/c": all, "other/c": gone}},
		"others deleted":       {theirs: list(claimed("a", time.Hour, "other/c")), peerByName: map[string]peer{"me/c": all}},
		"others elsewhere now": {theirs: list(claimed("a", time.Hour, "other/c")), peerByName: map[string]peer{"me/c": all, "other/c": elsewhere}},
		"another answers for it": {
			theirs: list(claimed("a", time.Hour, "other/c")), peerByName: map[string]peer{"me/c": all, "other/c": here},
			want: Claim{Owner: "other/c", Contenders: []string{"other/c"}},
		},
		"another's claim is the older": {
			own: list(claimed("b", time.Minute, "me/c")), theirs: list(claimed("c", 0, "other/c"), claimed("a", time.Hour, "other/c")),
			peerByName: map[string]peer{"me/c": all, "other/c": all},
			want:       Claim{Owner: "other/c", Contenders: []string{"other/c"}},
		},
		"our claim is the older": {
			own: list(claimed("b", time.Hour, "me/c")), theirs: list(claimed("a", time.Minute, "other/c")),
			peerByName: map[string]peer{"me/c": all, "other/c": elder},
			want:       Claim{Contenders: []string{"other/c"}},
		},
		"of one age the name decides": {
			own: list(claimed("a", time.Hour, "me/c")), theirs: list(claimed("b", time.Hour, "other/c")),
			peerByName: map[string]peer{"me/c": all, "other/c": all},
			want:       Claim{Contenders: []string{"other/c"}},
		},
		"not known who is there": {
			theirs: list(claimed("a", time.Hour, "other/c")),
			want:   Claim{Owner: "other/c"},
		},
		"nobody's namespace, the older first": {
			age: 4 * time.Second, peerByName: map[string]peer{"me/c": all, "other/c": elder},
			want: Claim{Contenders: []string{"other/c"}, Wait: 6 * time.Second},
		},
		"nobody's namespace, the older does not come": {
			age: 10 * time.Second, peerByName: map[string]peer{"me/c": all, "other/c": elder},
			want: Claim{Contenders: []string{"other/c"}},
		},
		"nobody's namespace, a clock behind": {
			age: -time.Hour, peerByName: map[string]peer{"me/c": all, "other/c": elder},
			want: Claim{Contenders: []string{"other/c"}},
		},
		"nobody's namespace, we are the older": {
			peerByName: map[string]peer{"me/c": elder, "other/c": all},
			want:       Claim{Contenders: []string{"other/c"}},
		},
		"our namespace, a new threshold": {
			own: list(claimed("b", time.Hour, "me/c")), peerByName: map[string]peer{"me/c": all, "other/c": elder},
			want: Claim{Contenders: []string{"other/c"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			threshold := claimed("t", tc.age, "")
			got := newClaim("me/c", &threshold, tc.own, tc.theirs, tc.peerByName, claimTime)
			if got.Owner != tc.want.Owner || got.Wait != tc.want.Wait || !slices.Equal(got.Contenders, tc.want.Contenders) || got.Self != "me/c" {
				t.Errorf("claim is %+v, want %+v", got, tc.want)
			}
		})
	}
}

// indexReader answers every question of the index with nothing, and notes what was asked for.
type indexReader struct {
	client.Reader
	asked []string
}

func (r *indexReader) List(_ context.Context, _ client.ObjectList, options ...client.ListOption) error {
	list := (&client.ListOptions{}).ApplyOptions(options)
	value, _ := list.FieldSelector.RequiresExactMatch(claimField)
	r.asked = append(r.asked, value)
	return nil
}

// TestClaimsReadLittle: our own thresholds, which may be thousands, are read only where a controller that lives disputes them.
func TestClaimsReadLittle(t *testing.T) {
	living := peer{isAlive: true, created: claimTime}
	for name, tc := range map[string]struct {
		by         string // who has claimed the threshold
		peerByName map[string]peer
		want       []string
	}{
		"alone":                {"", map[string]peer{"me/c": living}, []string{claimedByPeer}},
		"another that is gone": {"", map[string]peer{"me/c": living, "gone/c": {created: claimTime}}, []string{claimedByPeer}},
		"claimed by us":        {"me/c", map[string]peer{"me/c": living, "other/c": living}, []string{claimedByPeer}},
		"unclaimed":            {"", map[string]peer{"me/c": living, "other/c": living}, []string{claimedByPeer, claimedByUs}},
		"claimed by one gone":  {"gone/c", map[string]peer{"me/c": living, "other/c": living}, []string{claimedByPeer, claimedByUs}},
	} {
		t.Run(name, func(t *testing.T) {
			reader, threshold := &indexReader{}, claimed("t", 0, tc.by)
			c := &Claims{reader: reader, peers: &peers{self: "me/c", byName: tc.peerByName, isRead: true}, log: logr.Discard(), yielded: map[string]string{}}
			if _, err := c.Of(t.Context(), &threshold); err != nil || !slices.Equal(reader.asked, tc.want) {
				t.Errorf("read are %v (%v), want %v", reader.asked, err, tc.want)
			}
		})
	}
}

func TestNewPeer(t *testing.T) {
	for name, tc := range map[string]struct {
		holder  string
		quiet   time.Duration
		watches string
		want    peer
		serves  bool
	}{
		"at work":                 {"pod", time.Second, "*", peer{isAlive: true}, true},
		"away":                    {"pod", 9 * time.Minute, "*", peer{isAlive: true}, true},
		"gone":                    {"pod", 11 * time.Minute, "*", peer{}, false},
		"being rolled out":        {"", 50 * time.Second, "*", peer{isAlive: true}, true},
		"uninstalled":             {"", 70 * time.Second, "*", peer{}, false},
		"of some namespaces":      {"pod", 0, "web,ai", peer{isAlive: true, watches: []string{"ai", "web"}}, true},
		"of other namespaces":     {"pod", 0, "web", peer{isAlive: true, watches: []string{"web"}}, false},
		"does not say what it is": {"pod", 0, "", peer{isAlive: true, watches: []string{""}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			lease := &coordinationv1.Lease{}
			lease.Annotations = map[string]string{WatchesAnnotation: tc.watches}
			lease.Spec.HolderIdentity, lease.Spec.RenewTime = ptr.To(tc.holder), ptr.To(metav1.NewMicroTime(claimTime.Add(-tc.quiet)))
			got := newPeer(lease, claimTime)
			if !got.equal(tc.want) || got.serves("ai") != tc.serves {
				t.Errorf("peer is %+v, serves %t; want %+v, %t", got, got.serves("ai"), tc.want, tc.serves)
			}
		})
	}
	if newPeer(&coordinationv1.Lease{}, claimTime).isAlive {
		t.Error("a Lease that was never renewed is of a controller that lives")
	}
}
