// Package statement cuts the lines of an interactive session into SQL
// statements. It knows only as much of the language as is needed to tell
// where a statement ends, and never judges whether one is valid.
package statement

import (
	"slices"
	"strings"
)

// state is where the splitter is within the current statement, as in
// SQLite's own test for a complete statement.
type state int

const (
	start   state = iota // nothing but blanks and comments yet
	normal               // in a statement that ends at the next semicolon
	explain              // after EXPLAIN
	create               // after CREATE, perhaps TEMP
	trigger              // in CREATE TRIGGER, which ends at END and a semicolon
	semi                 // in a trigger, after a semicolon
	end                  // in a trigger, after a semicolon and END
)

// Splitter collects lines and gives out the statements they complete. A
// semicolon ends a statement unless it stands in a literal, a quoted name, a
// comment or the body of a trigger; a transaction, from its BEGIN to its
// COMMIT, is given out as one. Its zero value is ready. It reads every
// byte once, however many lines a statement takes.
type Splitter struct {
	buf   strings.Builder
	state state
	until string   // what closes the literal, name or comment we are in; empty outside
	held  []string // statements of a transaction that is not yet closed
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
		n, ends := s.step(line[i:])
		i += n
		if !ends {
			continue
		}
		s.buf.WriteString(line[from:i])
		if text := s.group(s.take()); text != "" {
			out = append(out, text)
		}
		from = i
	}
	s.buf.WriteString(line[from:])
	if s.until == "\n" {
		s.until = ""
	}
	if s.state == start && s.until == "" {
		s.buf.Reset() // blanks and comments between statements
	}
	return out
}

// Pending tells whether a statement or a transaction has begun and not ended.
func (s *Splitter) Pending() bool { return s.buf.Len() > 0 || len(s.held) > 0 }

// Rest gives what is unfinished and forgets it; empty when there is nothing
// but blanks and comments.
func (s *Splitter) Rest() string {
	rest := s.held
	if text := s.take(); text != "" {
		rest = append(rest, text)
	}
	s.held = nil
	return strings.Join(rest, "\n")
}

// take gives the statement collected so far and begins the next; empty when
// it has no token but its semicolon.
func (s *Splitter) take() string {
	text, blank := strings.TrimSpace(s.buf.String()), s.state == start
	s.buf.Reset()
	s.state, s.until = start, ""
	if blank {
		return ""
	}
	return text
}

// group holds statements back from a BEGIN to the COMMIT, END or ROLLBACK
// that closes it, and gives them out as one: each request is a transaction of
// its own, so only as one request can they be a transaction.
func (s *Splitter) group(text string) string {
	words := strings.FieldsFunc(strings.ToUpper(text[:min(len(text), 64)]), func(r rune) bool { return r == ';' || r <= ' ' })
	if len(words) == 0 {
		return ""
	}
	if len(s.held) == 0 {
		if words[0] != "BEGIN" {
			return text
		}
		s.held = []string{text}
		return ""
	}
	s.held = append(s.held, text)
	switch {
	case words[0] == "COMMIT", words[0] == "END":
	case words[0] == "ROLLBACK" && !slices.Contains(words, "TO"):
	default:
		return ""
	}
	text = strings.Join(s.held, "\n")
	s.held = nil
	return text
}

// step reads one token and tells its length and whether it ends the
// statement. On an empty statement it leaves the state at start.
func (s *Splitter) step(text string) (n int, ends bool) {
	if s.until != "" {
		i := strings.Index(text, s.until)
		if i < 0 {
			return len(text), false
		}
		n, s.until = i+len(s.until), ""
		return n, false
	}
	switch c := text[0]; {
	case c == ' ' || c == '\t' || c == '\r' || c == '\f':
		return 1, false
	case strings.HasPrefix(text, "--"):
		s.until = "\n"
		return 2, false
	case strings.HasPrefix(text, "/*"):
		s.until = "*/"
		return 2, false
	case c == '\'' || c == '"' || c == '`':
		s.other()
		s.until = string(c)
		return 1, false
	case c == '[':
		s.other()
		s.until = "]"
		return 1, false
	case c == ';':
		return 1, s.semicolon()
	case isWord(c):
		for n = 1; n < len(text) && isWord(text[n]); n++ {
		}
		s.word(text[:n])
		return n, false
	}
	s.other()
	return 1, false
}

// semicolon tells whether the statement ends here.
func (s *Splitter) semicolon() bool {
	if s.state == trigger || s.state == semi {
		s.state = semi
		return false
	}
	return true
}

// other is any token that is no keyword of interest.
func (s *Splitter) other() {
	switch s.state {
	case start, explain, create:
		s.state = normal
	case semi, end:
		s.state = trigger
	}
}

// word follows the keywords that lead to a trigger.
func (s *Splitter) word(w string) {
	is := func(k string) bool { return strings.EqualFold(w, k) }
	switch {
	case s.state == start && is("EXPLAIN"):
		s.state = explain
	case s.state == explain && (is("QUERY") || is("PLAN")):
	case (s.state == start || s.state == explain) && is("CREATE"):
		s.state = create
	case s.state == create && (is("TEMP") || is("TEMPORARY")):
	case s.state == create && is("TRIGGER"):
		s.state = trigger
	case s.state == semi && is("END"):
		s.state = end
	default:
		s.other()
	}
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}
