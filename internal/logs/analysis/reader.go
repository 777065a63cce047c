package analysis

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
)

// blockSize is how many bytes of lines a worker gets at once. A longer line counts as broken.
const blockSize = 256 << 10

// block is a sequence of whole lines.
type block struct {
	data   []byte // part of buf
	source string // whose lines they are
	order  uint64 // of its first line among all lines
	buf    [blockSize]byte
}

// reader cuts sources into a fixed number of blocks, which workers return.
type reader struct {
	full, free chan *block
	next       uint64 // order of the next block
	name       string // of the source that is read
	input      *bufio.Reader
}

func newReader(workers int) *reader {
	blocks := 2*workers + 1
	r := &reader{full: make(chan *block, blocks), free: make(chan *block, blocks), input: bufio.NewReaderSize(nil, sniffSize)}
	for range blocks {
		r.free <- new(block)
	}
	return r
}

// source sends a source's lines to the workers, and returns the number of lines that were too long.
func (r *reader) source(ctx context.Context, s Source, read *atomic.Int64) (tooLong uint64, err error) {
	in, err := s.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	if read == nil {
		read = new(atomic.Int64)
	}
	r.input.Reset(&countingReader{in, read})
	plain, err := decompress(r.input)
	if err != nil {
		return 0, err
	}
	r.name = s.Name
	if isWrapped(plain) {
		return r.lines(ctx, newUnwrapper(plain))
	}
	return r.lines(ctx, plain)
}

// lines sends lines to the workers. What was read before an error is sent too.
func (r *reader) lines(ctx context.Context, in io.Reader) (tooLong uint64, err error) {
	b := <-r.free
	filled, skipping := 0, false
	for err == nil && ctx.Err() == nil {
		filled, err = fill(in, b.buf[:], filled)
		begin, end := 0, filled // whole lines: all there is, or up to the last line break
		if err == nil {
			end = bytes.LastIndexByte(b.buf[:filled], '\n') + 1
		}
		if skipping { // the rest of a line that is too long
			begin = bytes.IndexByte(b.buf[:filled], '\n') + 1
			skipping = begin == 0
		} else if end == 0 && filled > 0 {
			tooLong++
			skipping = true
		}
		switch {
		case skipping:
			filled = 0
			continue
		case end == begin:
			filled = copy(b.buf[:], b.buf[end:filled])
			continue
		}
		following := <-r.free
		filled = copy(following.buf[:], b.buf[end:filled])
		r.send(b, begin, end)
		b = following
	}
	r.free <- b
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return tooLong, errors.Join(err, ctx.Err())
}

// fill reads until buf is full or in ends. Unlike io.ReadFull, it returns the error of a truncated compressed file.
func fill(in io.Reader, buf []byte, filled int) (int, error) {
	for filled < len(buf) {
		n, err := in.Read(buf[filled:])
		filled += n
		if err != nil {
			return filled, err
		}
	}
	return filled, nil
}

func (r *reader) send(b *block, begin, end int) {
	b.data, b.source, b.order = b.buf[begin:end], r.name, r.next
	r.next += blockSize // more than it has lines
	r.full <- b
}

// countingReader counts the bytes that are read.
type countingReader struct {
	io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}
