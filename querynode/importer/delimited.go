package importer

import (
	"bytes"
	"errors"
	"io"

	"github.com/ayb-go/ayb/shared/errs"
)

// row is one row of the data. Its cells are valid until the next is read.
type row struct {
	line  int64 // where it begins
	cells []cell
	bad   error // why it cannot be taken; nil if it can
}

// dialect is how fields are told apart.
type dialect struct {
	delimiter, quote byte
	escape           bool // a backslash before a quote makes it part of the field
}

// delimited reads CSV and its relatives. A row, of any size, is held up to the
// limit only.
type delimited struct {
	dialect
	window
	most   int
	null   string
	later  bool // there was a row already
	single bool // the first row has one field, so an empty line is a row

	special [256]bool // ends a field without quotes
	data    []byte
	fields  []field
	cells   []cell
	begin   int // of the current field in data
	large   bool
	stray   bool
}

type field struct {
	end    int
	quoted bool
}

func newDelimited(src io.Reader, d dialect, nullText string, most int) *delimited {
	r := &delimited{dialect: d, window: newWindow(src), most: most, null: nullText}
	for _, c := range []byte{d.delimiter, '\n', '\r'} {
		r.special[c] = true
	}
	return r
}

// next reads a row; io.EOF after the last. Other errors are for the whole.
func (r *delimited) next() (row, error) {
	for {
		if !r.have() {
			return row{}, r.over()
		}
		line := r.line
		r.data, r.fields, r.begin, r.large, r.stray = r.data[:0], r.fields[:0], 0, false, false
		for last := false; !last; {
			var err error
			if last, err = r.field(); err != nil {
				return row{}, err
			}
		}
		if len(r.fields) == 1 && r.fields[0] == (field{}) && !r.single && !r.large {
			continue // an empty line
		}
		if !r.later {
			r.later, r.single = true, len(r.fields) == 1
		}
		if r.large { // what was kept of it depends on how it came
			return row{line: line, bad: errLargeRow(r.most)}, nil
		}
		return row{line: line, cells: r.split(), bad: r.fault()}, nil
	}
}

func (r *delimited) fault() error {
	switch {
	case r.stray:
		return errs.E(errs.Invalid, "after the quote that closes a field there is more than the delimiter")
	case len(r.fields) > maxColumns:
		return errTooWide()
	}
	return nil
}

func errLargeRow(most int) error {
	return errs.E(errs.TooLarge, "the row has more than %d bytes, the most that can be imported at once (a quarter of limits.heap_bytes)", most)
}

func errTooWide() error {
	return errs.E(errs.Invalid, "the row has more than %d fields, and a table can have no more columns", maxColumns)
}

// split makes cells of the fields.
func (r *delimited) split() []cell {
	r.cells = r.cells[:0]
	from := 0
	for _, f := range r.fields {
		c := cell{kind: word, data: r.data[from:f.end]}
		if !f.quoted && (len(c.data) == 0 || r.null != "" && string(c.data) == r.null) {
			c = cell{}
		}
		r.cells = append(r.cells, c)
		from = f.end
	}
	return r.cells
}

// field reads one field and tells whether it is the last of its row.
func (r *delimited) field() (last bool, err error) {
	quoted := r.have() && r.quote != 0 && r.buf[r.at] == r.quote
	if quoted {
		if err := r.inQuotes(); err != nil {
			return false, err
		}
		r.blanks()
	}
	for r.have() {
		i := r.at
		for i < r.end && !r.special[r.buf[i]] {
			i++
		}
		if i > r.at {
			r.stray = r.stray || quoted
			r.add(r.buf[r.at:i])
			r.at = i
		}
		if i == r.end {
			continue
		}
		r.ended(quoted)
		return r.separator(), nil
	}
	r.ended(quoted)
	return true, nil
}

// blanks skips what some writers put after a closing quote.
func (r *delimited) blanks() {
	for r.have() && (r.buf[r.at] == ' ' || r.buf[r.at] == '\t') && r.buf[r.at] != r.delimiter {
		r.at++
	}
}

// separator reads what ends a field and tells whether it ends the row.
func (r *delimited) separator() bool {
	c := r.buf[r.at]
	r.at++
	if c == r.delimiter {
		return false
	}
	r.line++
	if c == '\r' && r.have() && r.buf[r.at] == '\n' {
		r.at++
	}
	return true
}

func (r *delimited) ended(quoted bool) {
	if len(r.fields) <= maxColumns { // one more shows that it is too wide
		r.fields = append(r.fields, field{len(r.data), quoted})
	}
}

func (r *delimited) add(b []byte) {
	if len(r.data)+len(b) > r.most {
		r.large = true
		return
	}
	r.data = append(r.data, b...)
}

// inQuotes reads from a quote to the one that closes it.
func (r *delimited) inQuotes() error {
	begin := r.line
	r.at++
	for r.have() {
		part := r.buf[r.at:r.end]
		i := bytes.IndexByte(part, r.quote)
		if i >= 0 {
			part = part[:i]
		}
		if r.escape {
			if k := bytes.IndexByte(part, '\\'); k >= 0 {
				r.taken(part[:k])
				r.backslash()
				continue
			}
		}
		r.taken(part)
		if i < 0 {
			continue
		}
		r.at++
		if !r.have() || r.buf[r.at] != r.quote {
			return nil
		}
		r.add(r.buf[r.at : r.at+1]) // a doubled quote stands for itself
		r.at++
	}
	if !errors.Is(r.err, io.EOF) {
		return r.over()
	}
	return errs.E(errs.Invalid, "Line %d: a quote opens here and is never closed", begin)
}

// taken adds a part of a quoted field.
func (r *delimited) taken(part []byte) {
	r.line += int64(bytes.Count(part, []byte{'\n'}))
	r.add(part)
	r.at += len(part)
}

// backslash reads one in quotes: before a quote or another it is not part of
// the field.
func (r *delimited) backslash() {
	r.at++
	if r.have() && (r.buf[r.at] == r.quote || r.buf[r.at] == '\\') {
		r.add(r.buf[r.at : r.at+1])
		r.at++
		return
	}
	r.add([]byte{'\\'})
}

// window is the part of a stream that is looked at.
type window struct {
	src     io.Reader
	buf     []byte
	at, end int
	passed  int   // bytes before buf
	line    int64 // of at
	err     error
}

func newWindow(src io.Reader) window { return window{src: src, buf: make([]byte, 64<<10), line: 1} }

// have tells whether there is a byte at at, reading on if need be.
func (w *window) have() bool {
	for w.at == w.end {
		if w.err != nil {
			return false
		}
		w.passed += w.end
		w.at, w.end = 0, 0
		w.end, w.err = w.src.Read(w.buf)
	}
	return true
}

// over is why there is no more.
func (w *window) over() error {
	if errors.Is(w.err, io.EOF) {
		return io.EOF
	}
	return errBroken(w.err)
}
