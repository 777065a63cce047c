package promapi

import (
	"slices"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// remembered is how many expressions a memory has the answers of: that of a replay, and what is asked for beside it.
const remembered = 4

// memory has the answers to range queries of the expressions that were asked for last. It is not safe for several goroutines.
type memory struct{ answers []answersOf }

type answersOf struct {
	expr  string
	parts map[backtest.Window]model.Matrix
}

// Remembering returns the client with a memory: what it asks for again, of the same expression and times, the server is not asked
// twice, as long as it asks for one expression after the other. It is not safe for several goroutines.
func (c *Client) Remembering() *Client {
	remembering := *c
	remembering.memory = &memory{}
	return &remembering
}

func (m *memory) get(expr string, part backtest.Window) (answer model.Matrix, known bool) {
	if m == nil {
		return nil, false
	}
	i := slices.IndexFunc(m.answers, func(a answersOf) bool { return a.expr == expr })
	if i < 0 {
		return nil, false
	}
	answer, known = m.answers[i].parts[part]
	return answer, known
}

func (m *memory) add(expr string, part backtest.Window, answer model.Matrix) {
	if m == nil {
		return
	}
	i := slices.IndexFunc(m.answers, func(a answersOf) bool { return a.expr == expr })
	if i < 0 {
		m.answers = append(m.answers, answersOf{expr, map[backtest.Window]model.Matrix{}})
		m.answers = m.answers[max(0, len(m.answers)-remembered):]
		i = len(m.answers) - 1
	}
	m.answers[i].parts[part] = answer
}
