package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestFit checks that an answer is left as it is or has at most the bytes that are allowed, with all that was left off counted.
func TestFit(t *testing.T) {
	long := make([]map[string]any, 1000)
	for i := range long {
		long[i] = map[string]any{"name": fmt.Sprint("n", i), "value": json.Number("12345678901234567890"), "inner": make([]int, 300)}
	}
	encode := func(v any) []byte {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, tc := range map[string]struct {
		answer any
		limit  int
		want   string
	}{
		"short":         {map[string]any{"a": []int{1, 2}, "b": "<&>"}, 100, `{"a":[1,2],"b":"\u003c\u0026\u003e"}`},
		"a list":        {map[string]any{"a": make([]int, 300), "b": 1}, 600, `0],"aLeftOff":44,"b":1}`},
		"a long one":    {map[string]any{"a": make([]int, 300)}, 100, `,0],"aLeftOff":265}`},
		"a text":        {map[string]any{"a": strings.Repeat("ö", 2000)}, 3000, `ö... (1952 bytes left off)"}`},
		"lines":         {map[string]any{"a": strings.Repeat("0123456789\n", 400)}, 3000, `0123456789\n(214 lines left off)\n"}`},
		"lists in ones": {map[string]any{"all": long}, 10000, `,"innerLeftOff":254,"name":"n0","value":12345678901234567890}`},
		"of one":        {map[string]any{"a": []string{strings.Repeat("x", 1500), strings.Repeat("y", 1500)}}, 1600, `x"],"aLeftOff":1}`},
	} {
		got, err := fit(encode(tc.answer), tc.limit)
		if err != nil || len(got) > tc.limit || !strings.Contains(string(got), tc.want) || !json.Valid(got) {
			t.Errorf("%s: %v: %d bytes: %s\nwant at most %d, and %s", name, err, len(got), got, tc.limit, tc.want)
		}
	}
	many := map[string]string{}
	for i := range 100 {
		many[fmt.Sprint("key", i)] = "value"
	}
	if got, err := fit(encode(many), 100); err == nil || !strings.Contains(err.Error(), "ask for less at a time") {
		t.Errorf("what cannot be cut: %v: %s", err, got)
	}
}
