package analysis

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
)

// parser reads one line after another into the same entry.
type parser struct {
	entry      stats.Entry
	timestamps timestampParser
	interner   interner
	hasTime    bool
	hasLevel   bool
	seen       fieldSet
	visitField visitor
	visitToken visitor
	// requestID and errorText are raw JSON: only errors need them decoded.
	requestID, errorText []byte
}

// fieldSet says which of the fields that each of our lines has were found, readable or not.
type fieldSet uint8

const (
	foundTime fieldSet = 1 << iota
	foundLevel
	foundMessage

	foundAll = foundTime | foundLevel | foundMessage
)

// verdict says whose a line is.
type verdict uint8

const (
	// broken is no JSON object, or has no readable timestamp or level.
	broken verdict = iota
	// foreign is JSON of another program.
	foreign
	// own is a line of the assistant.
	own
)

func newParser() *parser {
	p := &parser{interner: interner{}}
	p.visitField, p.visitToken = p.field, p.token // once, not per line
	return p
}

// parse reads a line into p.entry and says whose it is. Another field that is missing or has the wrong type stays empty.
func (p *parser) parse(line []byte) verdict {
	p.reset()
	if !visitObject(line, p.visitField) {
		p.reset()
		if !visitObjectSlow(line, p.visitField) {
			return broken
		}
	}
	switch {
	case p.seen != foundAll:
		return foreign
	case !p.hasTime || !p.hasLevel:
		return broken
	case !p.entry.Identify():
		return foreign
	default:
		return own
	}
}

// fillTexts decodes the texts that only a kept error needs.
func (p *parser) fillTexts() {
	p.entry.RequestID, p.entry.Error = string(unquote(p.requestID, false)), string(unquote(p.errorText, false))
}

func (p *parser) reset() {
	p.entry = stats.Entry{}
	p.hasTime, p.hasLevel, p.seen, p.requestID, p.errorText = false, false, 0, nil, nil
}

// field sets a field of the entry. A repeated key replaces what its value set before.
func (p *parser) field(key, value []byte, plain bool) {
	e := &p.entry
	switch string(key) {
	case logs.TimestampKey:
		p.seen |= foundTime
		e.Time, p.hasTime = p.timestamps.parse(unquote(value, plain))
	case logs.LevelKey:
		p.seen |= foundLevel
		e.Level, p.hasLevel = parseLevel(unquote(value, plain))
	case logs.MessageKey:
		p.seen |= foundMessage
		e.Message = p.interner.intern(unquote(value, plain))
	case logs.RequestIDKey:
		p.requestID = value
	case logs.MethodKey:
		e.Method = p.interner.intern(unquote(value, plain))
	case logs.EndpointKey:
		e.Endpoint = p.interner.intern(unquote(value, plain))
	case logs.ModelKey:
		e.Model = p.interner.intern(unquote(value, plain))
	case logs.ErrorTypeKey:
		e.ErrorType = p.interner.intern(unquote(value, plain))
	case logs.ErrorKey:
		p.errorText = value
	case logs.StatusKey:
		e.Status = parseStatus(value)
	case logs.DurationKey:
		e.Duration, e.HasDuration = 0, false
		if seconds, ok := parseFloat(value); ok {
			e.SetDuration(time.Duration(math.Round(max(-1, min(seconds, 1e9)) * 1e9)))
		}
	case logs.TokensKey:
		e.PromptTokens, e.CompletionTokens = 0, 0
		if value[0] == '{' && !visitObject(value, p.visitToken) {
			e.PromptTokens, e.CompletionTokens = 0, 0
			visitObjectSlow(value, p.visitToken)
		}
	}
}

func (p *parser) token(key, value []byte, _ bool) {
	n, ok := parseFloat(value)
	if !ok || n < 0 {
		n = 0
	}
	switch string(key) {
	case logs.PromptTokensKey:
		p.entry.PromptTokens = n
	case logs.CompletionTokensKey:
		p.entry.CompletionTokens = n
	}
}

// unquote returns the string in a JSON value; nil if it is none.
func unquote(value []byte, plain bool) []byte {
	if plain {
		return value[1 : len(value)-1]
	}
	if value == nil || value[0] != '"' {
		return nil
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return nil
	}
	return []byte(s)
}

// parseLevel reads the name of a level in any spelling. An unknown one, such as NOTICE, counts as INFO.
func parseLevel(name []byte) (l slog.Level, ok bool) {
	switch string(name) { // our own, for speed
	case "INFO":
		return slog.LevelInfo, true
	case "DEBUG":
		return slog.LevelDebug, true
	case "WARNING":
		return slog.LevelWarn, true
	case "ERROR":
		return slog.LevelError, true
	}
	name = bytes.Trim(name, " \t\r\n") // Python pads with %(levelname)-8s
	if len(name) == 0 {
		return 0, false
	}
	return levelNamed(name), true
}

// levelNamed returns the level of a name; INFO if it is unknown.
func levelNamed(name []byte) slog.Level {
	const longest = len("EMERGENCY")
	if len(name) > longest {
		return slog.LevelInfo
	}
	var buf [longest]byte
	capitals := append(buf[:0], name...)
	for i, c := range capitals {
		if 'a' <= c && c <= 'z' {
			capitals[i] = c - 'a' + 'A'
		}
	}
	switch string(capitals) {
	case "DEBUG", "DBG", "TRACE", "FINE":
		return slog.LevelDebug
	case "WARNING", "WARN", "WRN":
		return slog.LevelWarn
	case "ERROR", "ERR", "CRITICAL", "CRIT", "FATAL", "PANIC", "ALERT", "EMERG", "EMERGENCY", "SEVERE":
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}

// parseStatus reads an HTTP code; 0 if it is none.
func parseStatus(value []byte) int {
	if len(value) != 3 {
		return 0
	}
	code := 0
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0
		}
		code = code*10 + int(c-'0')
	}
	return code
}

// powersOfTen divide a whole number below 2^53 with one rounding, so that the result is that of strconv.ParseFloat.
var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// parseFloat reads the number in a JSON value.
func parseFloat(value []byte) (float64, bool) {
	var integer uint64
	point := len(value)
	for i, c := range value {
		switch {
		case c-'0' <= 9 && i < len(powersOfTen):
			integer = integer*10 + uint64(c-'0')
		case c == '.':
			point = i + 1
		default:
			return parseFloatSlow(value)
		}
	}
	return float64(integer) / powersOfTen[len(value)-point], true
}

// parseFloatSlow is parseFloat for what is long, negative, has an exponent, or is no number.
func parseFloatSlow(value []byte) (float64, bool) {
	if value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(value), 64)
	return f, err == nil
}

// maxInterned and maxLength bound the number and the length of interned names.
const (
	maxInterned = 1024
	maxLength   = 128
)

// interner keeps names that recur, so that they are allocated once.
type interner map[string]string

func (n interner) intern(text []byte) string {
	if interned, ok := n[string(text)]; ok {
		return interned
	}
	s := string(text)
	if len(n) < maxInterned && len(s) <= maxLength {
		n[s] = s
	}
	return s
}
