package charttest

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// TestSessionStore: the URL of the session store, which holds a password, comes from a Secret and from nowhere else.
func TestSessionStore(t *testing.T) {
	const secret = "assistant.sessionStore.existingSecret=redis"
	for _, tt := range []struct {
		name string
		args []string
		want *corev1.SecretKeySelector
	}{
		{"memory", nil, nil},
		{"redis", []string{"--set", secret}, ref("redis", "url")},
		{"another key", []string{"--set", secret + ",assistant.sessionStore.key=a.b"}, ref("redis", "a.b")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got *corev1.SecretKeySelector
			for _, object := range render(t, "plimsoll", tt.args...) {
				if kind(t, object) == "Deployment" {
					if from := variable(decode[appsv1.Deployment](t, object), "PLIMSOLL_SESSION_STORE"); from != nil {
						got = from.SecretKeyRef
					}
				}
			}
			if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
				t.Errorf("the session store's URL is from %v, want %v", got, tt.want)
			}
		})
	}
}

func ref(name, key string) *corev1.SecretKeySelector {
	return &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key}
}

// variable says where a variable of a Deployment's containers comes from.
func variable(d appsv1.Deployment, name string) *corev1.EnvVarSource {
	for _, c := range d.Spec.Template.Spec.Containers {
		for _, v := range c.Env {
			if v.Name == name {
				return v.ValueFrom
			}
		}
	}
	return nil
}
