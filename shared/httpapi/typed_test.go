package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestTypedCallsOnTheWire(t *testing.T) {
	var got string
	answer := ""
	c := serve(t, "ayb_s_l", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %q %q %s", r.Method, r.RequestURI, r.Header["Content-Type"], r.Header["Accept"], body)
		_, _ = io.WriteString(w, answer)
	})
	q := httpapi.QueryRequest{SQL: "SELECT '<ä>' WHERE :a", Params: []byte(`{"a":9007199254740993}`)}
	tests := []struct {
		name, answer, want string
		call               func() error
	}{
		{"document", `{"results":[]}`, `POST /v1/a%2Fb/d/query ["application/json"] ["application/json"] {"sql":"SELECT '<ä>' WHERE :a","params":{"a":9007199254740993}}`, func() error {
			var out strings.Builder
			err := c.TypedTo(t.Context(), "a/b", "d", q, httpapi.ContentType, &out)
			if out.String() != answer {
				t.Errorf("copied %s", out.String())
			}
			return err
		}},
		{"lines", `{"cost":{}}` + "\n", `POST /v1/a/b/query ["application/json"] ["application/x-ndjson"] {"sql":"SELECT 1"}`, func() error {
			lines, err := c.QueryLines(t.Context(), "a", "b", httpapi.QueryRequest{SQL: "SELECT 1"})
			if err != nil {
				return err
			}
			defer lines.Close()
			for lines.Next() {
			}
			return lines.Err()
		}},
		{"read-only lines", `{"cost":{}}` + "\n", `POST /v1/a/b/query?mode=read-only ["application/json"] ["application/x-ndjson"] {"sql":"SELECT 1"}`, func() error {
			lines, err := c.QueryLines(t.Context(), "a", "b", httpapi.QueryRequest{SQL: "SELECT 1", ReadOnly: true})
			if err == nil {
				lines.Close()
			}
			return err
		}},
		{"read-only rows", `{"fields":["a"],"rows":[]}`, `POST /v1/a/b/query?mode=read-only [] [] SELECT 1`, func() error {
			rows, err := c.ReadRows(t.Context(), "a", "b", "SELECT 1")
			if err == nil {
				rows.Close()
			}
			return err
		}},
		{"schema", `{"tables":[{"name":"t","columns":[{"name":"a","type":""}]}],"views":[]}`, `GET /v1/a/b/schema [] [] `, func() error {
			s, err := c.Schema(t.Context(), "a", "b")
			if len(s.Tables) != 1 || s.Tables[0].Columns[0].Name != "a" {
				t.Errorf("got %v", s)
			}
			return err
		}},
		{"queries", `{"queries":[{"id":"x","entity":"bob","started_at":"2026-03-01T00:00:00Z"}]}`, `GET /v1/a/b/queries [] [] `, func() error {
			list, err := c.RunningQueries(t.Context(), "a", "b")
			if len(list) != 1 || list[0].Caller != "bob" {
				t.Errorf("got %v", list)
			}
			return err
		}},
		{"usage", `{"database_bytes":4096,"limits":{"heap_bytes":{"value":1,"source":"account"}}}`, `GET /v1/a/b/usage [] [] `, func() error {
			u, err := c.Usage(t.Context(), "a", "b")
			if u.DatabaseBytes != 4096 || u.Limits["heap_bytes"] != (httpapi.Limit{Value: 1, Source: "account"}) {
				t.Errorf("got %v", u)
			}
			return err
		}},
		{"cancel", `{}`, `DELETE /v1/a/b/queries/x%2Fy [] [] `, func() error { return c.CancelQuery(t.Context(), "a", "b", "x/y") }},
	}
	for _, tt := range tests {
		answer = tt.answer
		if err := tt.call(); err != nil || got != tt.want {
			t.Errorf("%s: %v\n got %s\nwant %s", tt.name, err, got, tt.want)
		}
	}
	if err := c.TypedTo(t.Context(), "a", "b", q, httpapi.ContentTypeCSV, failingWriter{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("copy to a full disk: %v", err)
	}
	for _, bad := range []httpapi.QueryRequest{{SQL: "\xff"}, {SQL: "a", Params: []byte(`{`)}} {
		if _, err := c.QueryLines(t.Context(), "a", "b", bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// A failed or incomplete NDJSON answer never counts as complete.
func TestQueryLines(t *testing.T) {
	const result = `{"statement":0,"columns":[{"name":"a","type":null},{"name":"a","type":"TEXT"}]}` + "\n" + `[1,"x"]` + "\n"
	long := `["` + strings.Repeat("y", 300_000) + `"]`
	const end = `{"statement":0,"rows_affected":0,"last_insert_rowid":null,"truncated":false}` + "\n"
	const cost = `{"cost":{"duration_ms":1}}` + "\n"
	answers := map[string]string{
		"whole":         result + long + "\n" + end + cost,
		"nothing":       cost,
		"failed":        result + `{"error":{"type":"Other","message":"integer overflow","sqlite_code":1,"offset":7}}` + "\n",
		"timed out":     result + `{"error":{"type":"Other","message":"too long","statement":1}}` + "\n",
		"node lost":     result + `{"error":{"type":"Other","message":"the node is gone"}}` + "\n",
		"one of two":    `{"statement":0,"error":{"type":"Other","message":"no"}}` + "\n" + result + end + cost,
		"broken":        result,
		"broken row":    result + `[1,"`,
		"broken silent": result + end,
		"empty":         "",
		"foreign":       "<html>\n",
	}
	c := serve(t, "t", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for name, answer := range answers {
			if string(body) == `{"sql":"`+name+`"}` {
				_, _ = io.WriteString(w, answer)
			}
		}
		if strings.Contains(string(body), "broken") {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	const closed = "closed the connection before the answer was complete"
	for name, want := range map[string]struct{ kinds, err string }{
		"whole": {"01123", ""}, "nothing": {"3", ""}, "failed": {"014", "integer overflow"}, "one of two": {"40123", "no"},
		"broken": {"01", closed}, "broken row": {"01", closed}, "broken silent": {"012", closed}, "empty": {"", closed},
		"foreign": {"", "is not what an ayb server sends"},
	} {
		kinds, err := read(t, c, name)
		if want.kinds != kinds || want.err == "" != (err == nil) || err != nil && !strings.Contains(errs.Public(err).Message, want.err) {
			t.Errorf("%s: %s, %v", name, kinds, err)
		}
	}
	if _, err := read(t, c, "failed"); errs.Public(err).Attrs["offset"] != "7" || !errs.Is(err, errs.SQL) {
		t.Errorf("what the line says is lost: %v", err)
	}
	// Only what is a statement's fault is known to have changed nothing.
	for name, code := range map[string]errs.Code{"one of two": errs.Invalid, "timed out": errs.Invalid, "node lost": errs.Internal} {
		if _, err := read(t, c, name); !errs.Is(err, code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// read reads an answer to its end and returns the kinds of its lines.
func read(t *testing.T, c *httpapi.Client, sql string) (kinds string, err error) {
	t.Helper()
	lines, err := c.QueryLines(t.Context(), "a", "b", httpapi.QueryRequest{SQL: sql})
	if err != nil {
		return "", err
	}
	defer lines.Close()
	for lines.Next() {
		l := lines.Line()
		kinds += fmt.Sprint(l.Kind)
		if l.Kind == httpapi.LineColumns && strings.Join(l.Columns, ",") != "a,a" {
			t.Errorf("columns %v", l.Columns)
		}
		if l.Kind == httpapi.LineRow && string(l.Text) != `[1,"x"]` && len(l.Text) != 300_004 {
			t.Errorf("row of %d bytes", len(l.Text))
		}
	}
	return kinds, lines.Err()
}
