package expression

import (
	"fmt"
	"regexp/syntax"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/strutil"
)

const (
	// maxRegexp is how large the program of one expression's regular expressions together may be, in instructions.
	maxRegexp = 20_000
	// maxDepth is how deep an expression may be nested.
	maxDepth = 250
)

// checkRegexps returns an error if the regular expressions of a PromQL text are costly to compile. A few characters can
// be a program of megabytes, which the controller and then Prometheus would compile again and again: so this is found
// before anything compiles it. What is no PromQL, or no regular expression, is left to the parser to refuse.
func checkRegexps(text string) error {
	size, regexpFollows := 0, false
	lexer := parser.Lex(text)
	for {
		var item parser.Item
		lexer.NextItem(&item)
		switch item.Typ {
		case parser.EOF, parser.ERROR:
			return nil
		case parser.STRING:
			if pattern, err := strutil.Unquote(item.Val); err == nil && regexpFollows {
				if parsed, err := syntax.Parse(pattern, syntax.Perl|syntax.DotNL); err == nil {
					size += programSize(parsed)
				}
			}
			if size > maxRegexp {
				return fmt.Errorf("holds regular expressions that are too costly to match: write fewer or smaller repetitions such as {1,%d}", maxRegexp)
			}
		}
		regexpFollows = item.Typ == parser.EQL_REGEX || item.Typ == parser.NEQ_REGEX
	}
}

// programSize is about how many instructions a regular expression becomes: what is repeated is there as often.
func programSize(r *syntax.Regexp) int {
	n := 1 + len(r.Rune)
	for _, sub := range r.Sub {
		n += programSize(sub)
	}
	if r.Op == syntax.OpRepeat {
		n *= max(1, r.Min, r.Max)
	}
	return min(n, 2*maxRegexp)
}

// checkDepth returns an error if an expression is nested deeper than anybody writes.
func checkDepth(expr parser.Expr) error {
	var err error
	parser.Inspect(expr, func(_ parser.Node, path []parser.Node) error {
		if len(path) > maxDepth {
			err = fmt.Errorf("must not be nested deeper than %d levels: split it into several thresholds, or record a part of it", maxDepth)
		}
		return err
	})
	return err
}
