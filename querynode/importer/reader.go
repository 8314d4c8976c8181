package importer

import (
	"bytes"
	"errors"
	"io"
)

// reader reads a stream through a buffer.
type reader struct {
	src     io.Reader
	buf     []byte
	at, end int
	before  int64 // bytes of the stream before buf
	tail    byte  // the last of these bytes
	line    int64 // of at
	err     error
}

func newReader(src io.Reader) reader { return reader{src: src, buf: make([]byte, 64<<10), line: 1} }

// fillByte reports whether there is a byte at at. It reads more if necessary.
func (w *reader) fillByte() bool {
	for w.at == w.end {
		if w.err != nil {
			return false
		}
		w.drop()
		w.end, w.err = w.src.Read(w.buf)
	}
	return true
}

// ahead returns up to n bytes from at, fewer only at the end of the stream. n
// is small.
func (w *reader) ahead(n int) []byte {
	for w.end-w.at < n && w.err == nil {
		w.drop()
		var got int
		got, w.err = w.src.Read(w.buf[w.end:])
		w.end += got
	}
	return w.buf[w.at:min(w.end, w.at+n)]
}

// drop discards the bytes before at.
func (w *reader) drop() {
	if w.at > 0 {
		w.tail = w.buf[w.at-1]
		w.before += int64(w.at)
		w.end = copy(w.buf, w.buf[w.at:w.end])
		w.at = 0
	}
}

// previous returns the byte before at.
func (w *reader) previous() byte {
	if w.at > 0 {
		return w.buf[w.at-1]
	}
	return w.tail
}

// offset returns the position of at in the stream.
func (w *reader) offset() int64 { return w.before + int64(w.at) }

// skipLines skips n lines, or fewer at the end, and returns the number of line
// ends.
func (w *reader) skipLines(n int64) (passed int64) {
	for passed < n && w.fillByte() {
		part := w.buf[w.at:w.end]
		i := bytes.IndexAny(part, "\r\n")
		if i < 0 {
			w.at = w.end
			continue
		}
		w.at += i
		if b := w.ahead(2); len(b) == 2 && b[0] == '\r' && b[1] == '\n' {
			w.at++
		}
		w.at++
		passed++
	}
	return passed
}

// endError returns io.EOF, or why reading failed.
func (w *reader) endError() error {
	if errors.Is(w.err, io.EOF) {
		return io.EOF
	}
	return errReadBack(w.err)
}
