package importer

import (
	"errors"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// infinityLoader executes the statements of a script. The shell of SQLite 3.53
// dumps infinity as the bare word Inf, which is not SQL; this loader replaces
// it by a number.
type infinityLoader struct{ Loader }

// Exec implements Loader.
func (l infinityLoader) Exec(sql string) (written int64, bad, err error) {
	written, bad, err = l.Loader.Exec(sql)
	if e, ok := errors.AsType[*errs.Error](bad); !ok || !strings.HasPrefix(e.Message, "no such column: Inf") {
		return written, bad, err
	}
	if mended, some := replaceInf(sql); some {
		return l.Loader.Exec(mended)
	}
	return written, bad, err
}

// replaceInf replaces each value Inf of an INSERT by a number, and reports
// whether there was one.
func replaceInf(sql string) (mended string, some bool) {
	if first := strings.TrimLeft(sql, " \t\r\n"); len(first) < 6 || !strings.EqualFold(first[:6], "INSERT") {
		return sql, false
	}
	var b strings.Builder
	before := byte(0) // the last byte that is not white space
	for i := 0; i < len(sql); {
		n := tokenLength(sql[i:])
		if sql[i:i+n] == "Inf" && strings.IndexByte("(,-+", before) >= 0 && endsValue(sql[i+n:]) {
			b.WriteString("9e999")
			some = true
		} else {
			b.WriteString(sql[i : i+n])
		}
		if c := sql[i]; strings.IndexByte(" \t\r\n", c) < 0 {
			before = c
		}
		i += n
	}
	return b.String(), some
}

// endsValue reports whether the text after a value ends it.
func endsValue(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\r\n")
	return rest != "" && (rest[0] == ',' || rest[0] == ')')
}

// tokenLength returns the length of the token at the front: a word, a literal
// or quoted name, a comment, or one byte.
func tokenLength(sql string) int {
	closing := func(mark string, from int) int {
		if i := strings.Index(sql[from:], mark); i >= 0 {
			return from + i + len(mark)
		}
		return len(sql)
	}
	switch c := sql[0]; {
	case c == '\'' || c == '"' || c == '`':
		return closing(string(c), 1)
	case c == '[':
		return closing("]", 1)
	case strings.HasPrefix(sql, "--"):
		return closing("\n", 2)
	case strings.HasPrefix(sql, "/*"):
		return closing("*/", 2)
	}
	n := 0
	for n < len(sql) && (sql[n] >= 0x80 || sql[n] == '_' || sql[n] == '$' || sql[n] >= '0' && sql[n] <= '9' || sql[n]|0x20 >= 'a' && sql[n]|0x20 <= 'z') {
		n++
	}
	return max(n, 1)
}
