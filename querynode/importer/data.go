package importer

import (
	"bytes"
	"errors"
	"io"
	"os"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
)

// Data is the data of an import, in a file without a name. It is read more than
// once, and is never held in memory. It is for one goroutine.
type Data struct {
	limits       Limits
	file         *os.File
	bytes        int64
	reserved     int64 // bytes that Room.Grow has granted
	invalidLine  int64 // first line that is not UTF-8; 0 if all of it is
	invalidBytes int64 // number of bytes that are not UTF-8
	nonASCII     int64 // number of UTF-8 characters beyond ASCII
}

// Room counts the bytes of temporary files.
type Room interface {
	// Grow reserves bytes before they are written. The error is DiskFull.
	Grow(bytes int64) error
	// Shrink releases reserved bytes.
	Shrink(bytes int64)
}

// Receive stores a body in a file in the directory temp. It decompresses gzip
// and zstd; limits apply to the result. The error is TooLarge, DiskFull, or
// that of body. The caller calls Close.
func Receive(body io.Reader, temp string, limits Limits) (*Data, error) {
	f, err := os.CreateTemp(temp, "import-")
	if err != nil {
		return nil, errDiskFull(err)
	}
	d := &Data{limits: limits, file: f}
	err = os.Remove(f.Name())
	if err == nil {
		err = d.receive(body)
	}
	if err != nil {
		_ = d.Close() // the file was never read
		return nil, err
	}
	return d, nil
}

// Close releases the file and its reserved bytes.
func (d *Data) Close() error {
	if room := d.limits.Room; room != nil {
		room.Shrink(d.reserved)
	}
	return d.file.Close()
}

func (d *Data) receive(body io.Reader) error {
	r, done, err := unpack(body)
	if err != nil {
		return err
	}
	defer done()
	return d.store(r)
}

func (d *Data) store(body io.Reader) error {
	buf := make([]byte, 64<<10)
	kept := 0 // bytes of an incomplete character, at the front of buf
	line := int64(1)
	for {
		n, err := body.Read(buf[kept:])
		d.bytes += int64(n)
		if d.limits.Data > 0 && d.bytes > d.limits.Data { // the kernel would send a signal
			return errs.E(errs.TooLarge, "The data of an import may have at most %d bytes for this database, twice its size limit (limits.database_bytes)", d.limits.Data)
		}
		if err := d.reserve(int64(n)); err != nil {
			return err
		}
		if _, failed := d.file.Write(buf[kept : kept+n]); failed != nil {
			return errDiskFull(failed)
		}
		part := buf[:kept+n]
		rest := incompleteTail(part)
		if errors.Is(err, io.EOF) {
			rest = 0
		}
		whole := part[:len(part)-rest]
		line = d.characterize(whole, line)
		kept = copy(buf, part[len(whole):])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// characterize counts characters beyond ASCII and bytes that are not UTF-8. It
// returns the line number at the end of b.
func (d *Data) characterize(b []byte, line int64) int64 {
	if utf8.Valid(b) {
		if d.nonASCII < 1<<20 { // enough to decide
			d.nonASCII += int64(countNonASCII(b))
		}
		return line + countByte(b, '\n')
	}
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && size == 1:
			if d.invalidBytes++; d.invalidLine == 0 {
				d.invalidLine = line
			}
		case r == '\n':
			line++
		case size > 1:
			d.nonASCII++
		}
		b = b[size:]
	}
	return line
}

// countNonASCII counts the characters that are not ASCII.
func countNonASCII(b []byte) (n int) {
	for _, c := range b {
		if c >= 0xC0 {
			n++
		}
	}
	return n
}

// reserve counts more bytes against Limits.Room.
func (d *Data) reserve(bytes int64) error {
	if d.limits.Room == nil || bytes == 0 {
		return nil
	}
	if err := d.limits.Room.Grow(bytes); err != nil {
		return err
	}
	d.reserved += bytes
	return nil
}

func errDiskFull(cause error) error {
	return errs.Wrap(errs.DiskFull, cause, "disk full: the server has no space for the data of the import; nothing was changed; try again later, or inform the operator").
		With(errs.AttrReason, errs.ReasonDisk)
}

// incompleteTail returns the number of bytes at the end that may begin a
// character.
func incompleteTail(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

func countByte(b []byte, c byte) int64 { return int64(bytes.Count(b, []byte{c})) }

// head returns the first n bytes, before decoding.
func (d *Data) head(n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := d.file.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errReadBack(err)
	}
	return b[:n], nil
}

func errReadBack(err error) error {
	return errs.Wrap(errs.Engine, err, "The temporary file of the import could not be read")
}
