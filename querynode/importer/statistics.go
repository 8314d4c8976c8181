package importer

import (
	"bytes"
	"errors"
	"io"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	sampleBytes    = 256 << 10 // bytes that are sniffed
	sampleRows     = 1000      // rows whose cells are classified
	sampleCells    = 50000
	countedColumns = 256   // columns whose quotes and types are counted
	countedCells   = 20000 // cells whose types are counted
)

// sample is the beginning of the data.
type sample struct {
	text []byte
	cut  bool // the data is longer
}

func newSample(src io.Reader) (sample, error) {
	b := make([]byte, sampleBytes)
	n, err := io.ReadFull(src, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return sample{b[:n], false}, nil
	}
	if err != nil {
		return sample{}, errReadBack(err)
	}
	return sample{b, true}, nil
}

// statistics describes how a dialect reads a text.
type statistics struct {
	dialect
	rows, columns int
	agree         int   // rows of the most frequent width
	first         int   // columns of the first row
	faults        int64 // lines of rows with wrong quotes
	odd           int64 // lines of rows of another width
	quoted        int   // fields in quotes
	needed        int   // quoted fields that need the quotes, in rows of one line
	broken        int   // rows of several lines
	whole         bool  // every field of the first row is quoted
	column        bool  // all values of some column are quoted
	ends          bool  // line ends differ from those in fields
	typed         int   // columns of numbers or dates only, without the first row
	crlf          bool  // all lines end with CR LF
	clean         int   // cells that look like a number or a date, or are empty
	cells         int
}

// counter collects statistics.
type counter struct {
	statistics
	widths      map[int]int
	lines       map[int]int64
	in, out     [countedColumns]int // values with quotes and without
	kinds       [countedColumns]cellLook
	crlf, lf    int // rows with this line end
	inner, bare int // fields with CR LF and with LF alone
	blank       int // empty rows
}

// tally returns the statistics of the sample. If the sample is cut off, its
// last row does not count.
func (s sample) tally(d dialect) statistics {
	return statisticsOf(bytes.NewReader(s.text), d, len(s.text), s.cut)
}

func statisticsOf(src io.Reader, d dialect, most int, cut bool) statistics {
	c := newCounter(d)
	r := newDelimited(src, d, most)
	for {
		got, err := r.next()
		if err != nil || cut && !r.fillByte() {
			break
		}
		c.add(r, got)
	}
	return c.result()
}

func newCounter(d dialect) *counter {
	c := &counter{statistics: statistics{dialect: d}, widths: map[int]int{}, lines: map[int]int64{}}
	for i := range c.kinds {
		c.kinds[i] = looksNull
	}
	return c
}

func (c *counter) add(r *delimited, got row) {
	if c.rows++; c.rows == 1 {
		c.first = len(r.fields)
		c.whole = len(r.fields) > 0
		for _, f := range r.fields {
			c.whole = c.whole && f.quoted
		}
	}
	c.widths[len(r.fields)]++
	c.lines[len(r.fields)] += got.lines
	if got.bad != nil {
		c.faults += got.lines
		return
	}
	if r.crlf {
		c.crlf++
	} else {
		c.lf++
	}
	if got.lines > 1 {
		c.broken++
	}
	if len(got.cells) == 1 && got.cells[0].kind == null {
		c.blank++
	}
	for i, cell := range got.cells {
		c.cell(r, i, cell, got.lines > 1)
	}
}

func (c *counter) cell(r *delimited, i int, cell cell, broken bool) {
	c.cells++
	if cell.kind == null {
		c.clean++
	} else if c.cells < countedCells {
		k := lookOf(cell.data)
		if k != looksText {
			c.clean++
		}
		if i < countedColumns && c.rows > 1 && k != looksNull && k != c.kinds[i] {
			if c.kinds[i] != looksNull {
				k = looksText
			}
			c.kinds[i] = k
		}
	}
	switch {
	case cell.kind == enclosed:
		c.quoted++
		if i < countedColumns && c.rows > 1 {
			c.in[i]++
		}
		if bytes.IndexByte(cell.data, '\n') >= 0 {
			if bytes.Contains(cell.data, []byte("\r\n")) {
				c.inner++
			} else {
				c.bare++
			}
		}
		if !broken && (bytes.IndexByte(cell.data, r.quote) >= 0 || r.delimiter != 0 && bytes.IndexByte(cell.data, r.delimiter) >= 0) {
			c.needed++
		}
	case cell.kind != null && i < countedColumns && c.rows > 1:
		c.out[i]++
	}
}

func (c *counter) result() statistics {
	for n, rows := range c.widths {
		if rows > c.agree || rows == c.agree && (n == c.first || n > c.columns && c.columns != c.first) {
			c.columns, c.agree = n, rows
		}
	}
	if c.columns > 1 { // these are empty lines
		c.rows -= c.blank
		c.lines[1] -= int64(c.blank)
	}
	for n, lines := range c.lines {
		if n != c.columns {
			c.odd += lines
		}
	}
	for _, k := range c.kinds {
		if k == looksNumber || k == looksDate {
			c.typed++
		}
	}
	for i := range c.in {
		c.column = c.column || c.in[i] > 1 && c.out[i] == 0
	}
	c.statistics.crlf = c.crlf > 0 && c.lf == 0
	c.ends = c.crlf > 0 && c.lf <= 1 && c.inner == 0 && c.bare > 0
	return c.statistics
}

// uniform reports whether all rows have the same width.
func (t statistics) uniform() bool { return t.agree == t.rows }

// quotesValid reports whether all quotes are correct.
func (t statistics) quotesValid() bool { return t.faults == 0 }

// lostLines returns the number of lines that would be missing in the table.
func (t statistics) lostLines() int64 { return t.faults + t.odd }

func errNoRows() error { return errs.E(errs.Invalid, "The data has no rows to import") }
