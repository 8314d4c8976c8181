package client_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/cli/client"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const two = `{"fields":["fname","lname"],"rows":[["the first","the last"],["a,b",null]]}`

// C6: formats, empty results, and the quiet option for programs.
func TestQueryFormats(t *testing.T) {
	tests := []struct{ args, answer, want string }{
		{"", `{"fields":["fname","lname"],"rows":[["the first","the last"],["the first2","the last2"]]}`, "" +
			" fname      | lname \n------------+-----------\n the first  | the last \n the first2 | the last2 \n\nRows: 2\n"},
		{"--format table", `{"fields":["the_count"],"rows":[["4"]]}`, " the_count \n-----------\n 4 \n\nRows: 1\n"},
		{"", two, " fname     | lname \n-----------+----------\n the first | the last \n a,b       | NULL \n\nRows: 2\n"},
		{"", `{"fields":["a"],"rows":[]}`, "\nRows: 0\n"},
		{"", `{"fields":[],"rows":[]}`, "\nRows: 0\n"},
		{"--quiet", `{"fields":["a"],"rows":[]}`, " a \n---\n"},
		{"--quiet", `{"fields":[],"rows":[]}`, ""},
		{"--format csv", two, "fname,lname\nthe first,the last\n\"a,b\",NULL\n\nRows: 2\n"},
		{"--format csv", `{"fields":["a"],"rows":[]}`, "\nRows: 0\n"},
		{"--format csv -q", two, "fname,lname\nthe first,the last\n\"a,b\",NULL\n"},
		{"--format csv -q", `{"fields":["a","b"],"rows":[]}`, "a,b\n"},
		{"--format csv -q", `{"fields":[],"rows":[]}`, ""},
	}
	s := newServer(t, nil)
	u := atServer(t, s)
	for _, tt := range tests {
		s.set(ok(200, tt.answer))
		u.want(tt.want, "", 0, append([]string{"query", "A/b.sqlite", "SELECT\n1"}, strings.Fields(tt.args)...)...)
		if got := s.seen(); got != "POST /v1/A/b.sqlite/query [Authorization=Bearer ayb_s_l] SELECT\n1" {
			t.Errorf("sent %s", got)
		}
	}
}

// An incomplete answer is a failure in every format, never a short result that
// looks complete.
func TestQueryBreaksOff(t *testing.T) {
	s := newServer(t, nil)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := two[:60]
		if r.Header.Get("Accept") == httpapi.ContentTypeNDJSON {
			begun = `{"statement":0,"columns":[{"name":"a","type":null}]}` + "\n[1]\n"
		}
		_, _ = io.WriteString(w, begun)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	u := atServer(t, s)
	for _, f := range []string{"table", "csv", "json", "ndjson", "markdown"} {
		out, stderr, code := u.run("query", "a/b", "SELECT", "--format", f)
		if code != 1 || stderr != "Error: "+s.URL+" closed the connection before the answer was complete\n" || strings.Contains(out, "Rows:") {
			t.Errorf("%s: %d, %q, %q", f, code, stderr, out)
		}
	}
}

// echo answers SQL with itself, and fails for SQL that begins with "bad".
func echo(_ *http.Request, body string) (int, any) {
	if strings.HasPrefix(body, "bad") {
		status, answer := fails(errs.E(errs.SQL, `near "bad": syntax error`).With("sqlite_code", "1"))(nil, "")
		return status, answer
	}
	return 200, httpapi.QueryResult{Fields: []string{"sql"}, Rows: httpapi.List[httpapi.List[*string]]{{&body}}}
}

// C7: statements of several lines, commands, and errors that do not end the
// session.
func TestSessionFromPipe(t *testing.T) {
	s := newServer(t, echo)
	u := atServer(t, s)
	u.stdin = "SELECT 1;\n\n-- nothing\nSELECT\n ';'; bad;\r\n.format csv\n.nonsense\n.help\nBEGIN;\nSELECT 2;\nCOMMIT;\n.format xml\nSELECT 'last'"
	out, stderr, code := u.run("query", "A/b")
	wantOut := ` sql 
-----------
 SELECT 1; 

Rows: 1
 sql 
--------
 SELECT 
  ';'; 

Rows: 1
Enter SQL; it may span lines and ends with a semicolon.
.tables [PATTERN]  list the tables and views; % and * stand for any text
.schema [TABLE]    show the CREATE statements of all tables, or of one
.mode MODE         print results as table, csv, json, ndjson, markdown or list
.headers on|off    print the names of columns in csv and list
.nullvalue TEXT    print TEXT for NULL
.width N ...       set the widths of the columns of tables; 0 for any width
.indexes [TABLE]   list the indexes
.dump [TABLE]      print the database, or a table, as a SQL script
.import FILE TABLE load a file into a table; a missing table is created
.read FILE         run the statements and commands of a file
.output [FILE]     send the following answers to a file, or back here
.once FILE         send the answer of the next statement to a file
.param set :N VAL  set a value for :N in statements; also unset, list, clear
.bail on|off       end at the first failure
.timer on|off      print the time that each statement takes
.help              show this
.quit              end the session
sql
"BEGIN;
SELECT 2;
COMMIT;"

Rows: 1
sql
SELECT 'last'

Rows: 1
`
	wantErr := "Error: near \"bad\": syntax error\nError: There is no command .nonsense; .help lists the commands\nError: Unknown format: xml (the formats are table, csv, json, ndjson, markdown, list)\n"
	if out != wantOut || stderr != wantErr {
		t.Errorf("got\n%s\n%s\nwant\n%s\n%s", out, stderr, wantOut, wantErr)
	}
	if code != 0 { // a session succeeds after failed statements, without .bail
		t.Errorf("exit %d", code)
	}
}

