package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const (
	document = `{"results":[{"columns":[],"rows":[]}],"cost":{}}`
	ending   = `{"statement":0,"rows_affected":0,"last_insert_rowid":null,"truncated":false}`
	changed  = `{"statement":0,"columns":[]}` + "\n" + ending
	values   = `{"statement":1,"columns":[{"name":"a","type":"INTEGER"},{"name":"b|c","type":null}]}
[1,null]
[{"integer":"9007199254740993"},1.0]
[{"real":"-Infinity"},"x\ny"]
[{"base64":"/wA="},{"base64":"YQ=="}]
` + ending
	empty = `{"statement":2,"columns":[{"name":"a","type":null}]}` + "\n" + ending
	cost  = `{"cost":{"duration_ms":0.1,"rows_written":0}}` + "\n"
)

// lines answers in the form that the client accepts.
func lines(results ...string) func(*http.Request, string) (int, any) {
	return func(r *http.Request, _ string) (int, any) {
		switch r.Header.Get("Accept") {
		case httpapi.ContentTypeNDJSON:
			return 200, strings.Join(append(results, cost), "\n")
		case httpapi.ContentTypeCSV:
			return 200, "a\r\n\"\"\r\n"
		case httpapi.ContentType:
			return 200, document
		}
		return 500, "not typed"
	}
}

func TestTypedFormats(t *testing.T) {
	s := newServer(t, nil)
	u := atServer(t, s)
	all := strings.Join([]string{changed, values, empty, cost}, "\n")
	const table = " a                | b|c \n------------------+------\n 1                | NULL \n 9007199254740993 | 1.0 \n -Infinity        | x \n                  | y \n X'FF00'          | a \n"
	const markdown = "| a | b\\|c |\n| --- | --- |\n| 1 | NULL |\n| 9007199254740993 | 1.0 |\n| -Infinity | x<br>y |\n| X'FF00' | a |\n"
	for _, tt := range []struct{ args, want string }{
		{"--format json", document + "\n"},
		{"--format ndjson", all},
		{"--format markdown", markdown + "\n| a |\n| --- |\n"},
		{"--param x=1", table + "\nRows: 4\n\nRows: 0\n"},
		{"--param x=1 -q", table + " a \n---\n"},
		{"--params [1] --format csv", "a\r\n\"\"\r\n"},
	} {
		s.set(lines(changed, values, empty))
		u.want(tt.want, "", 0, append([]string{"query", "A/b", "SELECT\n'<'"}, strings.Fields(tt.args)...)...)
		if got := s.seen(); !strings.HasPrefix(got, `POST /v1/A/b/query [Authorization=Bearer ayb_s_l] {"sql":"SELECT\n'<'"`) {
			t.Errorf("sent %s", got)
		}
	}
	s.set(lines(changed))
	u.want("\nRows: 0\n", "", 0, "query", "a/b", "DELETE", "--param", "x=1")
	u.want("", "", 0, "query", "a/b", "DELETE", "--param", "x=1", "-q")
	u.want("", "", 0, "query", "a/b", "DELETE", "--format", "markdown")
}

// A failure in the middle of an answer ends in an error, in every format.
func TestTypedFailures(t *testing.T) {
	const failure = `{"error":{"type":"Other","message":"integer overflow","sqlite_code":1}}` + "\n"
	begun := strings.TrimSuffix(values, ending) + failure
	s := newServer(t, ok(200, begun))
	u := atServer(t, s)
	u.want(begun, "Error: integer overflow\n", 1, "query", "a/b", "SELECT", "--format", "ndjson")
	u.want("", "Error: integer overflow\n", 1, "query", "a/b", "SELECT", "--param", "x=1")
	if out, stderr, code := u.run("query", "a/b", "SELECT", "--format", "markdown"); code != 1 || stderr != "Error: integer overflow\n" || !strings.HasPrefix(out, "| a |") {
		t.Errorf("%d, %q, %q", code, stderr, out)
	}
	s.set(ok(200, `{"statement":0,"columns":[{"name":"a"}]}`+"\n[1,\n"))
	u.want("", "Error: The server sent a row that is not a JSON array of values\n", 1, "query", "a/b", "SELECT", "--param", "x=1")
	s.set(fails(errs.E(errs.SQL, "no such table: t").With("sqlite_code", "1").With("statement", "0").With("offset", "14")))
	for _, f := range []string{"json", "ndjson", "markdown"} {
		u.want("", "Error: no such table: t\n", 1, "query", "a/b", "SELECT * FROM t", "--format", f)
	}
	u.want("", "Error: The SQL is not valid UTF-8; write other bytes as a BLOB, X'…'\n", 1, "query", "a/b", "\xff", "--format", "json")
}

