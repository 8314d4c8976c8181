package controlplane_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// asked is the last query that reached the node.
func (w *world) asked() nodeapi.QueryRequest {
	w.t.Helper()
	all := w.node.Queries()
	if len(all) == 0 {
		w.t.Fatal("the node was asked nothing")
	}
	return all[len(all)-1]
}

const varyAnswer = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Accept, Accept-Encoding"

// Q10: Content-Type selects the form of the body, Accept that of the answer. The
// node gets the body unread.
func TestFormsAndFormats(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	const json, ndjson, csv = "application/json", "application/x-ndjson", "text/csv; charset=utf-8"
	for _, tt := range []struct {
		contentType, accept string
		form                daemonapi.Form
		format              daemonapi.Format
		answer              string
	}{
		{"", "", daemonapi.FormSQL, daemonapi.FormatCompat, json},
		{"text/plain", "*/*", daemonapi.FormSQL, daemonapi.FormatCompat, json},
		{"text/plain", "text/csv", daemonapi.FormSQL, daemonapi.FormatCSV, csv},
		{"application/x-www-form-urlencoded", "application/jsonl", daemonapi.FormSQL, daemonapi.FormatNDJSON, ndjson},
		{"application/json", "", daemonapi.FormJSON, daemonapi.FormatJSON, json},
		{"Application/JSON; charset=UTF-8", "application/json", daemonapi.FormJSON, daemonapi.FormatJSON, json},
		{"application/json", "application/x-ndjson", daemonapi.FormJSON, daemonapi.FormatNDJSON, ndjson},
		{"application/json", "text/csv;q=0.5", daemonapi.FormJSON, daemonapi.FormatCSV, csv},
		{"application/jsonl", "", daemonapi.FormSQL, daemonapi.FormatCompat, json},
		// No statement begins as an object does, so the type may be missing or
		// be what tools send by themselves.
		{"", "", daemonapi.FormJSON, daemonapi.FormatJSON, json},
		{"application/x-www-form-urlencoded", "application/jsonl", daemonapi.FormJSON, daemonapi.FormatNDJSON, ndjson},
		{"text/plain", "text/csv", daemonapi.FormJSON, daemonapi.FormatCSV, csv},
	} {
		w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) {
			return Chunks("what it says"), nil
		}
		headers := []string{"Authorization", auth}
		if tt.contentType != "" {
			headers = append(headers, "Content-Type", tt.contentType)
		}
		if tt.accept != "" {
			headers = append(headers, "Accept", tt.accept)
		}
		body := " \n" + `{"not": "looked at`
		if tt.form == daemonapi.FormSQL {
			body = "not looked at"
		}
		got := w.do("POST", "/v1/alice/db/query", body, headers...)
		if got.status != 200 || got.body != "what it says" || got.header.Get("Content-Type") != tt.answer {
			t.Errorf("%+v: %d %s %v", tt, got.status, got.body, got.header)
		}
		if got.header.Get("Vary") != varyAnswer || got.header.Get("Cache-Control") != "no-store" || got.header.Get("ETag") != "" {
			t.Errorf("%+v: %v", tt, got.header)
		}
		if req := w.asked(); req.Kind != daemonapi.KindQuery || req.Form != tt.form || req.Format != tt.format || string(req.Body) != body ||
			req.Caller != "alice" || req.Agent != "" || req.All {
			t.Errorf("%+v: the node was asked %+v", tt, req)
		}
	}
	n := len(w.node.Queries())
	w.wantOther(w.do("POST", "/v1/alice/db/query", "SELECT 1", "Authorization", auth, "Accept", "text/html"), 406,
		"The answer can be application/json, application/x-ndjson or text/csv, but the Accept header allows none of these")
	w.wantOther(w.do("POST", "/v1/alice/db/query", "{}", "Authorization", auth, "Content-Type", "application/json; charset=utf-16"), 415,
		"The charset utf-16 is not supported for JSON; send it as UTF-8")
	if len(w.node.Queries()) != n {
		t.Error("a refused query reached the node")
	}
}

