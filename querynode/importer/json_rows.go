package importer

import (
	"bytes"
	"errors"
	"io"

	"github.com/ayb-go/ayb/shared/errs"
)

// maxNames is the limit for the names of all columns together, in bytes.
const maxNames = 1 << 20

// jsonRows reads rows that are JSON objects or arrays: in an array, one after
// another, or one per line. It collects the names of columns while it reads.
type jsonRows struct {
	reader
	most  int
	lines bool // one row per line

	names   []string       // of columns, in order of appearance
	numbers map[string]int // name to index
	arrays  bool           // rows are arrays
	width   int            // of the longest array
	named   int            // bytes of all names

	started, inside, decided bool
	first                    bool // the next row is the first of the array
	data                     []byte
	plain                    []byte // data with bare words replaced
	large                    bool
	cells                    []cell
	nans                     int64 // values that were NaN

	brief  bool    // reading stops at the size limit
	within bool    // the array is part of an object, whose rest is ignored
	labels *parser // labels of rows, or nil
}

func newJSONRows(src io.Reader, lines bool, most int) *jsonRows {
	return &jsonRows{reader: newReader(src), most: most, lines: lines, numbers: map[string]int{}}
}

// next reads a row, or returns io.EOF after the last. Any other error ends the
// import.
func (r *jsonRows) next() (row, error) {
	if r.lines {
		return r.nextLine()
	}
	if err := r.approach(); err != nil {
		return row{}, err
	}
	line := r.line
	if err := r.value(); err != nil {
		return row{}, err
	}
	if !r.large && !r.valid() {
		return row{}, withLine(line, errs.E(errs.Invalid, "this is not JSON"))
	}
	return r.row(line)
}

func (r *jsonRows) nextLine() (row, error) {
	for {
		if !r.fillByte() {
			return row{}, r.endError()
		}
		line := r.line
		r.data, r.large = r.data[:0], false
		for ended := false; !ended && r.fillByte(); {
			part := r.buf[r.at:r.end]
			if i := bytes.IndexByte(part, '\n'); i >= 0 {
				part, ended = part[:i], true
				r.line++
				r.at++
			}
			r.add(part)
			r.at += len(part)
		}
		r.data = bytes.Trim(r.data, " \t\r\n"+recordSeparator)
		switch {
		case r.large:
			return r.row(line)
		case len(r.data) == 0:
			continue
		case !r.valid():
			return row{line: line, bad: errs.E(errs.Invalid, "this is not JSON")}, nil
		}
		return r.row(line)
	}
}

func (r *jsonRows) add(b []byte) {
	if left := r.most - len(r.data); len(b) > left {
		r.large = true
		if r.brief {
			r.data = append(r.data, b[:left]...)
		}
		return
	}
	r.data = append(r.data, b...)
}

// recordSeparator begins each document of a JSON text sequence (RFC 7464).
const recordSeparator = "\x1e"

// blanks skips white space and record separators. It reports whether there is
// more data.
func (r *jsonRows) blanks() bool {
	for r.fillByte() {
		switch r.buf[r.at] {
		case '\n':
			r.line++
		case ' ', '\t', '\r', recordSeparator[0]:
		default:
			return true
		}
		r.at++
	}
	return false
}

// approach moves to the next row. It returns io.EOF after the last.
func (r *jsonRows) approach() error {
	if !r.blanks() {
		if r.inside && errors.Is(r.err, io.EOF) {
			return withLine(r.line, errs.E(errs.Invalid, "the array of rows is not closed"))
		}
		return r.endError()
	}
	if !r.started {
		r.started = true
		if r.buf[r.at] == '[' {
			r.inside, r.first = true, true
			r.at++
			return r.approach()
		}
	}
	if !r.inside {
		if r.within {
			return io.EOF
		}
		if r.first { // after the array
			return withLine(r.line, errs.E(errs.Invalid, "text follows the array of rows"))
		}
		return nil
	}
	first := r.first
	r.first = false
	switch c := r.buf[r.at]; {
	case c == ']':
		r.at++
		r.inside, r.first = false, true
		if r.within {
			return io.EOF
		}
		return r.approach()
	case first:
		return nil
	case c != ',':
		return withLine(r.line, errs.E(errs.Invalid, "a comma is missing between two rows"))
	}
	r.at++
	if !r.blanks() {
		return withLine(r.line, errs.E(errs.Invalid, "the array of rows is not closed"))
	}
	return nil
}

