package steps

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimeLeftFollowsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := New(&out)
		p.Expect("compile", 10*time.Second)
		p.Expect("install", 30*time.Second)
		p.Expect("fire", 20*time.Second)
		slow := func(d time.Duration) func(context.Context) error {
			return func(context.Context) error { time.Sleep(d); return nil }
		}
		for _, s := range []struct {
			name string
			f    func(context.Context) error
			want string // how its last line ends
		}{
			{"compile", slow(20 * time.Second), "  20.0s   1m40s left"}, // half as fast as expected
			{"unexpected", slow(time.Second), "   1.0s"},
			{"install", slow(20 * time.Second), "  20.0s   20s left"}, // 40 s of work in 40 s
			{"fire", slow(time.Second), "   1.0s"},
		} {
			out.Reset()
			if err := p.Do(t.Context(), s.name, s.f); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(out.String(), "\n"); !strings.HasSuffix(got, s.want) {
				t.Errorf("%s ends in %q, want %q", s.name, got, s.want)
			}
		}
		if len(p.ahead) > 0 {
			t.Errorf("still ahead: %v", p.ahead)
		}
	})
}

func TestTimeLeftWithinAStep(t *testing.T) {
	for _, tc := range []struct {
		name             string
		expected, actual time.Duration
		want             []string // how its lines end
	}{
		// As expected, until it takes longer; then what comes after it; then twice as much as was expected.
		{"slower", 40 * time.Second, 80 * time.Second, []string{"30.0s ...   30s left", "60.0s ...   20s left", "80.0s   40s left"}},
		{"its work is done: that says nothing of the rest", 80 * time.Second, 2 * time.Second, []string{"2.0s   20s left"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				p := New(&out)
				p.Expect("compile", tc.expected)
				p.Expect("install", 20*time.Second)
				if err := p.Do(t.Context(), "compile", func(context.Context) error { time.Sleep(tc.actual); return nil }); err != nil {
					t.Fatal(err)
				}
				lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
				if len(lines) != len(tc.want) {
					t.Fatalf("%d lines, want %d:\n%s", len(lines), len(tc.want), out.String())
				}
				for i, want := range tc.want {
					if !strings.HasSuffix(lines[i], " "+want) {
						t.Errorf("line %d is %q, want %q at its end", i, lines[i], want)
					}
				}
			})
		})
	}
}

func TestFailedStepStaysAhead(t *testing.T) {
	p := New(&bytes.Buffer{})
	p.Expect("fails", time.Second)
	if err := p.Do(t.Context(), "fails", func(context.Context) error { return errors.New("no") }); err == nil {
		t.Fatal("no error")
	}
	if want := map[string]time.Duration{"fails": time.Second}; !maps.Equal(p.ahead, want) {
		t.Errorf("ahead: %v", p.ahead)
	}
}
