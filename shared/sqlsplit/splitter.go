// Package sqlsplit splits SQL text into statements: the lines of an interactive
// session (Splitter) and scripts of any size (Reader). It knows only as much of
// the language as is needed to find the end of a statement, and does not judge
// whether a statement is valid.
package sqlsplit

import "strings"

// Splitter collects lines and returns the statements that they complete. A
// semicolon ends a statement unless it stands in a literal, a quoted name, a
// comment or the body of a trigger. A transaction, from its BEGIN to its COMMIT
// or from a savepoint to its release, is returned as one text. The zero value is
// ready for use, by one goroutine. Every byte is read once, even in a statement
// of many lines.
type Splitter struct {
	buf     strings.Builder
	lex     lexer
	tx      transaction
	set     settings
	waiting []string // statements of a transaction or setting that is still open
	// Script also keeps together a setting that lasts only until the request
	// ends, such as a PRAGMA or a TEMP table, and the statements after it, until
	// it is set back or the input ends.
	Script bool
}

// Feed reads one line without its line break and returns the statements that end
// in it, each with its semicolon. Empty statements are left out.
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

// Waiting reports whether complete statements wait for others of the same
// request, and whether they have begun a transaction. If not, they wait because
// of a setting.
func (s *Splitter) Waiting() (held, begun bool) {
	return s.buf.Len() == 0 && len(s.waiting) > 0, s.tx.open()
}

// Rest returns the unfinished text and forgets it; empty for blanks and comments
// only.
func (s *Splitter) Rest() string {
	rest := s.waiting
	if text := s.takeStatement(); text != "" {
		rest = append(rest, text)
	}
	s.waiting, s.tx, s.set = nil, transaction{}, settings{}
	return strings.Join(rest, "\n")
}

// takeStatement returns the statement collected so far and begins the next one;
// empty for a statement without tokens.
func (s *Splitter) takeStatement() string {
	text, blank := strings.TrimSpace(s.buf.String()), s.lex.state == start
	s.buf.Reset()
	s.lex = lexer{}
	if blank {
		return ""
	}
	return text
}

// holdTransaction keeps the statements of an open transaction or setting, and
// returns them all when it is closed.
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