// value reads a value from bracket to bracket.
func (r *jsonRows) value() error {
	line := r.line
	r.data, r.large = r.data[:0], false
	if c := r.buf[r.at]; c != '{' && c != '[' {
		return withLine(line, errs.E(errs.Invalid, "a row has to be a JSON object or array"))
	}
	depth, quoted, escaped := 0, false, false
	for r.fillByte() {
		i := r.at
		for ended := false; i < r.end && !ended; i++ {
			switch c := r.buf[i]; {
			case c == '\n':
				r.line++
			case escaped:
				escaped = false
			case quoted && c == '\\':
				escaped = true
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				depth--
				ended = depth == 0
			}
		}
		r.add(r.buf[r.at:i])
		r.at = i
		if depth == 0 || r.large && r.brief {
			return nil
		}
	}
	if !errors.Is(r.err, io.EOF) {
		return r.endError()
	}
	return withLine(line, errs.E(errs.Invalid, "the row that begins here is not complete"))
}

// row makes cells of the data, which is valid JSON.
func (r *jsonRows) row(line int64) (row, error) {
	if r.large {
		return row{line: line, bad: errLargeRow(r.most)}, nil
	}
	p := parser{b: r.data}
	array := p.peek() == '['
	if !array && p.peek() != '{' {
		return row{line: line, bad: errs.E(errs.Invalid, "a row has to be a JSON object or array")}, nil
	}
	if !r.decided {
		r.arrays, r.decided = array, true
	}
	if array != r.arrays {
		return row{line: line, bad: errs.E(errs.Invalid, "rows have to be all objects or all arrays")}, nil
	}
	r.cells = r.cells[:0]
	if array {
		return r.array(line, p)
	}
	return r.object(line, p)
}

func (r *jsonRows) array(line int64, p parser) (row, error) {
	defer func() { r.nans += p.nans }()
	if r.labels != nil && r.labels.peek() != ']' {
		r.cells = append(r.cells, r.labels.cell())
		r.labels.skip(',')
	}
	p.b = p.b[1:]
	for p.peek() != ']' {
		if len(r.cells) == maxColumns {
			return row{line: line, bad: errTooWide()}, nil
		}
		r.cells = append(r.cells, p.cell())
		if p.peek() == ',' {
			p.b = p.b[1:]
		}
	}
	if r.width = max(r.width, len(r.cells)); r.within && len(r.cells) > len(r.names) {
		return row{line: line, bad: errs.E(errs.Invalid, "the row has %d values, but there are %d column names", len(r.cells), len(r.names))}, nil
	}
	return row{line: line, cells: r.cells}, nil
}

func (r *jsonRows) object(line int64, p parser) (row, error) {
	defer func() { r.nans += p.nans }()
	r.cells = append(r.cells, make([]cell, len(r.names))...)
	p.b = p.b[1:]
	for p.peek() != '}' {
		key := p.cell().data
		p.peek() // the colon
		p.b = p.b[1:]
		i, known := r.numbers[string(key)]
		if !known {
			if i = len(r.names); i == maxColumns {
				return row{}, withLine(line, errs.E(errs.Invalid, "there are more than %d different keys so far, the limit of columns in a table", maxColumns))
			}
			if r.named += len(key); r.named > maxNames {
				return row{}, withLine(line, errs.E(errs.Invalid, "the keys so far, which become column names, have more than %d bytes together, the limit for them", maxNames))
			}
			r.names = append(r.names, string(key))
			r.numbers[string(key)] = i
			r.cells = append(r.cells, cell{})
		}
		r.cells[i] = p.cell()
		if p.peek() == ',' {
			p.b = p.b[1:]
		}
	}
	return row{line: line, cells: r.cells}, nil
}
