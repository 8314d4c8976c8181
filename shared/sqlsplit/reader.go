package sqlsplit

import (
	"errors"
	"io"
	"strings"
)

// chunk is how much is read at once, at least.
const chunk = 64 << 10

// ErrTooLong says that a statement or a transaction has more bytes than the
// Reader was told to keep. Reader.Line tells where it begins.
var ErrTooLong = errors.New("the statement is too long")

// Unit is what has to be sent in one piece: a statement, or the statements of
// one transaction.
type Unit struct {
	// Text is the script from the end of the unit before to the end of this
	// one: all the texts together are the script, but for what may follow
	// its last statement.
	Text string
	// Line is the line, from 1, in which Text begins, and First the one in
	// which its first statement does.
	Line, First int
	// Words are the first few tokens of its first statement, in upper case
	// and without quotes. There is at least one.
	Words []string
	// Transaction says that the statements open a transaction themselves.
	Transaction bool
}

// Reader cuts a script of any size into units. It holds one unit in memory
// and some more. It is used by one goroutine.
type Reader struct {
	src            io.Reader
	maxBytes       int
	everyStatement bool // each statement is a unit
	lex            lexer
	tx             transaction
	first          Unit   // of the unit that is being read: what its first statement says
	text           string // what has been read and not given out
	from           int    // where the current statement begins in text
	at             int    // how far the lexer has come
	line           int    // in which text begins
	eof            bool
}

// NewReader makes a Reader of src for units of at most so many bytes.
func NewReader(src io.Reader, most int) *Reader {
	return &Reader{src: src, maxBytes: most, line: 1}
}

// NewStatements makes a Reader for which every statement is a unit, also one of
// a transaction.
func NewStatements(src io.Reader, most int) *Reader {
	return &Reader{src: src, maxBytes: most, line: 1, everyStatement: true}
}

// Line is the line in which the statement begins that comes next, or that
// was too long.
func (r *Reader) Line() int {
	_, at := firstTokens(r.text)
	return r.line + strings.Count(r.text[:at], "\n")
}

// Next returns the next unit. The last one may lack its semicolon, or the end
// of its transaction. The error is io.EOF after the last unit, ErrTooLong, or
// that of the source.
func (r *Reader) Next() (Unit, error) {
	for {
		if r.at < len(r.text) {
			n, ends := r.lex.step(r.text[r.at:], r.eof)
			r.at += n
			if ends && r.endStatement() {
				return r.cutIfFits()
			}
			if n > 0 {
				continue
			}
		}
		if r.eof {
			return r.lastUnit()
		}
		if len(r.text) > r.maxBytes {
			return Unit{}, ErrTooLong
		}
		if err := r.readMore(); err != nil {
			return Unit{}, err
		}
	}
}

// endStatement ends a statement, and reports whether the unit has ended with it.
func (r *Reader) endStatement() bool {
	blank := r.lex.state == start
	r.lex = lexer{}
	if blank {
		return false
	}
	words, at := firstTokens(r.text[r.from:r.at])
	if len(r.first.Words) == 0 {
		r.first.Words = words
		r.first.First = r.line + strings.Count(r.text[:r.from+at], "\n")
	}
	r.from = r.at
	r.tx.follow(words)
	r.first.Transaction = r.first.Transaction || r.tx.open()
	return r.everyStatement || !r.tx.open()
}

// cutIfFits returns out what has been read, unless it is too long.
func (r *Reader) cutIfFits() (Unit, error) {
	if r.at > r.maxBytes {
		return Unit{}, ErrTooLong
	}
	return r.cutUnit(), nil
}

// cutUnit returns out what has been read.
func (r *Reader) cutUnit() Unit {
	u := r.first
	u.Text, u.Line = r.text[:r.at], r.line
	r.line += strings.Count(u.Text, "\n")
	r.text = r.text[r.at:]
	r.at, r.from, r.first, r.tx = 0, 0, Unit{}, transaction{}
	return u
}

// findSavepoint returns out what stands at the end without a semicolon.
func (r *Reader) lastUnit() (Unit, error) {
	r.endStatement()
	if len(r.first.Words) == 0 {
		return Unit{}, io.EOF
	}
	return r.cutIfFits()
}

// readMore reads on: as much again as is held, so that a long unit is not copied
// too often.
func (r *Reader) readMore() error {
	buf := make([]byte, max(chunk, len(r.text)))
	n, err := io.ReadFull(r.src, buf)
	r.text += string(buf[:n])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		r.eof = true
		return nil
	}
	return err
}

// Offset returns the byte of a text at which its statement i begins, counted
// from 0 without empty ones; -1 when there are not so many.
func Offset(text string, i int) int {
	var lex lexer
	from := 0
	for at := 0; at < len(text); {
		n, ends := lex.step(text[at:], true)
		at += n
		if !ends && at < len(text) {
			continue
		}
		blank := lex.state == start
		lex = lexer{}
		if blank {
			continue // it belongs to the next
		}
		if i == 0 {
			_, begin := firstTokens(text[from:])
			return from + begin
		}
		i--
		from = at
	}
	return -1
}
