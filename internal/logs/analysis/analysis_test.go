package analysis

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func from(name string, data []byte) Source {
	return Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// at is a line of a request that ended so many seconds after noon.
func at(second int, level, extra string) string {
	return fmt.Sprintf(`{"timestamp":"2026-11-23T12:%02d:%02d.000000Z","level":%q,"message":"Request completed","endpoint":"/chat"%s}`+"\n",
		second/60, second%60, level, extra)
}

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	late = Options{To: noon.Add(24 * time.Hour)}
)

func TestWhatBecomesOfLines(t *testing.T) {
	data := at(0, "INFO", "") + "\n  \n" + at(10, "INFO", "") + at(20, "DEBUG", "") + "not a log line\n" +
		at(30, "ERROR", `,"error_type":"quota"`) + at(3000, "INFO", "") + strings.TrimSpace(at(31, "INFO", ""))
	got, err := Analyze(t.Context(), []Source{from("log", []byte(data))}, Options{From: noon, To: noon.Add(31 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Lines{Total: 7, Counted: 3, Broken: 1, Debug: 1, Outside: 1, Future: 1}); got.Lines != want {
		t.Errorf("lines = %+v, want %+v", got.Lines, want)
	}
	if got.Requests.Total != 3 || got.Errors.Total != 1 || got.Errors.Types["quota"] != 1 {
		t.Errorf("report = %+v", got.Report)
	}
}

func TestGzipIsKnownByItsContent(t *testing.T) {
	data := []byte(strings.Repeat(at(1, "INFO", `,"duration":0.5`), 1000))
	one := zipped(t, data)
	var read atomic.Int64
	o := late
	o.Read = &read
	sources := []Source{from("plain", data), from("zipped", one), from("two members", append(bytes.Clone(one), one...)), from("empty", nil)}
	got, err := Analyze(t.Context(), sources, o)
	if err != nil || got.Lines.Counted != 4000 || got.Requests.AvgDuration != 0.5 {
		t.Errorf("lines = %+v, mean %v, %v; want 4000 of 0.5 s", got.Lines, got.Requests.AvgDuration, err)
	}
	if want := int64(len(data) + 3*len(one)); read.Load() != want {
		t.Errorf("read = %d, want %d", read.Load(), want)
	}
}

func TestAFileThatFailsIsToldAndTheOthersAreRead(t *testing.T) {
	data := []byte(strings.Repeat(at(1, "INFO", ""), 50000))
	integer := zipped(t, data)
	missingFile := Source{Name: "gone", Open: func() (io.ReadCloser, error) { return nil, os.ErrNotExist }}
	got, err := Analyze(t.Context(), []Source{missingFile, from("cut", integer[:len(integer)-20]), from("good", data)}, late)
	if !errors.Is(err, os.ErrNotExist) || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "reading cut") {
		t.Errorf("err = %v, want those of gone and cut", err)
	}
	if got.Lines.Counted <= 50000 {
		t.Errorf("counted = %d, want the good file and what could be read of the other", got.Lines.Counted)
	}
}

func TestLinesThatAreTooLongAreBroken(t *testing.T) {
	long := strings.Repeat("x", blockSize)
	for _, data := range []string{
		at(1, "INFO", "") + long + "\n" + at(2, "INFO", ""),
		at(1, "INFO", "") + long + long + long + "\n" + at(2, "INFO", "") + "\n",
		long + "\n" + at(1, "INFO", "") + at(2, "INFO", ""),
		at(1, "INFO", "") + at(2, "INFO", "") + long + long,
		at(1, "INFO", "") + at(2, "INFO", "") + long[:blockSize-1] + "\n",
	} {
		got, err := Analyze(t.Context(), []Source{from("log", []byte(data))}, late)
		if want := (Lines{Total: 3, Counted: 2, Broken: 1}); err != nil || got.Lines != want {
			t.Errorf("of %d bytes: lines = %+v, %v; want %+v", len(data), got.Lines, err, want)
		}
	}
}

func TestManyBlocksKeepTheLastErrorsInOrder(t *testing.T) {
	var data strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	const lines = 20000
	for i := range lines {
		fmt.Fprint(&data, at(i%3600, "ERROR", fmt.Sprintf(`,"request_id":"r%d","error":"a \"b\"","padding":%q`, i, strings.Repeat("x", random.IntN(100)))))
	}
	for range 5 {
		got, err := Analyze(t.Context(), []Source{from("log", []byte(data.String()))}, late)
		if err != nil || got.Errors.Total != lines {
			t.Fatalf("errors = %d, %v", got.Errors.Total, err)
		}
		for i, e := range got.Errors.Recent { // those of the 3599th second come last, in the order of their lines
			want := fmt.Sprintf("r%d", []int{3598, 7198, 10798, 14398, 17998, 3599, 7199, 10799, 14399, 17999}[i])
			if e.RequestID != want || e.Error != `a "b"` {
				t.Errorf("recent error %d = %+v, want %s", i, e, want)
			}
		}
	}
}

func TestAnalyzeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	endless := Source{Name: "endless", Open: func() (io.ReadCloser, error) {
		cancel()
		return io.NopCloser(repeat(at(1, "INFO", ""))), nil
	}}
	if _, err := Analyze(ctx, []Source{endless}, late); !errors.Is(err, context.Canceled) {
		t.Errorf("Analyze = %v", err)
	}
}

// repeat reads as its text without end.
type repeat string

func (r repeat) Read(p []byte) (int, error) { return copy(p, r), nil }

// FuzzFile: no file stops the analysis, and no line of it is lost.
func FuzzFile(f *testing.F) {
	f.Add([]byte(at(1, "INFO", "")+"torn\n\n"+at(2, "ERROR", "")), 3)
	f.Add(zipped(f, []byte(at(1, "INFO", ""))), 7)
	f.Add([]byte{0x1f, 0x8b, 0x08}, 1)
	for _, wrapped := range wrappings {
		f.Add([]byte(wrapped.text), 2)
	}
	f.Add([]byte("\xef\xbb\xbf\xfd7zXZ\x00"), 1)
	f.Add([]byte(klog+nginx), 2)
	f.Fuzz(func(t *testing.T, data []byte, times int) {
		if times < 0 || times > 1000 {
			return
		}
		got, err := Analyze(t.Context(), []Source{from("log", bytes.Repeat(data, times))}, late)
		n := got.Lines
		if n.Total != n.Counted+n.Broken+n.Foreign+n.Debug+n.Outside+n.Future {
			t.Errorf("lines = %+v do not add up", n)
		}
		if err != nil || bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			return
		}
		all := bytes.Repeat(data, times)
		var want uint64
		for line := range bytes.Lines(all) {
			if line = bytes.TrimSuffix(line, []byte("\n")); len(content(line)) > 0 {
				want++
			}
		}
		// A container's lines can be parts of one, or empty.
		if n.Total > want || n.Total < want && !isWrapped(bufio.NewReaderSize(bytes.NewReader(all), sniffSize)) {
			t.Errorf("%d lines, want %d", n.Total, want)
		}
	})
}
