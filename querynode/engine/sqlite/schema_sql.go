package sqlite

import (
	"regexp"
	"strings"
)

// onlyStatement returns the statement at the beginning of a schema text,
// without its semicolon and the rest. SQLite ignores that rest, so a foreign
// file can hold anything there, which would run with an exported script.
func onlyStatement(sql string) string {
	trigger := isTrigger(sql)
	end, after := 0, false // after a semicolon
	for rest := sql; ; {
		rest = rest[gap(rest):]
		if rest == "" {
			return sql[:end]
		}
		if rest[0] == ';' {
			if !trigger {
				return sql[:end]
			}
			rest, after = rest[1:], true
			continue
		}
		word, next := token(rest)
		end, rest = len(sql)-len(next), next
		if after && strings.EqualFold(word, "END") {
			return sql[:end]
		}
		after = false
	}
}

// gap returns the number of bytes of white space and comments at the beginning
// of a text.
func gap(s string) int {
	rest := s
	for rest != "" {
		next := rest
		switch {
		case strings.ContainsRune(" \t\n\r\f", rune(rest[0])):
			next = rest[1:]
		case strings.HasPrefix(rest, "--"):
			_, next, _ = strings.Cut(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			_, next, _ = strings.Cut(rest[2:], "*/")
		}
		if len(next) == len(rest) {
			break
		}
		rest = next
	}
	return len(s) - len(rest)
}

// isTrigger reports whether a statement is a CREATE TRIGGER.
func isTrigger(sql string) bool {
	_, rest := token(sql) // CREATE
	word, rest := token(rest)
	if strings.EqualFold(word, "TEMP") || strings.EqualFold(word, "TEMPORARY") {
		word, _ = token(rest)
	}
	return strings.EqualFold(word, "TRIGGER")
}

// hasWord reports whether a statement has a word outside of quotes and comments.
func hasWord(sql, word string) bool {
	for rest := sql; rest != ""; {
		var w string
		if w, rest = token(rest); strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

// module returns the module of a CREATE VIRTUAL TABLE, in lower case, and its
// arguments.
func module(sql string) (name, args string) {
	for rest := sql; rest != ""; {
		var w string
		if w, rest = token(rest); !strings.EqualFold(w, "USING") {
			continue
		}
		rest = rest[gap(rest):]
		w, args = token(rest)
		if w == "" {
			w = strings.Trim(rest[:len(rest)-len(args)], "\"'`[]")
		}
		return strings.ToLower(w), args
	}
	return "", ""
}

// contentless matches the argument with which a full-text table keeps no text.
var contentless = regexp.MustCompile(`(?i)\bcontent\s*=\s*(''|""|,|\)|$)`)
