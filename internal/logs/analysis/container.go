package analysis

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// isWrapped reports whether one of the first lines is a container runtime's.
func isWrapped(in *bufio.Reader) bool {
	head, _ := in.Peek(sniffSize) // an error comes again
	records := newRecordParser()
	for line := range bytes.Lines(head) {
		if _, ok := records.parse(line); ok {
			return true
		}
	}
	return false
}

// unwrapper reads the file of a container runtime as the lines that its program wrote: CRI and Docker cut long ones. Other
// lines stay as they are.
type unwrapper struct {
	in      *bufio.Reader
	records *recordParser
	parts   [2][]byte // of each stream's unfinished line
	out     []byte    // what is to be read next
	err     error     // after out
}

func newUnwrapper(in io.Reader) *unwrapper {
	return &unwrapper{in: bufio.NewReaderSize(in, blockSize), records: newRecordParser()}
}

// Read reads whole lines.
func (u *unwrapper) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.next()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

// next reads a line into out; none if it is a part.
func (u *unwrapper) next() {
	line, err := u.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) { // what is so long is no record
		u.out = line
		return
	}
	u.err = err
	r, ok := u.records.parse(line)
	switch {
	case !ok:
		u.out = line
	case r.part:
		u.addPart(r)
	default:
		u.out = u.whole(r)
	}
	if err != nil {
		u.flush()
	}
}

// addPart adds a part to its stream's line, up to one byte more than a line may have.
func (u *unwrapper) addPart(r containerRecord) {
	kept := &u.parts[r.stream]
	text := bytes.TrimRight(r.text, "\r\n")
	*kept = append(*kept, text[:min(len(text), blockSize+1-len(*kept))]...)
}

// whole returns the line that a record ends.
func (u *unwrapper) whole(r containerRecord) []byte {
	kept := &u.parts[r.stream]
	if len(*kept) == 0 {
		return r.text
	}
	u.addPart(r)
	*kept = append(*kept, '\n')
	line := *kept
	*kept = line[:0] // out is read before the next part comes
	return line
}

// flush adds what was never ended to out.
func (u *unwrapper) flush() {
	for i, kept := range u.parts {
		if len(kept) > 0 {
			u.out = append(bytes.Clone(u.out), kept...)
			u.out = append(u.out, '\n')
		}
		u.parts[i] = nil
	}
}