func TestParams(t *testing.T) {
	s := newServer(t, lines())
	u := atServer(t, s)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--param", "a=1", "--param", ":b:=9007199254740993", "--param", "c=", "--param", `d=x=":y`, "--param", `e:={"base64":"/w=="}`},
			`{"a":"1",":b":9007199254740993,"c":"","d":"x=\":y","e":{"base64":"/w=="}}`},
		{[]string{"--params", ` [1, "<x>", null] `}, `[1,"<x>",null]`},
		{[]string{"--params", `{"a":1.0}`}, `{"a":1.0}`},
		{[]string{"--params", `[]`}, `[]`},
	} {
		s.set(lines())
		u.run(append([]string{"query", "a/b", "SELECT 1"}, tt.args...)...)
		if got := s.statements(); got != `{"sql":"SELECT 1","params":`+tt.want+`}` {
			t.Errorf("sent %s", got)
		}
	}
	u.stdin = "SELECT ?1;\n"
	s.set(lines())
	u.run("query", "a/b", "--params", "[1]")
	if got := s.statements(); got != `{"sql":"SELECT ?1;\n","params":[1]}` {
		t.Errorf("from the input: sent %s", got)
	}
	for _, tt := range []struct{ args, want string }{
		{"--param a", "--param must be NAME=TEXT or NAME:=JSON, not 'a'"},
		{"--param =a", "--param must be NAME=TEXT or NAME:=JSON, not '=a'"},
		{"--param :=a", "--param must be NAME=TEXT or NAME:=JSON, not ':=a'"},
		{"--param a:=x", "the value of --param a:= is not valid JSON; write = for a text"},
		{"--params 1", "--params must be a JSON array, or an object for named parameters"},
		{"--params [1", "--params must be a JSON array, or an object for named parameters"},
		{"--params [] --param a=1", "--params and --param exclude each other"},
		{"--file x --param a=1", "--file excludes SQL and parameters"},
	} {
		args := append([]string{"query", "a/b"}, strings.Fields(tt.args)...)
		u.want("", "Error: "+tt.want+"\n\nFor more information, try 'client query --help'.\n", 2, args...)
	}
	u.want("", "Error: --file excludes SQL and parameters\n\nFor more information, try 'client query --help'.\n", 2, "query", "a/b", "SELECT", "-f", "x")
}

// asked returns the SQL of the requests so far.
func (s *server) asked(t *testing.T) (all []string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		_, body, _ := strings.Cut(r, "] ")
		var q httpapi.QueryRequest
		if err := json.Unmarshal([]byte(body), &q); err != nil {
			t.Fatal(err)
		}
		all = append(all, q.SQL)
	}
	return all
}

// taking refuses requests above a size, and calls answer for the others.
func taking(most int, answer func(*http.Request, string) (int, any)) func(*http.Request, string) (int, any) {
	return func(r *http.Request, body string) (int, any) {
		if len(body) > most {
			return fails(errs.E(errs.TooLarge, "The request body is larger than the %d bytes that are allowed", most).With("limit", "request_bytes"))(r, body)
		}
		return answer(r, body)
	}
}

// rows returns statements of about 100 bytes, one per line.
func rows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "INSERT INTO t VALUES (%d, 'a;b%s');\n", i, strings.Repeat("x", 60))
	}
	return b.String()
}
