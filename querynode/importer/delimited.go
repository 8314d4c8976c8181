package importer

import (
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
)

// row is one row of the data. Its cells are valid until the next row is read.
type row struct {
	line  int64 // first line
	lines int64 // number of lines; 0 means 1
	cells []cell
	bad   error // why the row is rejected, or nil
	apart bool  // an empty line precedes it
}

// maxReopens is how often a reader may go back after a quote that is never
// closed.
const maxReopens = 1000

// delimited reads CSV and related forms. It holds one row at a time, up to a
// size limit. Every line belongs to a row or is counted in skipped.
type delimited struct {
	dialect
	reader
	most    int
	check   string // the encoding to verify; empty for none
	nulls   []string
	later   bool  // a row was read before
	single  bool  // the first row has one field, so an empty line is a row
	skipped int64 // empty lines and comments
	crlf    bool  // the last row ended with CR LF

	// reopen opens the text again at an offset, to continue after a quote that
	// is never closed; nil if that is impossible.
	reopen func(offset int64) (io.Reader, error)
	again  int   // calls of reopen
	spent  int64 // bytes that were read again

	special [256]bool // bytes that end a field without quotes
	data    []byte
	fields  []field
	cells   []cell
	second  int64 // offset of the row's second line; 0 if unknown
	large   bool
	stray   bool
	open    bool
}

type field struct {
	end    int
	quoted bool
	null   bool // by an escape
}

func newDelimited(src io.Reader, d dialect, most int) *delimited {
	r := &delimited{dialect: d, reader: newReader(src), most: most, data: make([]byte, 0, 512)}
	r.special['\n'], r.special['\r'] = true, true
	if d.delimiter != 0 {
		r.special[d.delimiter] = true
	}
	if d.bare() {
		r.special[d.escape] = true
	}
	return r
}

// bare reports whether escapes also apply without quotes.
func (d dialect) bare() bool { return d.escape != 0 && (d.codes || d.quote == 0) }

// next reads a row, or returns io.EOF after the last. Any other error ends the
// import.
func (r *delimited) next() (row, error) {
	apart := false
	for {
		if !r.fillByte() {
			return row{}, r.endError()
		}
		if r.comment != 0 && r.buf[r.at] == r.comment {
			r.line += r.skipLines(1)
			r.skipped++
			continue
		}
		line := r.line
		ended, err := r.read()
		if err != nil {
			return row{}, err
		}
		if r.empty(ended) {
			r.skipped += r.line - line
			if !ended {
				r.skipped++
			}
			apart = true
			continue
		}
		got, err := r.row(line, ended)
		got.apart = apart
		return got, err
	}
}

// read reads the fields of a row. It reports whether a line end ended the row.
func (r *delimited) read() (ended bool, err error) {
	r.data, r.fields, r.second = r.data[:0], r.fields[:0], 0
	r.large, r.stray, r.open = false, false, false
	r.run()
	for last := false; !last; {
		last, ended = r.field()
	}
	if r.err != nil && !errors.Is(r.err, io.EOF) && r.at == r.end {
		return false, r.endError()
	}
	return ended, nil
}

// empty reports whether the fields are not a row: an empty line, or the end
// mark of COPY.
func (r *delimited) empty(ended bool) bool {
	if len(r.fields) != 1 || r.large {
		return false
	}
	if r.fields[0] == (field{}) {
		return !r.single || !ended
	}
	return r.codes && string(r.data) == `\.`
}

// row makes a row of the fields.
func (r *delimited) row(line int64, ended bool) (row, error) {
	got := row{line: line, lines: r.line - line}
	if !ended && r.previous() != '\n' {
		got.lines++
	}
	if !r.later {
		r.later, r.single = true, len(r.fields) == 1
	}
	switch {
	case r.open:
		got.bad = errs.E(errs.Invalid, "a quote opens here and is never closed; close it, or set --quote none")
		if r.reopen != nil && r.second > 0 && r.again < maxReopens && r.spent <= 4*r.offset() {
			if err := r.back(line + 1); err != nil {
				return row{}, err
			}
			got.lines = 1
		}
	case r.large: // its kept part depends on buffer sizes
		got.bad = errLargeRow(r.most)
	default:
		got.cells, got.bad = r.split(), r.fault()
	}
	return got, nil
}

// back returns to the second line of the row.
func (r *delimited) back(line int64) error {
	offset := r.second
	r.again++
	if r.check != "" && r.check != utf8Name {
		r.spent += offset // the skipped part is decoded again
	}
	r.spent += r.offset() - offset
	src, err := r.reopen(offset)
	if err != nil {
		return err
	}
	r.reader = reader{src: src, buf: r.buf, line: line, before: offset}
	return nil
}

func (r *delimited) fault() error {
	switch {
	case r.stray:
		return errs.E(errs.Invalid, "text follows the closing quote of a field; a delimiter or a line end is expected")
	case len(r.fields) > maxColumns:
		return errTooWide()
	case r.check != "" && !utf8.Valid(r.data):
		return errs.E(errs.Invalid, "the row is not valid %s; set the encoding of the data", shownEncoding(r.check))
	}
	return nil
}

func errLargeRow(most int) error {
	return errs.E(errs.TooLarge, "the row has more than %d bytes, the limit for a row (a quarter of limits.heap_bytes)", most)
}

func errTooWide() error {
	return errs.E(errs.Invalid, "the row has more than %d fields, the limit of columns in a table", maxColumns)
}

// split makes cells of the fields.
func (r *delimited) split() []cell {
	r.cells = r.cells[:0]
	from := 0
	for _, f := range r.fields {
		c := cell{kind: word, data: r.data[from:f.end]}
		switch {
		case f.quoted:
			c.kind = enclosed
		case f.null || len(r.nulls) > 0 && slices.Contains(r.nulls, string(c.data)):
			c = cell{}
		case len(c.data) == 0:
			c.kind = null // with data, unlike a word for NULL
		case c.data[0] == 'X' || c.data[0] == 'x' || c.data[0] == 'C':
			if l, ok := literal(c.data); ok {
				c = l
			}
		}
		r.cells = append(r.cells, c)
		from = f.end
	}
	return r.cells
}
