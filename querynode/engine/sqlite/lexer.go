package sqlite

import "strings"

// The part of SQL's lexical structure that is needed before a statement is
// compiled. SQLite decides everything else.

// skip removes white space, comments and empty statements from the front.
// Unknown text stays for SQLite to judge.
func skip(s string) string {
	for s != "" {
		switch c := s[0]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == ';':
			s = s[1:]
		case strings.HasPrefix(s, "\xEF\xBB\xBF"): // byte order mark
			s = s[3:]
		case strings.HasPrefix(s, "--"):
			end := strings.IndexByte(s, '\n')
			if end < 0 {
				return ""
			}
			s = s[end+1:]
		case strings.HasPrefix(s, "/*") && len(s) > 2:
			end := strings.Index(s[2:], "*/")
			if end < 0 {
				return "" // a comment may be unclosed at the end
			}
			s = s[end+4:]
		default:
			return s
		}
	}
	return s
}

// blank reports whether a text has no statement.
func blank(s string) bool { return skip(s) == "" }

// token splits a token off the front: a bare word, or anything else, for which
// word is empty.
func token(s string) (word, rest string) {
	s = skip(s)
	n := 0
	for n < len(s) && isWord(s[n]) {
		n++
	}
	if n > 0 {
		return s[:n], s[n:]
	}
	if s == "" {
		return "", ""
	}
	closing := s[0]
	if closing == '[' {
		closing = ']'
	}
	if !strings.ContainsRune("\"'`]", rune(closing)) {
		return "", s[1:]
	}
	for i := 1; i < len(s); i++ {
		if s[i] != closing {
			continue
		}
		if closing != ']' && i+1 < len(s) && s[i+1] == closing {
			i++ // a doubled quote is one quote
			continue
		}
		return "", s[i+1:]
	}
	return "", ""
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '$' || c >= 0x80
}

// startsWithWrite reports whether a text surely begins with a writing
// statement, so that no reader needs to compile it.
func startsWithWrite(s string) bool {
	word, _ := token(s)
	if len(word) < 4 || len(word) > 7 {
		return false
	}
	switch strings.ToUpper(word) {
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER", "VACUUM", "REINDEX", "ANALYZE":
		return true
	}
	return false
}

// isPragma reports whether a statement is a PRAGMA.
func isPragma(s string) bool {
	word, _ := token(s)
	return strings.EqualFold(word, "PRAGMA")
}

// vacuum reports whether a statement is a VACUUM, and whether it writes another
// file.
func vacuum(s string) (is, into bool) {
	word, rest := token(s)
	if !strings.EqualFold(word, "VACUUM") {
		return false, false
	}
	for range 2 { // VACUUM [schema] INTO file
		word, rest = token(rest)
		if strings.EqualFold(word, "INTO") {
			return true, true
		}
	}
	return true, false
}
