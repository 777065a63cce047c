package analysis

// A scanner of its own, not a JSON library: see internal/decisions.md.

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// maxDepth is the nesting above which encoding/json reads a line.
const maxDepth = 32

// visitor receives a key and its raw value. plain means that the value is an ASCII string without escapes.
type visitor func(key, value []byte, plain bool)

// visitObject calls visit for each key and value of the JSON object in line. It accepts what encoding/json does; false
// means that encoding/json must read the line: it leaves rare cases, such as escaped keys, to it.
func visitObject(line []byte, visit visitor) bool {
	i := skipSpace(line, 0)
	if i == len(line) || line[i] != '{' {
		return false
	}
	end, ok := visitMembers(line, i, 0, visit)
	return ok && skipSpace(line, end) == len(line)
}

// visitMembers reads the object that starts at i and returns the index after it.
func visitMembers(b []byte, i, depth int, visit visitor) (int, bool) {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, true
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return 0, false
		}
		end, plain := skipPlainString(b, i)
		if !plain {
			return 0, false
		}
		key := b[i+1 : end-1]
		if i = skipSpace(b, end); i >= len(b) || b[i] != ':' {
			return 0, false
		}
		i = skipSpace(b, i+1)
		end, plain, ok := skipValue(b, i, depth)
		if !ok {
			return 0, false
		}
		if visit != nil {
			visit(key, b[i:end], plain)
		}
		i = skipSpace(b, end)
		if i >= len(b) {
			return 0, false
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case '}':
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// skipValue returns the index after the value that starts at i.
func skipValue(b []byte, i, depth int) (end int, plain, ok bool) {
	if i >= len(b) || depth > maxDepth {
		return 0, false, false
	}
	switch b[i] {
	case '"':
		if end, plain = skipPlainString(b, i); plain {
			return end, true, true
		}
		end, ok = skipString(b, i)
	case '{':
		end, ok = visitMembers(b, i, depth+1, nil)
	case '[':
		end, ok = skipArray(b, i, depth+1)
	case 't':
		end, ok = skipLiteral(b, i, "true")
	case 'f':
		end, ok = skipLiteral(b, i, "false")
	case 'n':
		end, ok = skipLiteral(b, i, "null")
	default:
		end, ok = skipNumber(b, i)
	}
	return end, false, ok
}

func skipArray(b []byte, i, depth int) (int, bool) {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1, true
	}
	for {
		end, _, ok := skipValue(b, i, depth)
		if !ok {
			return 0, false
		}
		i = skipSpace(b, end)
		if i >= len(b) {
			return 0, false
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case ']':
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// skipPlainString returns the index after the string that starts at i, if it is plain: ASCII without escapes.
func skipPlainString(b []byte, i int) (end int, plain bool) {
	for i++; i+8 <= len(b); i += 8 {
		if marks := specialBytes(binary.LittleEndian.Uint64(b[i:])); marks != 0 {
			i += bits.TrailingZeros64(marks) / 8
			return i + 1, b[i] == '"'
		}
	}
	for ; i < len(b); i++ {
		if b[i] < ' ' || b[i] >= 0x80 || b[i] == '"' || b[i] == '\\' {
			return i + 1, b[i] == '"'
		}
	}
	return 0, false
}

// specialBytes marks, by its highest bit, the first of eight bytes that is special in a string: a quote, a backslash, a
// control character, or not ASCII. Each of them borrows when subtracted from; a borrow may carry on, so that only the
// first mark is reliable.
func specialBytes(eight uint64) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	quote, escape := eight^each*'"', eight^each*'\\'
	return (eight | (eight - each*' ') | (quote - each) | (escape - each)) & high
}

// skipString returns the index after any string.
func skipString(b []byte, i int) (int, bool) {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, true
		case c < ' ':
			return 0, false
		case c == '\\':
			if i++; i >= len(b) {
				return 0, false
			}
			if b[i] == 'u' {
				if i+4 >= len(b) || !isHex(b[i+1:i+5]) {
					return 0, false
				}
				i += 4
			} else if bytes.IndexByte([]byte(`"\/bfnrt`), b[i]) < 0 {
				return 0, false
			}
		}
	}
	return 0, false
}

func isHex(digits []byte) bool {
	for _, c := range digits {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func skipLiteral(b []byte, i int, word string) (int, bool) {
	end := i + len(word)
	return end, end <= len(b) && string(b[i:end]) == word
}

// skipNumber returns the index after the number that starts at i.
func skipNumber(b []byte, i int) (int, bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	integer := skipDigits(b, i)
	if integer == i || b[i] == '0' && integer > i+1 {
		return 0, false
	}
	i = integer
	if i < len(b) && b[i] == '.' {
		end := skipDigits(b, i+1)
		if end == i+1 {
			return 0, false
		}
		i = end
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := skipDigits(b, i)
		if end == i {
			return 0, false
		}
		i = end
	}
	return i, true
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// skipSpace returns the first index from i on that is not white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// visitObjectSlow is visitObject by encoding/json: the last of several values of a key counts.
func visitObjectSlow(line []byte, visit visitor) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil || fields == nil {
		return false
	}
	for key, value := range fields {
		visit([]byte(key), value, false)
	}
	return true
}