// A query may ask for less than the rights of its caller, never for more.
func TestModeOfQueries(t *testing.T) {
	w := newWorld(t)
	owner, reader := w.account("alice"), w.account("bob")
	w.mustCreate(owner, "alice/db")
	w.mustShare(owner, "alice/db", "bob", "read-only")
	for _, tt := range []struct {
		auth, params string
		mode         ayb.QueryLevel
	}{
		{owner, "", ayb.QueryReadWrite}, {owner, "?mode=read-write", ayb.QueryReadWrite}, {owner, "?mode=read-only", ayb.QueryReadOnly},
		{reader, "", ayb.QueryReadOnly}, {reader, "?mode=read-write", ayb.QueryReadOnly}, {reader, "?mode=read-only", ayb.QueryReadOnly},
	} {
		w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) { return Chunks("{}"), nil }
		w.want(w.do("POST", "/v1/alice/db/query"+tt.params, "SELECT 1", "Authorization", tt.auth), 200, "{}")
		if got := w.asked().Mode; got != tt.mode {
			t.Errorf("%s: mode %s, want %s", tt.params, got, tt.mode)
		}
	}
	n := len(w.node.Queries())
	for params, message := range map[string]string{
		"?mode=":                          "Unknown value: ; it can be read-only, read-write",
		"?mode=none":                      "Unknown value: none; it can be read-only, read-write",
		"?mod=read-only":                  "There is no parameter mod here; the parameters are mode",
		"?mode=read-only&mode=read-write": "The parameter mode is given more than once",
	} {
		w.wantOther(w.do("POST", "/v1/alice/db/query"+params, "SELECT 1", "Authorization", owner), 400, message)
	}
	if len(w.node.Queries()) != n {
		t.Error("a refused query reached the node")
	}
}

// Errors have the same shape for every form of answer, with the position in the
// SQL.
func TestTypedErrors(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	broken := errs.E(errs.SQL, "no such table: t").With("statement", "2").With("sqlite_code", "1").With("offset", "14")
	const where = `{"type":"Other","message":"no such table: t","offset":14,"sqlite_code":1,"statement":2}`
	for _, accept := range []string{"application/json", "application/x-ndjson", "text/csv"} {
		w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) { return Failure(broken), nil }
		w.want(w.do("POST", "/v1/alice/db/query", "{}", "Authorization", auth, "Content-Type", "application/json", "Accept", accept), 400, where)
	}
	// After the first byte an answer of lines ends with an error line. For other
	// forms the connection is cut.
	mega := strings.Repeat("[1]\n", 1<<18)
	for accept, whole := range map[string]bool{"application/x-ndjson": true, "text/csv": false, "application/json": false} {
		w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) {
			return Steps(Step{Chunk: []byte(mega)}, Step{Chunk: []byte("[2]\n")}, Step{Err: broken}), nil
		}
		b, err := w.raw("POST", "/v1/alice/db/query", "{}", "Authorization", auth, "Content-Type", "application/json", "Accept", accept)
		if whole != (err == nil) || whole != (string(b) == mega+"[2]\n"+`{"error":`+where+"}\n") {
			t.Errorf("%s: %v, ends with %q", accept, err, b[max(0, len(b)-100):])
		}
	}
	// S20: internal errors are answered without details, and logged.
	w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) {
		return Steps(Step{Chunk: []byte(mega)}, Step{Chunk: []byte("[2]\n")}, Step{Err: fmt.Errorf("open /srv/secret")}), nil
	}
	b, err := w.raw("POST", "/v1/alice/db/query", "{}", "Authorization", auth, "Accept", "application/jsonl")
	last := string(b[strings.LastIndex(string(b[:len(b)-1]), "\n")+1:])
	if err != nil || strings.Contains(last, "secret") || !strings.HasPrefix(last, `{"error":{"type":"Other","message":"Something went wrong`) || !strings.Contains(last, `"request_id":"`) {
		t.Errorf("%v, %s", err, last)
	}
	if !strings.Contains(w.log.String(), "/srv/secret") {
		t.Error("the failure is not logged")
	}
}

