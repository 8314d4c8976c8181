package client_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

// scriptFile writes a script to a file of the user.
func (u *user) scriptFile(text string) string {
	name := filepath.Join(u.env["HOME"], "script.sql")
	write(u.t, name, text)
	return name
}

// A script that fits is one request, and all its results are printed.
func TestScriptAsOneRequest(t *testing.T) {
	const script = "CREATE TABLE t(a);\nBEGIN; SELECT 1; COMMIT; -- the end"
	s := newServer(t, lines(changed, values))
	u := atServer(t, s)
	name := u.scriptFile("\ufeff" + script)
	u.stdin = script
	for _, file := range []string{name, "-"} {
		s.set(lines(changed, values))
		out, stderr, code := u.run("query", "a/b", "--file", file)
		if code != 0 || stderr != "" || !strings.HasSuffix(out, "\nRows: 4\n") {
			t.Errorf("%d, %q, %q", code, stderr, out)
		}
		if got := s.asked(t); len(got) != 1 || got[0] != script {
			t.Errorf("sent %q", got)
		}
	}
	u.want(document+"\n", "", 0, "query", "a/b", "-f", name, "--format", "json")
	s.set(lines(changed))
	u.want("\nRows: 0\n", "", 0, "query", "a/b", "-f", name)
	u.want("", "Error: Could not read the script /nowhere/x.sql: no such file or directory\n", 1, "query", "a/b", "-f", "/nowhere/x.sql")
	u.want("", "Error: Could not read the script "+u.env["HOME"]+": is a directory\n", 1, "query", "a/b", "-f", u.env["HOME"])
}

// An error has the line and column in the script.
func TestScriptErrorPosition(t *testing.T) {
	const script = "SELECT 1;\n-- x\nSELECT 'ää', nope;\n"
	s := newServer(t, nil)
	u := atServer(t, s)
	name := u.scriptFile(script)
	for _, tt := range []struct {
		attrs []string
		want  string
	}{
		{[]string{"sqlite_code", "1", "statement", "1", "offset", "30"}, "line 3, column 14: no"},
		{[]string{"sqlite_code", "19", "statement", "1"}, "line 3: no"},
		{[]string{"sqlite_code", "19", "statement", "7"}, "no"},
		{[]string{"sqlite_code", "1", "offset", "1000"}, "no"},
		{nil, "no"},
	} {
		e := errs.E(errs.SQL, "no")
		for i := 0; i < len(tt.attrs); i += 2 {
			e = e.With(tt.attrs[i], tt.attrs[i+1])
		}
		s.set(fails(e))
		u.want("", "Error: "+tt.want+"\n", 1, "query", "a/b", "-f", name)
	}
	// An error about another limit does not lead to pieces.
	s.set(fails(errs.E(errs.TooLarge, "string or blob too big").With("statement", "0")))
	u.want("", "Error: line 1: string or blob too big\n", 1, "query", "a/b", "-f", name)
	if got := s.asked(t); len(got) != 1 {
		t.Errorf("sent %q", got)
	}
}

// A script that is too long for one request is sent in pieces. No text is lost
// and no transaction is split.
func TestScriptInPieces(t *testing.T) {
	const most = 4000
	transaction := "BEGIN;\n" + rows(30) + "COMMIT;"
	script := "PRAGMA foreign_keys=ON;\nCREATE TABLE t(a, b);\n" + rows(100) + transaction + "\n" + rows(10) + "VACUUM;SELECT 2\n-- the end\n"
	s := newServer(t, nil)
	u := atServer(t, s)
	u.stdin = script
	for _, file := range []string{u.scriptFile(script), "-"} {
		s.set(taking(most, lines(changed)))
		u.want("\nRows: 0\n", "", 0, "query", "a/b", "--file", file)
		var sent []string
		for _, sql := range s.asked(t) {
			if len(sql) < most-100 {
				sent = append(sent, sql)
			}
		}
		if strings.Join(sent, "") != script {
			t.Errorf("%s: sent %q", file, sent)
		}
		alone := 0
		for _, sql := range sent {
			if sql := strings.TrimSpace(sql); sql == transaction || sql == "VACUUM;" || sql == "PRAGMA foreign_keys=ON;" {
				alone++
			}
		}
		if alone != 3 || len(sent) > 15 {
			t.Errorf("%s: %d alone of %d", file, alone, len(sent))
		}
	}
}

