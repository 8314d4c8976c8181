package sqlsplit

import (
	"slices"
	"strings"
)

// maxFirstTokens is the number of tokens that show the effect of a statement on
// a transaction, ROLLBACK TRANSACTION TO SAVEPOINT name, or on a connection,
// PRAGMA schema.name = -value.
const maxFirstTokens = 7

// firstTokens returns the first tokens of a text, in upper case and without
// quotes, and the offset of the first one; len(text) for a text without tokens.
func firstTokens(text string) (words []string, at int) {
	at = len(text)
	for i := 0; i < len(text) && len(words) < maxFirstTokens; {
		n, word := token(text[i:])
		switch {
		case text[i] == ';' && len(words) > 0:
			return words, at
		case word != "" && text[i] != ';':
			if len(words) == 0 {
				at = i
			}
			words = append(words, strings.ToUpper(word))
		}
		i += n
	}
	return words, at
}

// token reads one token of a complete text and returns its length and its text;
// the text is empty for blanks and comments.
func token(text string) (n int, word string) {
	upTo := func(end string) int {
		if i := strings.Index(text[1:], end); i >= 0 {
			return 1 + i + len(end)
		}
		return len(text)
	}
	switch c := text[0]; {
	case isBlank(c):
		return 1, ""
	case strings.HasPrefix(text, "--"):
		return upTo("\n"), ""
	case strings.HasPrefix(text, "/*"):
		if i := strings.Index(text[2:], "*/"); i >= 0 {
			return i + 4, ""
		}
		return len(text), ""
	case c == '\'' || c == '"' || c == '`':
		n = upTo(string(c))
		return n, unquoted(text[:n])
	case c == '[':
		n = upTo("]")
		return n, unquoted(text[:n])
	case isWord(c):
		n = wordLen(text)
		return n, text[:n]
	}
	return 1, text[:1]
}

// unquoted returns a quoted name without its quotes, or an empty name with them.
func unquoted(text string) string {
	if name := strings.Trim(text, "'\"`[]"); name != "" {
		return name
	}
	return text
}

// transaction follows which statements belong to one transaction. Each request
// is a transaction of its own, so they must be one request.
type transaction struct {
	begun      bool     // by BEGIN
	savepoints []string // open savepoints, the outermost first
}

// open reports whether the statements so far leave a transaction open.
func (t *transaction) open() bool { return t.begun || len(t.savepoints) > 0 }

// follow reads the first tokens of the next statement.
func (t *transaction) follow(words []string) {
	if len(words) == 0 {
		return
	}
	switch first := words[0]; {
	case first == "BEGIN":
		t.begun = true
	case first == "COMMIT", first == "END", first == "ROLLBACK" && !slices.Contains(words, "TO"):
		*t = transaction{}
	case first == "SAVEPOINT":
		t.savepoints = append(t.savepoints, words[len(words)-1])
	case first == "RELEASE":
		if i := t.findSavepoint(words); i >= 0 {
			t.savepoints = t.savepoints[:i]
		}
	case first == "ROLLBACK": // to a savepoint, which stays
		if i := t.findSavepoint(words); i >= 0 {
			t.savepoints = t.savepoints[:i+1]
		}
	}
}

// findSavepoint returns the index of the newest savepoint with the name at the
// end of the statement, or -1.
func (t *transaction) findSavepoint(words []string) int {
	for i := len(t.savepoints) - 1; i >= 0; i-- {
		if t.savepoints[i] == words[len(words)-1] {
			return i
		}
	}
	return -1
}
