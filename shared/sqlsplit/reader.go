package sqlsplit

import (
	"errors"
	"io"
	"strings"
)

// chunk is the smallest read, in bytes.
const chunk = 64 << 10

// ErrTooLong means that a statement or a transaction is longer than the Reader's
// limit. Reader.Line returns the line of its beginning.
var ErrTooLong = errors.New("the statement is too long")

// Unit is text that must be sent as one: a statement, or the statements of one
// transaction.
type Unit struct {
	// Text is the script from the end of the previous unit to the end of this
	// one. All texts together are the script, without blanks and comments after
	// the last statement.
	Text string
	// Line is the number, from 1, of the line in which Text begins. First is
	// that of the line in which its first statement begins.
	Line, First int
	// Words are the first few tokens of the first statement, in upper case and
	// without quotes, at least one.
	Words []string
	// Transaction is true if the statements open a transaction themselves.
	Transaction bool
}

// Reader splits a script of any size into units. It keeps little more than one
// unit in memory. It is for one goroutine.
type Reader struct {
	src            io.Reader
	maxBytes       int
	everyStatement bool // each statement is a unit
	lex            lexer
	tx             transaction
	first          Unit   // of the current unit: what its first statement determines
	text           string // was read, and not yet returned
	from           int    // offset of the current statement in text
	at             int    // offset of the lexer in text
	line           int    // number of the line in which text begins
	eof            bool
}

// NewReader returns a Reader of src for units of at most maxBytes.
func NewReader(src io.Reader, maxBytes int) *Reader {
	return &Reader{src: src, maxBytes: maxBytes, line: 1}
}

// NewStatements returns a Reader for which every statement is a unit, also
// within a transaction.
func NewStatements(src io.Reader, maxBytes int) *Reader {
	return &Reader{src: src, maxBytes: maxBytes, line: 1, everyStatement: true}
}

// Line returns the number of the line in which the next statement begins, or the
// one that was too long.
func (r *Reader) Line() int {
	_, at := firstTokens(r.text)
	return r.line + strings.Count(r.text[:at], "\n")
}

// Next returns the next unit. The last one may lack its semicolon, or the end of
// its transaction. The error is io.EOF after the last unit, ErrTooLong, or the
// error of the source.
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

// endStatement ends a statement, and reports whether it also ends the unit.
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

// cutIfFits returns the unit that was read, unless it is too long.
func (r *Reader) cutIfFits() (Unit, error) {
	if r.at > r.maxBytes {
		return Unit{}, ErrTooLong
	}
	return r.cutUnit(), nil
}

// cutUnit returns the unit that was read, and removes it from the text.
func (r *Reader) cutUnit() Unit {
	u := r.first
	u.Text, u.Line = r.text[:r.at], r.line
	r.line += strings.Count(u.Text, "\n")
	r.text = r.text[r.at:]
	r.at, r.from, r.first, r.tx = 0, 0, Unit{}, transaction{}
	return u
}

// lastUnit returns the rest of the script, which has no semicolon.
func (r *Reader) lastUnit() (Unit, error) {
	r.endStatement()
	if len(r.first.Words) == 0 {
		return Unit{}, io.EOF
	}
	return r.cutIfFits()
}

// readMore reads at least as much as is in memory, so that a long unit is not
// copied too often.
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
// from 0 without empty ones; -1 if there are fewer statements.
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
			continue // its text belongs to the next statement
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
