package importer

import (
	"bytes"
	"errors"
	"io"
	"os"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
)

// Data is what is to be imported, in a file that has no name: it has to be
// read more than once, and is not held in memory. It is for one goroutine.
type Data struct {
	limits       Limits
	file         *os.File
	bytes        int64
	reserved     int64 // that room was given for
	invalidLine  int64 // line in which it is not UTF-8; 0 if it all is
	invalidBytes int64 // bytes that are not UTF-8
	nonASCII     int64 // of UTF-8, beyond ASCII
}

// Room is what temporary files are counted by.
type Room interface {
	// Grow asks for room before so many bytes are written. DiskFull: there is
	// none.
	Grow(bytes int64) error
	// Shrink returns it back.
	Shrink(bytes int64)
}

// Receive keeps everything that body gives, in a file in the directory temp;
// what is packed with gzip or zstd is unpacked, and the limit is for that.
// The error is TooLarge, DiskFull, or that of body. Close has to follow.
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
		_ = d.Close() // it was not read
		return nil, err
	}
	return d, nil
}

// Close returns the room back.
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
	kept := 0 // bytes of a character that is not complete, at the front of buf
	line := int64(1)
	for {
		n, err := body.Read(buf[kept:])
		d.bytes += int64(n)
		if d.limits.Data > 0 && d.bytes > d.limits.Data { // before the kernel says so, by a signal
			return errs.E(errs.TooLarge, "The data of an import may have at most %d bytes for this database, twice what the database may have (limits.database_bytes)", d.limits.Data)
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

// characterize counts characters beyond ASCII and what is not UTF-8. It takes
// and returns the number of the line.
func (d *Data) characterize(b []byte, line int64) int64 {
	if utf8.Valid(b) {
		if d.nonASCII < 1<<20 { // enough to decide by
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

// reserve asks for room for so many bytes more.
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
	return errs.Wrap(errs.DiskFull, cause, "disk full: the server has no room for the data of the import; nothing was changed; try again when there is room, or tell the operator").
		With(errs.AttrReason, errs.ReasonDisk)
}

// incompleteTail is how many bytes at the end may be the beginning of a character.
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

// head returns the first bytes as they came.
func (d *Data) head(n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := d.file.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errReadBack(err)
	}
	return b[:n], nil
}

func errReadBack(err error) error {
	return errs.Wrap(errs.Engine, err, "The data of the import could not be read back")
}
