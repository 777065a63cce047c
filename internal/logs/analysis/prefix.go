package analysis

import "bytes"

// A line may have been handed on by tools that put something before it.

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	podPrefix     = []byte("[pod/")
)

// stripPrefix returns a line without a byte order mark, and without what Compose, kubectl logs with --prefix and
// --timestamps, or a container runtime put before it.
func stripPrefix(line []byte) []byte {
	line = bytes.TrimPrefix(line, byteOrderMark)
	line = cutCompose(cutPod(line))
	if record, ok := parseCRI(line); ok {
		return record.text
	}
	if rest, ok := cutTime(line); ok {
		return rest
	}
	return line
}

// cutPod cuts kubectl's [pod/NAME/CONTAINER].
func cutPod(line []byte) []byte {
	if !bytes.HasPrefix(line, podPrefix) {
		return line
	}
	if _, rest, ok := bytes.Cut(line, []byte("] ")); ok {
		return rest
	}
	return line
}

// cutCompose cuts the name of a service before "| {".
func cutCompose(line []byte) []byte {
	const longest = 128
	i := bytes.Index(line[:min(len(line), longest)], []byte("| {"))
	if i < 1 {
		return line
	}
	if name := bytes.TrimRight(line[:i], " "); len(name) == 0 || bytes.ContainsAny(name, " \t\"{[") {
		return line
	}
	return line[i+len("| "):]
}

// cutTime cuts a time in RFC 3339 and the space after it.
func cutTime(line []byte) (rest []byte, ok bool) {
	const shortest, longest = len("2006-01-02T15:04:05Z"), len("2006-01-02T15:04:05.999999999+00:00")
	i := bytes.IndexByte(line[:min(len(line), longest+1)], ' ')
	if i < shortest || line[4] != '-' || line[7] != '-' || line[10] != 'T' || line[13] != ':' || line[16] != ':' {
		return line, false
	}
	return line[i+1:], true
}
