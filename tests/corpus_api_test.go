package tests

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// corpusOutcome is the outcome of an entry: results, or a failure.
type corpusOutcome struct {
	results  []corpusResult
	failure  *corpusFailure
	rowid    int64 // last_insert_rowid() after it
	hasRowid bool
	written  int64 // rows, as the cost tells
}

type corpusResult struct {
	columns  []corpusColumn
	rows     [][]corpusCell
	affected int64
	written  int64 // rows until here, as the shell tells
	failure  *corpusFailure
}

type corpusColumn struct{ name, declared string }

type corpusFailure struct {
	message   string
	code      int
	offset    int // -1: not known
	statement int
}

// corpusDB is a database of the server.
type corpusDB struct {
	t    *testing.T
	w    *harness.Server
	user *harness.User
	name string
}

func (db corpusDB) post(contentType, accept string, body []byte) (int, string) {
	db.t.Helper()
	req, err := http.NewRequestWithContext(db.t.Context(), http.MethodPost, db.w.URL+httpapi.DatabasePath(db.user.Name, db.name, "query"), bytes.NewReader(body))
	if err != nil {
		db.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+db.user.Token)
	req.Header.Set("Content-Type", contentType)
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		db.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		db.t.Fatalf("%.200s: %v", body, err)
	}
	return resp.StatusCode, string(b)
}

// wireError is an error of the API.
type wireError struct {
	Message   string
	Statement int
	Code      int `json:"sqlite_code"`
	Offset    *int
}

func (e *wireError) failure() *corpusFailure {
	f := &corpusFailure{message: e.Message, code: e.Code, offset: -1, statement: e.Statement}
	if e.Offset != nil {
		f.offset = *e.Offset
	}
	return f
}

type wireResult struct {
	Columns []struct {
		Name string
		Type *string
	}
	Rows     json.RawMessage
	Affected int64           `json:"rows_affected"`
	Rowid    json.RawMessage `json:"last_insert_rowid"`
	Error    *wireError
}

type wireCost struct {
	Written int64 `json:"rows_written"`
}

// typed runs a request of the typed API.
func (db corpusDB) typed(body any) corpusOutcome {
	db.t.Helper()
	status, text := db.post("application/json", "", marshal(db.t, body))
	if status != http.StatusOK {
		return db.failed(text)
	}
	var doc struct {
		Results []wireResult
		Cost    wireCost
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		db.t.Fatalf("%v: %.300s", err, text)
	}
	o := corpusOutcome{written: doc.Cost.Written}
	for _, r := range doc.Results {
		db.add(&o, r)
	}
	return o
}

func (db corpusDB) failed(text string) corpusOutcome {
	db.t.Helper()
	var e wireError
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		db.t.Fatalf("%v: %.300s", err, text)
	}
	return corpusOutcome{failure: e.failure()}
}

func (db corpusDB) add(o *corpusOutcome, r wireResult) {
	db.t.Helper()
	if r.Error != nil {
		o.results = append(o.results, corpusResult{failure: r.Error.failure()})
		return
	}
	rows, err := typedRows(r.Rows)
	if err == nil {
		o.rowid, o.hasRowid, err = rowidOf(r.Rowid)
	}
	if err != nil {
		db.t.Fatal(err)
	}
	result := corpusResult{rows: rows, affected: r.Affected}
	for _, c := range r.Columns {
		declared := ""
		if c.Type != nil {
			declared = *c.Type
		}
		result.columns = append(result.columns, corpusColumn{c.Name, declared})
	}
	o.results = append(o.results, result)
}

// rowidOf reads last_insert_rowid, which is null where SQLite has 0.
func rowidOf(raw json.RawMessage) (int64, bool, error) {
	cell, err := typedCell(raw)
	if err != nil || cell == "null" {
		return 0, true, err
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(string(cell), "i:"), 10, 64)
	return n, true, err
}

// lines runs a request of the typed API and reads the answer line by line.
func (db corpusDB) lines(body any) corpusOutcome {
	db.t.Helper()
	status, text := db.post("application/json", "application/x-ndjson", marshal(db.t, body))
	if status != http.StatusOK {
		return db.failed(text)
	}
	var o corpusOutcome
	var open wireResult
	var rows []string
	for line := range strings.Lines(text) {
		if line[0] == '[' {
			rows = append(rows, strings.TrimSuffix(line, "\n"))
			continue
		}
		var l struct {
			wireResult
			Statement *int
			Cost      *wireCost
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			db.t.Fatalf("%v: %.300s", err, line)
		}
		switch {
		case l.Cost != nil:
			o.written = l.Cost.Written
		case l.Statement == nil || *l.Statement != len(o.results):
			db.t.Fatalf("a line of another statement than %d: %.300s", len(o.results), line)
		case l.Columns != nil:
			open = l.wireResult
		default:
			l.Columns, l.wireResult.Rows = open.Columns, json.RawMessage("["+strings.Join(rows, ",")+"]")
			open, rows = wireResult{}, nil
			db.add(&o, l.wireResult)
		}
	}
	return o
}

// compatible runs SQL as text and returns the body of the answer.
func (db corpusDB) compatible(sql string) (string, *corpusFailure) {
	db.t.Helper()
	status, text := db.post("text/plain", "", []byte(sql))
	if status != http.StatusOK {
		return "", db.failed(text).failure
	}
	return text, nil
}

// compatibleForm converts typed results to the compatible form: the last one
// with columns. A value that is not UTF-8 is TEXT if text is set, else a BLOB.
func compatibleForm(t *testing.T, text bool, results []corpusResult) string {
	t.Helper()
	form := struct {
		Fields []string    `json:"fields"`
		Rows   [][]*string `json:"rows"`
	}{[]string{}, [][]*string{}}
	for _, r := range results {
		if len(r.columns) == 0 {
			continue
		}
		form.Fields, form.Rows = []string{}, [][]*string{}
		for _, c := range r.columns {
			form.Fields = append(form.Fields, c.name)
		}
		for _, row := range r.rows {
			cells := make([]*string, len(row))
			for i, c := range row {
				cells[i] = c.compatible(t, text)
			}
			form.Rows = append(form.Rows, cells)
		}
	}
	// encoding/json writes two characters otherwise that JSON allows as they are.
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029", `\ufffd`, "\ufffd").Replace(string(marshal(t, form)))
}

// compatible returns the value in the compatible form.
func (c corpusCell) compatible(t *testing.T, text bool) *string {
	t.Helper()
	kind, s, _ := strings.Cut(string(c), ":")
	switch kind {
	case "null":
		return nil
	case "r":
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		s = strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'f', -1, 64)), "+")
	case "b":
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		switch s = string(b); {
		case utf8.ValidString(s):
		case text:
			s = string([]rune(s)) // each byte that is no UTF-8 as U+FFFD
		default:
			s = fmt.Sprintf("X'%X'", b)
		}
	}
	return &s
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// corpusParams reads parameters in the form of the API.
func corpusParams(raw json.RawMessage) (names []string, cells []corpusCell, err error) {
	var list []json.RawMessage
	if raw[0] == '[' {
		err = json.Unmarshal(raw, &list)
		for i := range list {
			names = append(names, fmt.Sprintf("?%d", i+1))
		}
	} else {
		var named map[string]json.RawMessage
		err = json.Unmarshal(raw, &named)
		for name, v := range named {
			names, list = append(names, name), append(list, v)
		}
	}
	for _, v := range list {
		c, bad := typedCell(v)
		if bad != nil {
			return nil, nil, bad
		}
		cells = append(cells, c)
	}
	return names, cells, err
}
