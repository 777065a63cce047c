package rules

import (
	"errors"
	"regexp"
	"text/template/parse"
)

// Prometheus plays the templates of all tenants in one process, and lets them ask for any series and work without end.
var (
	errQuery = errors.New("query reads the series of every namespace: remove it, and put what is to be shown into the expression")
	errRange = errors.New("range may go over $labels only: write out what is to be shown")
	errNamed = errors.New("define, block and template are not supported: write the text in one piece")
	errWidth = errors.New("printf takes widths and precisions below 100 only")
)

// width is what printf pads to a hundred characters or more, or to as many as an argument says.
var width = regexp.MustCompile(`%[-+# 0]*(\d*\.)?(\d{3,}|\*)`)

// forbidden returns what a template does that no tenant may. One that cannot be read is left to lintTemplate.
func forbidden(text string) error {
	tree := parse.New("text")
	tree.Mode = parse.SkipFuncCheck
	named := map[string]*parse.Tree{}
	// Prometheus puts the same definitions in front.
	const defs = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
	tree, err := tree.Parse(defs+text, "", "", named)
	if err != nil {
		return nil //nolint:nilerr // it is said elsewhere
	}
	delete(named, "text")
	if len(named) > 0 {
		return errNamed
	}
	return checkNode(tree.Root)
}

func checkNode(node parse.Node) error {
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		return firstError(n.Nodes)
	case *parse.ActionNode:
		return checkNode(n.Pipe)
	case *parse.PipeNode:
		if n == nil {
			return nil
		}
		return firstError(n.Cmds)
	case *parse.CommandNode:
		return firstError(n.Args)
	case *parse.ChainNode:
		return checkNode(n.Node)
	case *parse.IdentifierNode:
		if n.Ident == "query" {
			return errQuery
		}
	case *parse.StringNode:
		if width.MatchString(n.Text) {
			return errWidth
		}
	case *parse.IfNode:
		return errors.Join(checkNode(n.Pipe), checkNode(n.List), checkNode(n.ElseList))
	case *parse.WithNode:
		return errors.Join(checkNode(n.Pipe), checkNode(n.List), checkNode(n.ElseList))
	case *parse.RangeNode:
		if over := n.Pipe.Cmds[0].String(); over != "$labels" && over != ".Labels" || len(n.Pipe.Cmds) > 1 {
			return errors.Join(checkNode(n.Pipe), errRange)
		}
		return errors.Join(checkNode(n.List), checkNode(n.ElseList))
	case *parse.TemplateNode:
		return errNamed
	}
	return nil
}

func firstError[N parse.Node](nodes []N) error {
	for _, n := range nodes {
		if err := checkNode(n); err != nil {
			return err
		}
	}
	return nil
}
