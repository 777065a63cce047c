package metric

import (
	"slices"
	"testing"
)

// TestAllKeepsEveryName holds the whole contract to a name of its own and a help for each metric, and those beside the
// source document's to their labels.
func TestAllKeepsEveryName(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range All() {
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		if m.Help == "" {
			t.Errorf("%s has no help", m.Name)
		}
	}
	for _, want := range resources {
		if !seen[want.Name] {
			t.Errorf("All lacks %s", want.Name)
		}
		if want.Unit == Bytes && len(want.Labels) > 0 {
			t.Errorf("%s has labels %v: devices are not bounded", want.Name, want.Labels)
		}
	}
	if !slices.Equal(SessionStoreErrors.Labels, []string{"operation"}) || len(StoreOperations()) != 4 {
		t.Error("the operations of the session store are not a closed set")
	}
}
