package webhook

import (
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// cpu is a threshold whose level lies at above; it is a mistake when that is no percentage.
func cpu(above v1alpha1.Value, changes ...func(*v1alpha1.AlertThreshold)) *v1alpha1.AlertThreshold {
	t := &v1alpha1.AlertThreshold{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ai", Name: "cpu"},
		Spec: v1alpha1.AlertThresholdSpec{
			Alert:  "HighCPU",
			Signal: &v1alpha1.Signal{Name: "CPU"},
			Levels: []v1alpha1.Level{{Severity: "warning", Above: above}},
		},
	}
	for _, change := range changes {
		change(t)
	}
	return t
}

func labelled(name, value string) func(*v1alpha1.AlertThreshold) {
	return func(t *v1alpha1.AlertThreshold) { t.Labels = map[string]string{name: value} }
}

func status(t *v1alpha1.AlertThreshold) { t.Status.State = "Firing" }

func deleted(t *v1alpha1.AlertThreshold) { t.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }

func TestValidator(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after *v1alpha1.AlertThreshold // nil before creation, and after deletion
		refused       bool
	}{
		"good created":             {nil, cpu("80%"), false},
		"bad created":              {nil, cpu("2s"), true},
		"good to good":             {cpu("80%"), cpu("90%"), false},
		"good to bad":              {cpu("80%"), cpu("2s"), true},
		"bad to worse":             {cpu("2s"), cpu("3s"), true},
		"bad mended":               {cpu("2s"), cpu("80%"), false},
		"bad, labelled":            {cpu("2s"), cpu("2s", labelled("team", "ai")), false},
		"bad, status":              {cpu("2s"), cpu("2s", status), false},
		"bad, made a default":      {cpu("2s"), cpu("2s", labelled(v1alpha1.DefaultLabel, "true")), true},
		"bad, no default any more": {cpu("2s", labelled(v1alpha1.DefaultLabel, "true")), cpu("2s"), true},
		"bad, on its way out":      {cpu("2s", deleted), cpu("3s", deleted), false},
		"bad, deleted":             {cpu("2s"), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			switch {
			case tc.before == nil:
				_, err = validator{}.ValidateCreate(t.Context(), tc.after)
			case tc.after == nil:
				_, err = validator{}.ValidateDelete(t.Context(), tc.before)
			default:
				_, err = validator{}.ValidateUpdate(t.Context(), tc.before, tc.after)
			}
			if (err != nil) != tc.refused {
				t.Fatalf("error = %v, want one: %t", err, tc.refused)
			}
			if tc.refused && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), `AlertThreshold.plimsoll.dev "cpu" is invalid: spec.levels[0].above`)) {
				t.Errorf("error = %v, want one of an invalid object that names it and the field", err)
			}
		})
	}
}

// TestValidatorUnconfined: who may read series of every namespace is for the webhook who it is for the controller.
func TestValidatorUnconfined(t *testing.T) {
	v := validator{rules: rules.Options{UnconfinedNamespaces: []string{"platform"}}}
	for namespace, refused := range map[string]bool{"platform": false, "ai": true, "platform2": true} {
		_, err := v.ValidateCreate(t.Context(), cpu("80", func(t *v1alpha1.AlertThreshold) {
			t.Namespace, t.Spec.Signal, t.Spec.Expr = namespace, nil, `up{namespace="bank"}`
		}))
		if (err != nil) != refused {
			t.Errorf("%s: %v", namespace, err)
		}
	}
}

// TestWarningsAreToldApart: kubectl prints equal warnings of several objects once.
func TestWarningsAreToldApart(t *testing.T) {
	changing := func(t *v1alpha1.AlertThreshold) { t.Spec.Labels = map[string]string{"now": "{{ $value }}"} }
	for name, tc := range map[string]struct {
		change func(*v1alpha1.AlertThreshold)
		want   string
	}{
		"a name":            {func(*v1alpha1.AlertThreshold) {}, "ai/cpu: spec.labels[now]: "},
		"another name":      {func(t *v1alpha1.AlertThreshold) { t.Name = "gpu" }, "ai/gpu: spec.labels[now]: "},
		"another namespace": {func(t *v1alpha1.AlertThreshold) { t.Namespace = "web" }, "web/cpu: spec.labels[now]: "},
		"no name yet":       {func(t *v1alpha1.AlertThreshold) { t.Name, t.GenerateName = "", "cpu-" }, "ai/cpu-: spec.labels[now]: "},
	} {
		got, err := validator{}.ValidateCreate(t.Context(), cpu("80%", changing, tc.change))
		if err != nil || len(got) != 1 || !strings.HasPrefix(got[0], tc.want) {
			t.Errorf("%s: warnings %q, %v, want one that begins with %q", name, got, err, tc.want)
		}
	}
}
