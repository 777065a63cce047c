package webhook

import (
	"bytes"
	"maps"
	"testing"
	"time"
)

func TestRenew(t *testing.T) {
	const dnsName = "hook.ai.svc"
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fresh, renewed, err := renew(nil, dnsName, now)
	if err != nil || !renewed {
		t.Fatalf("renewed = %t, %v", renewed, err)
	}
	without := func(name string) map[string][]byte {
		data := maps.Clone(fresh)
		data[name] = []byte("broken")
		return data
	}

	for name, tc := range map[string]struct {
		data          map[string][]byte
		dnsName       string
		after         time.Duration
		sameAuthority bool
		sameCert      bool
	}{
		"at once":                 {fresh, dnsName, 0, true, true},
		"before the last quarter": {fresh, dnsName, lifetime - renewBefore - time.Minute, true, true},
		"in the last quarter":     {fresh, dnsName, lifetime - renewBefore + time.Minute, true, false},
		"years later":             {fresh, dnsName, 5 * lifetime, true, false},
		"at the authority's end":  {fresh, dnsName, caLifetime - renewBefore + time.Minute, false, false},
		"made by a clock ahead":   {fresh, dnsName, -renewBefore / 3, false, false},
		"for another name":        {fresh, "other.ai.svc", 0, true, false},
		"certificate broken":      {without(certFile), dnsName, 0, true, false},
		"key broken":              {without(keyFile), dnsName, 0, true, false},
		"authority broken":        {without(caFile), dnsName, 0, false, false},
		"authority's key broken":  {without(caKeyFile), dnsName, 0, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			then := now.Add(tc.after)
			got, renewed, err := renew(tc.data, tc.dnsName, then)
			if err != nil {
				t.Fatal(err)
			}
			if renewed == tc.sameCert {
				t.Errorf("renewed = %t", renewed)
			}
			if same := bytes.Equal(got[caFile], fresh[caFile]); same != tc.sameAuthority {
				t.Errorf("the authority is the same: %t, want %t", same, tc.sameAuthority)
			}
			if same := bytes.Equal(got[certFile], fresh[certFile]); same != tc.sameCert {
				t.Errorf("the certificate is the same: %t, want %t", same, tc.sameCert)
			}
			for _, at := range []time.Time{then, then.Add(renewBefore)} {
				if !valid(got[caFile], got[certFile], got[keyFile], tc.dnsName, &serverUsage, at) {
					t.Errorf("the result is not valid at %s, which is now %s", at, then)
				}
			}
		})
	}
}