// raw makes a request and returns what arrived of the body.
func (w *world) raw(method, path, body string, headers ...string) ([]byte, error) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := w.server.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// Large answers of queries are compressed. Errors, small answers and those of other
// calls are not.
func TestAnswersAreCompressed(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	for _, tt := range []struct {
		method, path, encoding, want string
		answer                       *Answer
	}{
		{"POST", "/v1/alice/db/query", "gzip", "gzip", Chunks(strings.Repeat("x", 1<<10))},
		{"POST", "/v1/alice/db/query", "gzip, zstd", "zstd", Chunks(strings.Repeat("x", 1<<10))},
		{"POST", "/v1/alice/db/query", "gzip", "", Chunks(strings.Repeat("x", 1<<10-1))},
		{"POST", "/v1/alice/db/query", "br", "", Chunks(strings.Repeat("x", 1<<20))},
		{"POST", "/v1/alice/db/query", "gzip", "", Failure(errs.E(errs.SQL, "%s", strings.Repeat("x", 1<<20)))},
		{"GET", "/v1/alice/db/schema", "gzip", "gzip", Chunks(strings.Repeat("x", 1<<20), strings.Repeat("x", 1<<20), "")},
		{"GET", "/v1/alice/db/queries", "gzip", "gzip", Chunks(strings.Repeat("x", 1<<10))},
		{"GET", "/health", "gzip", "", nil},
	} {
		w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) { return tt.answer, nil }
		got := w.do(tt.method, tt.path, "", "Authorization", auth, "Accept-Encoding", tt.encoding)
		if got.header.Get("Content-Encoding") != tt.want {
			t.Errorf("%s with %s: %v", tt.path, tt.encoding, got.header)
		}
		if tt.want != "gzip" {
			continue
		}
		z, err := gzip.NewReader(strings.NewReader(got.body))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(z); err != nil || strings.Trim(string(b), "x") != "" {
			t.Errorf("%s: %d bytes, %v", tt.path, len(b), err)
		}
	}
	w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) {
		return Chunks(strings.Repeat("x", 1<<10)), nil
	}
	got := w.do("HEAD", "/v1/alice/db/queries", "", "Authorization", auth)
	if got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %s", got.status, got.body)
	}
}