// C7: the session has commands, also for the format of its output.
func TestSessionCommands(t *testing.T) {
	s := newServer(t, func(r *http.Request, body string) (int, any) {
		switch {
		case r.Method == http.MethodGet:
			return 200, shop()
		case strings.Contains(body, "sqlite_schema"):
			return 200, `{"fields":["sql"],"rows":[["CREATE TABLE a(\n b)"],["CREATE TRIGGER \u001b[2J"]]}`
		case r.Header.Get("Accept") != "":
			return lines(changed, values)(r, body)
		}
		return 200, two
	})
	u := atServer(t, s)
	for _, tt := range []struct{ input, want string }{
		{".mode csv\n.tables FRU%", "Name,Type,Rows,Columns\nfruit,table,1200,\"id, Name, upper, maker\"\n"},
		{".mode list\n.tables *x*\nSELECT 1;", "No tables\nthe first|the last\na,b|NULL\n"},
		{".schema it's", "CREATE TABLE a(\n b);\nCREATE TRIGGER \\x1B[2J;\n"},
		{".mode json\nSELECT 1;\n.format csv\nSELECT 1;", document + "\nfname,lname\nthe first,the last\n\"a,b\",NULL\n"},
		{".mode ndjson\nSELECT 1;", strings.Join([]string{changed, values, cost}, "\n")},
		{".mode markdown\nSELECT 1;SELECT 2", "| a | b\\|c |\n| --- | --- |\n| 1 | NULL |\n| 9007199254740993 | 1.0 |\n| -Infinity | x<br>y |\n| X'FF00' | a |\n" +
			"| a | b\\|c |\n| --- | --- |\n| 1 | NULL |\n| 9007199254740993 | 1.0 |\n| -Infinity | x<br>y |\n| X'FF00' | a |\n"},
		{".quit\nSELECT 'never';", ""},
		{".exit", ""},
		{"", ""},
	} {
		u.stdin = tt.input
		u.want(tt.want, "", 0, "query", "a/b", "--quiet")
	}
	u.stdin = ".timer on\nSELECT 1;\n.timer off\nSELECT 1;"
	if out, stderr, _ := u.run("query", "a/b", "-q", "--format", "csv"); !regexp.MustCompile(`^Time: \d+\.\d{3} s\n$`).MatchString(stderr) || strings.Contains(out, "Time") {
		t.Errorf("timer: %q, %q", out, stderr)
	}
	u.stdin = ".timer maybe\n.schema"
	if _, stderr, code := u.run("query", "a/b", "-q"); code != 0 || stderr != "Error: .timer needs on or off, such as: .timer on\n" {
		t.Errorf("%d, %q", code, stderr)
	}
	// Between a setting and its statements only commands about the output are allowed.
	u.stdin = "PRAGMA foreign_keys=OFF;\n.mode csv\n.tables\nSELECT 'held';"
	u.want("fname,lname\nthe first,the last\n\"a,b\",NULL\n", "Error: .tables cannot run here, because the statements before it are sent in one request with those after it; first end the transaction, or set the PRAGMA back\n", 0, "query", "a/b", "-q")
	if got := s.statements(); !strings.HasSuffix(got, "PRAGMA foreign_keys=OFF;\nSELECT 'held';") {
		t.Errorf("sent %s", got)
	}
	u.stdin = "BEGIN;\nSELECT 'one';\n.mode csv\nCOMMIT;\nCREATE TABLE temp.x(a);\nSELECT 'two';\n.quit\nSELECT 'never';"
	u.want("fname,lname\nthe first,the last\n\"a,b\",NULL\nfname,lname\nthe first,the last\n\"a,b\",NULL\n", "", 0, "query", "a/b", "-q")
	if got := s.statements(); !strings.HasSuffix(got, "|BEGIN;\nSELECT 'one';\nCOMMIT;|CREATE TABLE temp.x(a);\nSELECT 'two';") {
		t.Errorf("sent %s", got)
	}
	s.set(ok(200, `{"fields":["sql"],"rows":[]}`))
	u.stdin = ".schema it's"
	u.want("", "Error: There is no table or view it's in a/b\n", 0, "query", "a/b", "-q")
	if got := s.statements(); !strings.Contains(got, "lower('it''s')") {
		t.Errorf("sent %s", got)
	}
}

func TestIsComplete(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "  ": true, ".tables": true, "-- x": true, "SELECT 1;": true, "SELECT 1; -- x": true,
		"SELECT 1": false, "SELECT ';": false, "BEGIN;": false, "/* x": false, "SELECT 1; SELECT": false,
	} {
		if got := client.IsComplete(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestMatching(t *testing.T) {
	words := []string{"SELECT", "SET", "Fruit"}
	for word, want := range map[string]string{"se": "[select set]", "SE": "[SELECT SET]", "fr": "[Fruit]", "": "[SELECT SET Fruit]", "x": "[]"} {
		if got := fmt.Sprint(client.Matching(word, words)); got != want {
			t.Errorf("%q: %s", word, got)
		}
	}
}
