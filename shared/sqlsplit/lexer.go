package sqlsplit

import "strings"

// state is the position of the lexer in the current statement, as in SQLite's
// own test for a complete statement.
type state int

const (
	start   state = iota // only blanks and comments so far
	normal               // in a statement that ends at the next semicolon
	explain              // after EXPLAIN
	create               // after CREATE, perhaps TEMP
	trigger              // in CREATE TRIGGER, which ends at END and a semicolon
	semi                 // in a trigger, after a semicolon
	end                  // in a trigger, after a semicolon and END
)

// lexer follows SQL just far enough to find the end of a statement. It reads
// every byte once.
type lexer struct {
	state state
	until string // the end of the current literal, name or comment; empty outside
}

// step reads one token, or a part of a long one, and returns its length and
// whether it ends the statement. A length of 0 means that more text is needed;
// this never happens if the text is final. After an empty statement the state is
// start.
func (l *lexer) step(text string, final bool) (n int, ends bool) {
	if l.until != "" {
		return l.skipQuoted(text, final), false
	}
	switch c := text[0]; {
	case isBlank(c):
		return 1, false
	case c == '-' || c == '/':
		return l.comment(text, final), false
	case c == '\'' || c == '"' || c == '`' || c == '[':
		l.otherToken()
		l.until = string(c)
		if c == '[' {
			l.until = "]"
		}
		return 1, false
	case c == ';':
		return 1, l.endsStatement()
	case isWord(c):
		n := wordLen(text)
		if n == len(text) && !final {
			return 0, false
		}
		l.keyword(text[:n])
		return n, false
	}
	l.otherToken()
	return 1, false
}

// skipQuoted looks for the end of the current literal, name or comment, and
// returns the length up to it.
func (l *lexer) skipQuoted(text string, final bool) int {
	if i := strings.Index(text, l.until); i >= 0 {
		n := i + len(l.until)
		l.until = ""
		return n
	}
	if final {
		return len(text)
	}
	return max(0, len(text)-len(l.until)+1) // the text may stop within the end
}

// comment reads the beginning of a comment, or an operator that begins like one.
func (l *lexer) comment(text string, final bool) int {
	switch {
	case len(text) == 1 && !final:
		return 0
	case strings.HasPrefix(text, "--"):
		l.until = "\n"
		return 2
	case strings.HasPrefix(text, "/*"):
		l.until = "*/"
		return 2
	}
	l.otherToken()
	return 1
}

// endsStatement reports whether a semicolon ends the statement.
func (l *lexer) endsStatement() bool {
	if l.state == trigger || l.state == semi {
		l.state = semi
		return false
	}
	return true
}

// otherToken reads a token that is not a keyword of the states.
func (l *lexer) otherToken() {
	switch l.state {
	case start, create:
		l.state = normal
	case semi, end:
		l.state = trigger
	}
}

// keyword follows the keywords that lead to a trigger.
func (l *lexer) keyword(w string) {
	if l.state == normal || l.state == trigger {
		return // words do not change these states
	}
	is := func(k string) bool { return strings.EqualFold(w, k) }
	keyword := is("EXPLAIN") || is("TEMP") || is("TEMPORARY") || is("TRIGGER") || is("END")
	switch {
	case l.state == start && is("EXPLAIN"):
		l.state = explain
	case (l.state == start || l.state == explain) && is("CREATE"):
		l.state = create
	case l.state == explain && keyword:
		l.state = normal
	case l.state == create && (is("TEMP") || is("TEMPORARY")):
	case l.state == create && is("TRIGGER"):
		l.state = trigger
	case l.state == semi && is("END"):
		l.state = end
	default:
		l.otherToken()
	}
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}

func wordLen(text string) int {
	n := 0
	for n < len(text) && isWord(text[n]) {
		n++
	}
	return n
}