// The schema and the running queries of a database, and the requests that reach
// the node.
func TestSchemaAndRunningQueries(t *testing.T) {
	w := newWorld(t)
	ann, bob, mia := w.account("ann"), w.account("bob"), w.account("mia")
	w.mustCreate(ann, "ann/db")
	w.mustShare(ann, "ann/db", "bob", "read-only")
	w.mustShare(ann, "ann/db", "mia", "manager")
	app := w.scopedToken("app", "ann", "db", 1)
	const agent = "a172cedcae47" // of the SHA-256 of "app"
	w.node.Answer = func(_ context.Context, r nodeapi.QueryRequest) (nodeapi.Answer, error) {
		if r.Kind == daemonapi.KindCancel {
			if string(r.Body) != "a/b" {
				return Failure(errs.RecordNotFound("query", string(r.Body))), nil
			}
			return Chunks(""), nil
		}
		return Chunks(`{"kind":`, fmt.Sprint(r.Kind), `}`), nil
	}
	for _, tt := range []struct {
		auth, caller, agent string
		mode                ayb.QueryLevel
		all                 bool
	}{
		{ann, "ann", "", ayb.QueryReadWrite, true},
		{mia, "mia", "", ayb.QueryReadWrite, true},
		{bob, "bob", "", ayb.QueryReadOnly, false},
		{app, "ann", agent, ayb.QueryReadWrite, false}, // S2: an application sees its own
	} {
		ask := func(method, path string) (answer, nodeapi.QueryRequest) {
			got := w.do(method, "/v1/ANN/db/"+path, "", "Authorization", tt.auth)
			req := w.asked()
			if req.Path.String() != "ann/db" || string(req.Caller) != tt.caller || req.Agent != tt.agent || req.Mode != tt.mode {
				t.Errorf("%s: the node was asked %+v", path, req)
			}
			return got, req
		}
		got, req := ask("GET", "schema")
		w.want(got, 200, `{"kind":1}`)
		if req.Kind != daemonapi.KindSchema || got.header.Get("Vary") != varyAnswer {
			t.Errorf("%+v %v", req, got.header)
		}
		got, req = ask("GET", "queries")
		w.want(got, 200, `{"kind":2}`)
		if req.Kind != daemonapi.KindRunning || req.All != tt.all {
			t.Errorf("%s: %+v", tt.caller, req)
		}
		got, req = ask("DELETE", "queries/a%2Fb")
		w.want(got, 200, `{}`)
		if req.Kind != daemonapi.KindCancel || req.All != tt.all || string(req.Body) != "a/b" {
			t.Errorf("%s: %+v", tt.caller, req)
		}
		got, _ = ask("DELETE", "queries/x")
		w.want(got, 404, `{"type":"RecordNotFound","id":"x","record_type":"query"}`)
	}
	w.want(w.do("GET", "/v1/ann/db/schema", ""), 401, `{"type":"Unauthorized","message":"This call needs an API token: send the header `+"`Authorization: Bearer <token>`"+`"}`)
}

// S22: a caller who may not query a database gets the same answers as for a missing
// one. S2: so does an application with a token for another database.
func TestNobodyElseAsksADatabase(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/there")
	w.mustCreate(ann, "ann/app")
	app := w.scopedToken("app", "ann", "app", 1)
	for _, call := range []struct{ method, path string }{{"POST", "query"}, {"GET", "schema"}, {"GET", "queries"}, {"DELETE", "queries/1"}} {
		for _, path := range []string{"ann/there", "ann/missing", "nobody/missing"} {
			w.wantOther(w.do(call.method, "/v1/"+path+"/"+call.path, "", "Authorization", bob), 403, "Authenticated entity bob can't query database "+path)
			w.wantOther(w.do(call.method, "/v1/"+path+"/"+call.path, "", "Authorization", app), 403, "Authenticated entity ann can't query database "+path)
		}
		w.want(w.do(call.method, "/v1/ann/missing/"+call.path, "", "Authorization", ann), 404, `{"type":"RecordNotFound","id":"ann/missing","record_type":"database"}`)
	}
	if n := len(w.node.Queries()); n != 0 {
		t.Errorf("%d refused requests reached the node", n)
	}
}

// An account whose query quota is used up can list its queries and cancel one.
func TestFullAccountCanCancel(t *testing.T) {
	w := newWorld(t, func(c *config) { c.QueriesPerAccount = 1 })
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	asked, release := make(chan struct{}), make(chan struct{})
	w.node.Answer = func(_ context.Context, r nodeapi.QueryRequest) (nodeapi.Answer, error) {
		switch r.Kind {
		case daemonapi.KindQuery:
			close(asked)
			return Steps(Step{Wait: release, Chunk: []byte("done"), Last: true}), nil
		default:
			return Chunks("{}"), nil
		}
	}
	got := make(chan answer, 1)
	go func() { got <- w.query(auth, "alice/db", "x") }()
	waitFor(t, asked)
	if s := w.do("GET", "/v1/alice/db/schema", "", "Authorization", auth); s.status != 503 {
		t.Errorf("the schema takes no place: %d %s", s.status, s.body)
	}
	w.want(w.do("GET", "/v1/alice/db/queries", "", "Authorization", auth), 200, `{}`)
	w.want(w.do("DELETE", "/v1/alice/db/queries/1", "", "Authorization", auth), 200, `{}`)
	close(release)
	w.want(<-got, 200, "done")
}
