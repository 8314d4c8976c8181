package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"regexp"

	"github.com/klauspost/compress/zstd"

	"github.com/ayb-go/ayb/shared/errs"
)

// zstdWindow is the size limit of zstd's window.
const zstdWindow = 8 << 20

// unpack decompresses a body that is compressed with gzip or zstd, and returns
// any other unchanged. done releases the decompressor.
func unpack(body io.Reader) (r io.Reader, done func(), err error) {
	in := bufio.NewReaderSize(body, 64<<10)
	begin, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return &failedBody{begin, err}, func() {}, nil
	}
	switch {
	case bytes.HasPrefix(begin, []byte("\x1f\x8b\x08")):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, errPacked("gzip", err)
		}
		return unpackReader{z, "gzip"}, func() {}, nil
	case bytes.HasPrefix(begin, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderMaxMemory(4*zstdWindow))
		if err != nil {
			return nil, nil, errPacked("zstd", err)
		}
		return unpackReader{z, "zstd"}, z.Close, nil
	}
	return in, func() {}, nil
}

func errPacked(how string, err error) error {
	return errs.Wrap(errs.Invalid, err, "The data is compressed with %s and is damaged or incomplete", how)
}

// failedBody is a body that failed in its first bytes.
type failedBody struct {
	rest []byte
	err  error
}

// Read implements io.Reader.
func (f *failedBody) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		return 0, f.err
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// unpackReader turns errors of the decompressor into errors for the user;
// errors of the body stay.
type unpackReader struct {
	io.Reader
	how string
}

// Read implements io.Reader.
func (u unpackReader) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		if errs.CodeOf(err) == errs.Internal {
			err = errPacked(u.how, err)
		}
	}
	return n, err
}

// foreignFormats are the first bytes of other kinds of files, and what the user
// can do with each.
var foreignFormats = []struct{ magic, what string }{
	{"SQLite format 3\x00", "a SQLite database; import it with the format sqlite"},
	{"PK\x03\x04", "a ZIP archive or a spreadsheet (xlsx, ods); unpack it, or save the sheet as CSV"},
	{"PK\x05\x06", "an empty ZIP archive"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "a Microsoft Office file (xls); save the sheet as CSV"},
	{"%PDF-", "a PDF document; export its table as CSV first"},
	{"PAR1", "a Parquet file; write it as CSV first, for example with DuckDB: COPY 'x.parquet' TO 'x.csv'"},
	{"ARROW1", "an Arrow file; write it as CSV first"},
	{"Obj\x01", "an Avro file; write it as CSV first"},
	{"BZh", "compressed with bzip2; decompress it first, or use gzip or zstd"},
	{"\xFD7zXZ\x00", "compressed with xz; decompress it first, or use gzip or zstd"},
	{"7z\xBC\xAF\x27\x1C", "a 7z archive; unpack it first"},
	{"\x1f\x8b", "compressed twice with gzip; decompress it first"},
	{"\x28\xb5\x2f\xfd", "compressed twice with zstd; decompress it first"},
	{"\x7fELF", "a program"},
	{"\x89PNG", "a picture"},
	{"\xFF\xFE\x00\x00", "text in UTF-32; write it as UTF-8 first, for example with iconv -f UTF-32 -t UTF-8"},
	{"\x00\x00\xFE\xFF", "text in UTF-32; write it as UTF-8 first, for example with iconv -f UTF-32 -t UTF-8"},
}

var htmlPage = regexp.MustCompile(`(?i)^\s*(<!DOCTYPE html|<html[\s>])`)

// rejectForeignFormats rejects data that is not a text with rows.
func (d *Data) rejectForeignFormats() error {
	begin, err := d.head(512)
	if err != nil {
		return err
	}
	what := ""
	for _, o := range foreignFormats {
		if bytes.HasPrefix(begin, []byte(o.magic)) && (o.magic != "BZh" || bytes.Contains(begin, []byte("1AY&SY"))) {
			what = o.what
		}
	}
	switch {
	case what != "":
	case looksUTF32(begin):
		what = "text in UTF-32; write it as UTF-8 first, for example with iconv -f UTF-32 -t UTF-8"
	case htmlPage.Match(begin):
		what = "a web page; download the file itself"
	default:
		return nil
	}
	return errs.E(errs.Invalid, "The data is %s", what)
}

// looksUTF32 reports whether a text without a byte order mark looks like
// UTF-32: three bytes of four are zero.
func looksUTF32(b []byte) bool {
	if len(b) < 16 || len(b)%4 != 0 {
		return false
	}
	var zeros [4]int
	for i, c := range b {
		if c == 0 {
			zeros[i%4]++
		}
	}
	n := len(b) / 4
	return zeros[1] > n*9/10 && zeros[2] > n*9/10 && (zeros[0] > n*9/10) != (zeros[3] > n*9/10)
}
