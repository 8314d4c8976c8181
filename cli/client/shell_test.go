package client_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// The commands have the same effect as in the sqlite3 shell.
func TestSessionCommandsOfShells(t *testing.T) {
	s := newServer(t, func(r *http.Request, body string) (int, any) {
		switch {
		case strings.Contains(r.URL.Path, "/import"):
			return 200, daemonapi.ImportResult{}
		case strings.Contains(r.URL.Path, "/export"):
			return 200, "CREATE TABLE t(a);\n"
		case r.Method == http.MethodGet:
			return 200, shop()
		case strings.Contains(body, "type = 'index'"):
			return 200, `{"fields":["name"],"rows":[["by_name"],["by\u001bprice"]]}`
		case r.Header.Get("Accept") != "":
			return lines(changed, values)(r, body)
		case strings.HasPrefix(body, "bad"):
			return echo(r, body)
		}
		return 200, two
	})
	u := atServer(t, s)
	file := func(name string) string { return filepath.Join(u.env["HOME"], name) }
	write(t, file("inner.sql"), "SELECT 'inner';\n")
	write(t, file("outer.sql"), ".mode list\n.read '"+file("inner.sql")+"'\nSELECT 'ou\nter'")
	write(t, file("self.sql"), ".read "+file("self.sql")+"\n")
	write(t, file("fruit.csv"), "a,b\n1,2\n")
	const record = "the first|the last\na,b|NULL\n"
	for _, tt := range []struct {
		name, input, want, stderr string
		code                      int
	}{
		{"headers of a list", ".mode list\n.headers on\nSELECT 1;", "fname|lname\n" + record, "", 0},
		{"no headers of csv", ".mode csv\n.headers off\nSELECT 1;", "the first,the last\n\"a,b\",NULL\n", "", 0},
		{"nullvalue", ".mode list\n.nullvalue 'no value'\nSELECT 1;", strings.Replace(record, "NULL", "no value", 1), "", 0},
		{"empty nullvalue", ".mode list\n.nullvalue ''\nSELECT 1;", strings.Replace(record, "NULL", "", 1), "", 0},
		{"width", ".width 5 12\nSELECT 1;", " fname | lname \n-------+--------------\n the f | the last \n irst  |  \n a,b   | NULL \n", "", 0},
		{"bad width", ".width x", "", "Error: A width is a number of characters from 1 to 10000, or 0 for any width\n", 0},
		{"indexes", ".indexes fruit", "by_name\nby\\x1Bprice\n", "", 0},
		{"dump", ".dump", "CREATE TABLE t(a);\n", "", 0},
		{"read", ".read " + file("outer.sql"), record + record, "", 0},
		{"read itself", ".read " + file("self.sql"), "", "Error: Files can read other files at most 10 levels deep\n", 0},
		{"read nothing", ".read /nowhere/x", "", "Error: Could not read /nowhere/x: no such file or directory\n", 0},
		{"a switch", ".bail maybe", "", "Error: .bail needs on or off, such as: .bail on\n", 0},
		{"a failure", ".mode list\nbad;\nSELECT 1;", record, "Error: near \"bad\": syntax error\n", 0},
		{"bail", ".bail on\n.mode list\nSELECT 1;bad;SELECT 1;", record, "Error: near \"bad\": syntax error\n", 1},
		{"bail in a command", ".bail on\n.nonsense\nSELECT 1;", "", "Error: There is no command .nonsense; .help lists the commands\n", 1},
		{"bail later", ".mode list\nbad;\n.bail on\nSELECT 1;", record, "Error: near \"bad\": syntax error\n", 0},
		{"parameters", ".param set :n 1\n.param set @m it's\n.param list", ":m \"it's\"\n:n 1\n", "", 0},
		{"no parameter", ".param set n 1", "", "Error: The forms are .param set :NAME VALUE, .param unset :NAME, .param list and .param clear\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u.t, u.stdin = t, tt.input
			u.want(tt.want, tt.stderr, tt.code, "query", "a/b", "-q")
		})
	}
	u.t = t

	// Answers go to files, and back.
	u.stdin = ".mode list\n.once '" + file("once.txt") + "'\nSELECT 1;\nSELECT 1;\n.output " + file("all.txt") + "\nSELECT 1;\n.dump\n.output\nSELECT 1;"
	u.want(record+record, "", 0, "query", "a/b", "-q")
	if got := read(t, file("once.txt")); got != record {
		t.Errorf(".once wrote %q", got)
	}
	if got := read(t, file("all.txt")); got != record+"CREATE TABLE t(a);\n" {
		t.Errorf(".output wrote %q", got)
	}

	// Values are sent with the statements that name them.
	s.mu.Lock()
	s.requests = nil
	s.mu.Unlock()
	u.stdin = ".param set :n 1.5\n.param set $s 'a b'\nSELECT :n, ':s';\nSELECT 1;\n.param clear\nSELECT :n;"
	if _, stderr, code := u.run("query", "a/b", "-q"); code != 0 || stderr != "" {
		t.Errorf("%d, %q", code, stderr)
	}
	if got := s.statements(); got != `{"sql":"SELECT :n, ':s';","params":{"n":1.5}}|SELECT 1;|SELECT :n;` {
		t.Errorf("sent %s", got)
	}

	// A file is imported into an existing or a new table.
	u.stdin = ".import " + file("fruit.csv") + " fruit\n.import " + file("fruit.csv") + " new"
	out, stderr, code := u.run("query", "a/b", "-q")
	if out != "" || code != 0 || strings.Contains(stderr, "Error") {
		t.Errorf("import: %d, %q, %q", code, out, stderr)
	}
	if got := s.seen(); !strings.Contains(got, "mode=append") || strings.Count(got, "/import?") != 2 || strings.Count(got, "mode=append") != 1 {
		t.Errorf("import sent %s", got)
	}
}
