package server

import (
	"cmp"
	"net/http"
)

// outcomes are those of the acts that the server itself brings to an end.
var outcomes = map[Act]Outcome{
	ActAnswer: Answered, ActBlockPrompt: Blocked, ActBlockAnswer: Blocked, ActTruncate: Truncated,
	ActFailWithin: Failed,
}

// play answers a call as its scene has it. Whatever is sent is booked first: a client that has it finds it in the
// ledger.
func (s *Server) play(w http.ResponseWriter, r *http.Request, c *Call, a answer, b Behaviour, how form) {
	if a.scene.Act == ActFail {
		s.refuse(w, c, a.scene.Code, failures[a.scene.Code].during(a.scene), how)
		return
	}
	pieces, outcome := a.pieces(how), outcomes[a.scene.Act]
	if a.scene.Act == ActStall && len(pieces) == 0 {
		s.waitForTheEnd(r, c)
		return
	}
	c.Code = http.StatusOK
	if a.scene.Act == ActFailWithin {
		c.ErrorCode = a.scene.Code
	}
	if len(pieces) == 0 {
		s.calls.end(c, outcome)
	}
	out, pace := newStream(w, how, a.scene.Numbers), cmp.Or(a.scene.ChunkDelay, b.ChunkDelay)
	for i, piece := range pieces {
		if i > 0 && !sleep(r, pace) {
			s.calls.end(c, Cancelled)
			return
		}
		s.calls.sent(c, piece)
		if i == len(pieces)-1 && outcome != "" {
			s.calls.end(c, outcome)
		}
		if out.send(piece) != nil {
			s.calls.end(c, Cancelled)
			return
		}
	}
	switch a.scene.Act {
	case ActStall:
		s.waitForTheEnd(r, c)
	case ActFailWithin:
		_ = out.sendJSON(errorOf(a.scene.Code, failures[a.scene.Code].during(a.scene)))
		out.close()
	case ActTruncate:
		out.cut()
	default:
		out.close()
	}
}

func (s *Server) waitForTheEnd(r *http.Request, c *Call) {
	<-r.Context().Done()
	s.calls.end(c, Cancelled)
}
