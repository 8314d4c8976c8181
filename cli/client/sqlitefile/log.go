package sqlitefile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
)

// The layout of a write-ahead log: https://sqlite.org/fileformat2.html#walformat
const (
	logHeader   = 32
	frameHeader = 24
	logMagic    = 0x377f0682 // and one more where checksums are of big-endian words
	logVersion  = 3007000
)

// log is a write-ahead log with committed transactions.
type log struct {
	file   *os.File
	head   []byte
	page   int              // bytes
	pages  uint32           // of the database after the last commit
	frames map[uint32]int64 // where the last committed content of each page begins
}

// openLog reads a log. It returns nil without an error if no transaction in it
// is committed. As SQLite does, it stops at a frame that is incomplete or that
// belongs to an earlier use of the log.
func openLog(path string) (*log, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l := &log{file: file, head: make([]byte, logHeader), frames: map[uint32]int64{}}
	if err := l.scan(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if len(l.frames) == 0 {
		return nil, file.Close()
	}
	return l, nil
}

// scan finds the committed pages.
func (l *log) scan() error {
	r := bufio.NewReaderSize(l.file, 1<<20)
	if _, err := io.ReadFull(r, l.head); err != nil {
		return ignoreEOF(err)
	}
	word := func(at int) uint32 { return binary.BigEndian.Uint32(l.head[at:]) }
	l.page = int(word(8))
	sum := checksum{order: binary.LittleEndian}
	if word(0) == logMagic+1 {
		sum.order = binary.BigEndian
	}
	sum.add(l.head[:24])
	if word(0)&^1 != logMagic || word(4) != logVersion || l.page < 512 || l.page > 64<<10 || l.page&(l.page-1) != 0 ||
		sum.a != word(24) || sum.b != word(28) {
		return nil
	}
	frame := make([]byte, frameHeader+l.page)
	open := map[uint32]int64{} // of the transaction that is being read
	for at := int64(logHeader); ; at += int64(len(frame)) {
		if _, err := io.ReadFull(r, frame); err != nil {
			return ignoreEOF(err)
		}
		sum.add(frame[:8])
		sum.add(frame[frameHeader:])
		number, commit := binary.BigEndian.Uint32(frame), binary.BigEndian.Uint32(frame[4:])
		if !bytes.Equal(frame[8:16], l.head[16:24]) || number == 0 ||
			sum.a != binary.BigEndian.Uint32(frame[16:]) || sum.b != binary.BigEndian.Uint32(frame[20:]) {
			return nil
		}
		open[number] = at + frameHeader
		if commit == 0 {
			continue
		}
		for n, place := range open {
			l.frames[n] = place
		}
		clear(open)
		l.pages = commit
	}
}

// ignoreEOF returns nil for the end of a log, and other errors as they are.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// unchanged reports whether the log has not been restarted.
func (l *log) unchanged() (bool, error) {
	now := make([]byte, logHeader)
	if _, err := l.file.ReadAt(now, 0); err != nil {
		return false, ignoreEOF(err)
	}
	return bytes.Equal(now, l.head), nil
}

// checksum is the checksum of SQLite's logs, computed over pairs of words.
type checksum struct {
	order binary.ByteOrder
	a, b  uint32
}

func (c *checksum) add(p []byte) {
	for ; len(p) >= 8; p = p[8:] {
		c.a += c.order.Uint32(p) + c.b
		c.b += c.order.Uint32(p[4:]) + c.a
	}
}
