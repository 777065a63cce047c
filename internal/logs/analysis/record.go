package analysis

import "bytes"

// containerRecord is what a container runtime keeps of one write.
type containerRecord struct {
	stream int // 0 is stdout, 1 stderr
	text   []byte
	part   bool // the line goes on in the stream's next record
}

// recordParser reads one record after another.
type recordParser struct {
	log, stream []byte // of a Docker line, in JSON
	text        []byte // what log says
	visit       visitor
}

func newRecordParser() *recordParser {
	p := &recordParser{}
	p.visit = p.field // once, not per line
	return p
}

// parse reads a line of a container runtime.
func (p *recordParser) parse(line []byte) (containerRecord, bool) {
	if bytes.HasPrefix(line, []byte(`{"log":"`)) {
		return p.docker(line)
	}
	return parseCRI(line)
}

// docker reads a line of Docker's json-file: {"log":"TEXT","stream":"STREAM","time":"TIME"}.
func (p *recordParser) docker(line []byte) (r containerRecord, ok bool) {
	p.log, p.stream = nil, nil
	if !visitObject(line, p.visit) || p.log == nil || p.stream == nil {
		return r, false
	}
	if string(p.stream) == `"stderr"` {
		r.stream = 1
	}
	if p.text, ok = appendUnescaped(p.text[:0], p.log[1:len(p.log)-1]); ok {
		r.text = p.text
	} else {
		r.text = unquote(p.log, false)
	}
	r.part = !bytes.HasSuffix(r.text, []byte("\n"))
	return r, true
}

// appendUnescaped appends what is between the quotes of a JSON string; false means that encoding/json must read it.
func appendUnescaped(dst, raw []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return append(dst, raw...), true
		}
		dst = append(dst, raw[:i]...)
		switch c := raw[i+1]; c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		default:
			return dst, false
		}
		raw = raw[i+2:]
	}
}

// field keeps a field that is a string. As for encoding/json, the last of several values counts.
func (p *recordParser) field(key, value []byte, _ bool) {
	if value[0] != '"' {
		value = nil
	}
	switch string(key) {
	case "log":
		p.log = value
	case "stream":
		p.stream = value
	}
}

// parseCRI reads a line of containerd or CRI-O: TIME STREAM TAG TEXT.
func parseCRI(line []byte) (r containerRecord, ok bool) {
	rest, ok := cutTime(line)
	if !ok {
		return r, false
	}
	stream, rest, _ := bytes.Cut(rest, []byte(" "))
	tag, text, _ := bytes.Cut(rest, []byte(" "))
	switch string(stream) {
	case "stdout":
	case "stderr":
		r.stream = 1
	default:
		return r, false
	}
	tag, _, _ = bytes.Cut(bytes.TrimRight(tag, "\r\n"), []byte(":"))
	r.text, r.part = text, string(tag) == "P"
	return r, r.part || string(tag) == "F"
}
