package analysis

import (
	"bytes"
	"encoding/json"
)

// maxDepth is how deep a line may nest before it is left to encoding/json.
const maxDepth = 32

// object calls visit with each key and value of the JSON object in line, values as they are written. It reads what
// encoding/json reads; false means that it did not, and that encoding/json must be asked: what is rare in a log, such
// as keys with escapes, is left to it.
func object(line []byte, visit func(key, value []byte)) bool {
	i := space(line, 0)
	if i == len(line) || line[i] != '{' {
		return false
	}
	end, ok := members(line, i, 0, visit)
	return ok && space(line, end) == len(line)
}

// members reads the object that begins at i and returns the place after it.
func members(b []byte, i, depth int, visit func(key, value []byte)) (int, bool) {
	i = space(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, true
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return 0, false
		}
		end, plain := text(b, i)
		if !plain {
			return 0, false
		}
		key := b[i+1 : end-1]
		if i = space(b, end); i >= len(b) || b[i] != ':' {
			return 0, false
		}
		i = space(b, i+1)
		end, ok := value(b, i, depth)
		if !ok {
			return 0, false
		}
		if visit != nil {
			visit(key, b[i:end])
		}
		i = space(b, end)
		if i >= len(b) {
			return 0, false
		}
		switch b[i] {
		case ',':
			i = space(b, i+1)
		case '}':
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// value returns the place after the value that begins at i.
func value(b []byte, i, depth int) (int, bool) {
	if i >= len(b) || depth > maxDepth {
		return 0, false
	}
	switch b[i] {
	case '"':
		if end, plain := text(b, i); plain {
			return end, true
		}
		return escaped(b, i)
	case '{':
		return members(b, i, depth+1, nil)
	case '[':
		return elements(b, i, depth+1)
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	case 'n':
		return literal(b, i, "null")
	default:
		return number(b, i)
	}
}

func elements(b []byte, i, depth int) (int, bool) {
	i = space(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1, true
	}
	for {
		end, ok := value(b, i, depth)
		if !ok {
			return 0, false
		}
		i = space(b, end)
		if i >= len(b) {
			return 0, false
		}
		switch b[i] {
		case ',':
			i = space(b, i+1)
		case ']':
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// inText are the bytes that stand for themselves in a text: printable ASCII.
var inText = func() (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// text returns the place after the text that begins at i, if it is plain: printable ASCII without escapes.
func text(b []byte, i int) (end int, plain bool) {
	for i++; i < len(b); i++ {
		if !inText[b[i]] {
			return i + 1, b[i] == '"'
		}
	}
	return 0, false
}

// escaped returns the place after any text.
func escaped(b []byte, i int) (int, bool) {
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
				if i+4 >= len(b) || !hex(b[i+1:i+5]) {
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

func hex(digits []byte) bool {
	for _, c := range digits {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func literal(b []byte, i int, want string) (int, bool) {
	end := i + len(want)
	return end, end <= len(b) && string(b[i:end]) == want
}

// number returns the place after the number that begins at i.
func number(b []byte, i int) (int, bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := digits(b, i)
	if whole == i || b[i] == '0' && whole > i+1 {
		return 0, false
	}
	i = whole
	if i < len(b) && b[i] == '.' {
		end := digits(b, i+1)
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
		end := digits(b, i)
		if end == i {
			return 0, false
		}
		i = end
	}
	return i, true
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// space returns the first place from i on that is not white space.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// slowObject is object by encoding/json: the last of several values of a key counts.
func slowObject(line []byte, visit func(key, value []byte)) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil || fields == nil {
		return false
	}
	for key, value := range fields {
		visit([]byte(key), value)
	}
	return true
}
