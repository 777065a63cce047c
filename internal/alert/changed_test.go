package alert

import (
	"maps"
	"slices"
	"testing"
)

func TestChangedRecords(t *testing.T) {
	record := func(name, expr string) Record { return Record{Ref: Ref{Group: "g", Name: name}, Expr: expr} }
	before := Set{Records: []Record{record("same", "sum( up )"), record("other", "sum(up)"), record("reader", "other * 2"), record("gone", "up"), record("apart", "same + 1")}}
	after := Set{Records: []Record{record("same", "sum(up)"), record("other", "count(up)"), record("reader", "other * 2"), record("added", "up"), record("apart", "same + 1")}}
	changed := ChangedRecords(before, after)
	if got := slices.Sorted(maps.Keys(changed)); !slices.Equal(got, []string{"added", "gone", "other", "reader"}) {
		t.Errorf("changed are %q", got)
	}
	for expr, want := range map[string]string{
		"reader>5":      "((((count(up))) * 2)) > 5",
		"same   >   5":  "same > 5",
		"not an ( expr": "not an ( expr",
	} {
		if got := after.With(Rule{Expr: expr}, changed).Expr; got != want {
			t.Errorf("%s with what has changed is %s, want %s", expr, got, want)
		}
	}
}
