package analysis

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"strings"
)

// sniffSize is how much of a source is looked at to know its format.
const sniffSize = 64 << 10

// gzipMagic is how a gzip file begins.
const gzipMagic = "\x1f\x8b"

// unreadable are formats that are known, but not read, by how their files begin.
var unreadable = []struct{ magic, what, instead string }{
	{"\xfd7zXZ\x00", "it is compressed with xz", "xz -dc"},
	{"\x28\xb5\x2f\xfd", "it is compressed with zstd", "zstd -dc"},
	{"\x04\x22\x4d\x18", "it is compressed with lz4", "lz4 -dc"},
	{"PK\x03\x04", "it is a compressed zip archive", "unzip -p"},
	{"\xff\xfe", "it is UTF-16 text, not UTF-8", "iconv -f UTF-16 -t UTF-8"},
	{"\xfe\xff", "it is UTF-16 text, not UTF-8", "iconv -f UTF-16 -t UTF-8"},
}

// decompress returns the content of in, gzipped or not: its first bytes decide, not its name. The error for another
// format says how to convert it.
func decompress(in *bufio.Reader) (*bufio.Reader, error) {
	start, _ := in.Peek(10) // an error comes again
	head := string(start)
	if strings.HasPrefix(head, gzipMagic) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		return bufio.NewReaderSize(unzipped, sniffSize), nil
	}
	for _, f := range unreadable {
		if strings.HasPrefix(head, f.magic) {
			return nil, cannotRead(f.what, f.instead)
		}
	}
	if isBzip2(head) {
		return nil, cannotRead("it is compressed with bzip2", "bzip2 -dc")
	}
	return in, nil
}

// isBzip2 knows a bzip2 file by the digits of pi; a text may begin with BZh.
func isBzip2(head string) bool {
	return strings.HasPrefix(head, "BZh") && len(head) == 10 && (head[4:] == "1AY&SY" || head[4:] == "\x17rE8P\x90")
}

func cannotRead(what, instead string) error {
	return fmt.Errorf("%s; use: %s FILE | assistant analyze -", what, instead)
}
