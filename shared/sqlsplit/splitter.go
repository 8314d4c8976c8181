// Package sqlsplit cuts SQL text into statements: the lines of an
// interactive session (Splitter) and scripts of any size (Reader). It knows
// only as much of the language as is needed to tell where a statement ends,
// and never judges whether one is valid.
package sqlsplit

import "strings"

// Splitter collects lines and gives out the statements they complete. A
// semicolon ends a statement unless it stands in a literal, a quoted name, a
// comment or the body of a trigger; a transaction, from its BEGIN to its
// COMMIT or from a savepoint to its release, is given out as one. Its zero
// value is ready. It reads every byte once, however many lines a statement
// takes.
type Splitter struct {
	buf     strings.Builder
	lex     lexer
	tx      transaction
	set     settings
	waiting []string // statements of a transaction that is not yet closed
	// Script holds back as well what follows a setting that lasts only until
	// the request ends, a PRAGMA or a TEMP table, until it is set back or the
	// input ends.
	Script bool
}

// Feed takes one line without its line break and returns the statements that
// end in it, each with its semicolon. Empty statements are left out.
func (s *Splitter) Feed(line string) []string {
	var out []string
	if s.buf.Len() > 0 {
		s.buf.WriteByte('\n')
	}
	from := 0
	for i := 0; i < len(line); {
		n, ends := s.lex.step(line[i:], true)
		i += n
		if !ends {
			continue
		}
		s.buf.WriteString(line[from:i])
		if text := s.holdTransaction(s.takeStatement()); text != "" {
			out = append(out, text)
		}
		from = i
	}
	s.buf.WriteString(line[from:])
	if s.lex.until == "\n" {
		s.lex.until = ""
	}
	if s.lex == (lexer{}) {
		s.buf.Reset() // blanks and comments between statements
	}
	return out
}

// Pending reports whether a statement or a transaction has begun and not ended.
func (s *Splitter) Pending() bool { return s.buf.Len() > 0 || len(s.waiting) > 0 }

// Waiting reports whether statements are complete and wait for others with which
// they have to go together, and whether that is for a transaction that they have
// begun, and not only for a setting.
func (s *Splitter) Waiting() (held, begun bool) {
	return s.buf.Len() == 0 && len(s.waiting) > 0, s.tx.open()
}

// Rest returns what is unfinished and forgets it; empty when there is nothing
// but blanks and comments.
func (s *Splitter) Rest() string {
	rest := s.waiting
	if text := s.takeStatement(); text != "" {
		rest = append(rest, text)
	}
	s.waiting, s.tx, s.set = nil, transaction{}, settings{}
	return strings.Join(rest, "\n")
}

// takeStatement returns the statement collected so far and begins the next; empty when
// it has no token but its semicolon.
func (s *Splitter) takeStatement() string {
	text, blank := strings.TrimSpace(s.buf.String()), s.lex.state == start
	s.buf.Reset()
	s.lex = lexer{}
	if blank {
		return ""
	}
	return text
}

// holdTransaction holds the statements of a transaction back and gives them out as one.
func (s *Splitter) holdTransaction(text string) string {
	if text == "" {
		return ""
	}
	words, _ := firstTokens(text)
	s.tx.follow(words)
	if s.Script {
		s.set.follow(words)
	}
	if s.tx.open() || s.set.open() {
		s.waiting = append(s.waiting, text)
		return ""
	}
	text = strings.Join(append(s.waiting, text), "\n")
	s.waiting = nil
	return text
}
