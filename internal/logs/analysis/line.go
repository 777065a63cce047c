package analysis

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// maxDepth is how deep a line may nest before it is left to encoding/json.
const maxDepth = 32

// visitor takes a key and its value, as it is written. plain says that the value is a text of ASCII without escapes.
type visitor func(key, value []byte, plain bool)

// object calls visit with each key and value of the JSON object in line. It reads what encoding/json reads; false
// means that it did not, and that encoding/json must be asked: what is rare in a log, such as keys with escapes, is left
// to it.
func visitObject(line []byte, visit visitor) bool {
	i := skipSpace(line, 0)
	if i == len(line) || line[i] != '{' {
		return false
	}
	end, ok := visitMembers(line, i, 0, visit)
	return ok && skipSpace(line, end) == len(line)
}

// members reads the object that begins at i and returns the place after it.
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

// value returns the place after the value that begins at i.
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

// text returns the place after the text that begins at i, if it is plain: ASCII without escapes.
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

// notInText marks, of eight bytes, the first that does not stand for itself in a plain text, by its highest bit: a quote,
// a backslash, a control character, or what is not ASCII. Each of them borrows when it is made less than nothing; a
// borrow may go on to the bytes after it, so that only the first mark is sure.
func specialBytes(eight uint64) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	quote, escape := eight^each*'"', eight^each*'\\'
	return (eight | (eight - each*' ') | (quote - each) | (escape - each)) & high
}

// escaped returns the place after any text.
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

// number returns the place after the number that begins at i.
func skipNumber(b []byte, i int) (int, bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := skipDigits(b, i)
	if whole == i || b[i] == '0' && whole > i+1 {
		return 0, false
	}
	i = whole
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

// space returns the first place from i on that is not white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// slowObject is object by encoding/json: the last of several values of a key counts.
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