func TestScriptInPiecesFails(t *testing.T) {
	const most = 3000
	s := newServer(t, nil)
	u := atServer(t, s)
	var n atomic.Int64 // requests within the limit
	third := func(err error) func(*http.Request, string) (int, any) {
		return taking(most, func(r *http.Request, body string) (int, any) {
			if n.Add(1) == 3 {
				return fails(err)(r, body)
			}
			return lines(changed)(r, body)
		})
	}
	failed := errs.E(errs.SQL, "UNIQUE constraint failed").With("sqlite_code", "19").With("statement", "3")
	for _, tt := range []struct {
		name, script string
		answer       func(*http.Request, string) (int, any)
		want         string
	}{
		{"a statement", rows(100), third(failed), `line 54: UNIQUE constraint failed; the lines before line 51 have run, the others have not`},
		{"the first", "SELECT 1;" + rows(100), taking(most, fails(failed)), `line 3: UNIQUE constraint failed; no line of the script has run`},
		{"the server", rows(100), third(errs.E(errs.Unavailable, "The node is down")), `The node is down; lines 51 to 74 of the script may or may not have run; the lines before have run`},
		{"a long statement", "SELECT 1;\n" + "SELECT '" + strings.Repeat("x", most) + "';\n", taking(most, lines(changed)),
			`line 2: The request body is larger than the 3000 bytes that are allowed; the lines before line 2 have run, the others have not`},
		{"a pragma", rows(100) + "\nPRAGMA foreign_keys = OFF;", taking(most, lines(changed)),
			`line 102: PRAGMA FOREIGN_KEYS holds only for one request, and this script is too long for one; ayb client import runs it as one; no line of the script has run`},
		{"a table", "CREATE TEMP TABLE x(a);" + rows(100), taking(most, lines(changed)),
			`line 1: CREATE TEMP holds only for one request, and this script is too long for one; ayb client import runs it as one; no line of the script has run`},
	} {
		s.set(tt.answer)
		n.Store(0)
		u.want("", "Error: "+tt.want+"\n", 1, "query", "a/b", "--file", u.scriptFile(tt.script))
	}
	// The standard input cannot be checked beforehand.
	s.set(taking(most, lines(changed)))
	u.stdin = rows(100) + "\nPRAGMA main.foreign_keys = OFF;"
	u.want("", "Error: line 102: PRAGMA FOREIGN_KEYS holds only for one request, and this script is too long for one; ayb client import runs it as one; the lines before line 102 have run, the others have not\n", 1,
		"query", "a/b", "--file", "-")
}

// A transaction that is too long for a request is found before a request is
// sent.
func TestScriptWithHugeTransaction(t *testing.T) {
	s := newServer(t, lines(changed))
	u := atServer(t, s)
	huge := "CREATE TABLE t(a, b);\nBEGIN;\n" + strings.Repeat("INSERT INTO t VALUES ("+strings.Repeat("1,\n", 20_000)+"2);\n", 290) + "COMMIT;\n"
	u.want("", "Error: line 2: this statement or transaction is longer than 16.0 MiB, the limit of a request; ayb client import accepts longer scripts; no line of the script has run\n", 1,
		"query", "a/b", "--file", u.scriptFile(huge))
	if got := s.asked(t); got != nil {
		t.Errorf("sent %d requests", len(got))
	}
	// Without the transaction it is sent in pieces of a mebibyte.
	script := strings.NewReplacer("BEGIN;", "", "COMMIT;", "").Replace(huge)
	u.want("\nRows: 0\n", "", 0, "query", "a/b", "--file", u.scriptFile(script))
	sent := s.asked(t)
	if strings.TrimSpace(strings.Join(sent, "")) != strings.TrimSpace(script) || len(sent) < 17 || len(sent) > 20 {
		t.Errorf("sent %d requests", len(sent))
	}
}
