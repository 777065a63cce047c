package main

import "testing"

func TestTable(t *testing.T) {
	const values = `# About the file.

# What it
# is; one|two.
name: ""
# A part.
part:
  enabled: true
  # One line.
  prices: {m: {a: 1}}
  list:
    - {b: "2"}
resources:
  limits: {cpu: 1}
`
	const want = "| value | what it is | default |\n| --- | --- | --- |\n" +
		"| `name` | What it is; one\\|two. | `\"\"` |\n" +
		"| **`part`** | A part. | |\n" +
		"| `part.enabled` |  | `true` |\n" +
		"| `part.prices` | One line. | `{m: {a: 1}}` |\n" +
		"| `part.list` |  | `[{b: \"2\"}]` |\n" +
		"| `resources` |  | `{limits: {cpu: 1}}` |\n"
	got, err := table([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
