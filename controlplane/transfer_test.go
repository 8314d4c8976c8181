package controlplane_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func path(entity, database string) ayb.DatabasePath {
	return ayb.DatabasePath{Entity: ayb.EntitySlug(entity), Database: ayb.DatabaseSlug(database)}
}

// bring imports a body with the parameters of a URL.
func (w *world) bring(auth, db, params, body string, headers ...string) answer {
	w.t.Helper()
	return w.do("POST", "/v1/"+db+"/import?"+params, body, append(headers, "Authorization", auth)...)
}

func (w *world) lastImport() nodeapi.QueryRequest {
	w.t.Helper()
	w.node.disks.mu.Lock()
	defer w.node.disks.mu.Unlock()
	if len(w.node.imports) == 0 {
		w.t.Fatal("nothing was imported")
	}
	return w.node.imports[len(w.node.imports)-1]
}

func TestImportTables(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/d")
	got := w.bring(ann, "ANN/d", "format=csv&table=t&mode=append&on_error=skip&dry_run=yes&header=0&delimiter=%3B&quote='&encoding=latin-1&null=%5CN", "1;2\n")
	if got.status != 200 || !strings.Contains(got.body, `"bytes":4`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	r := w.lastImport()
	if r.Kind != daemonapi.KindImport || r.Mode != ayb.QueryReadWrite || r.Caller != "ann" || r.Version != "" || r.Path != path("ann", "d") ||
		string(r.Options) != `{"format":"csv","table":"t","mode":"append","on_error":"skip","dry_run":true,"header":"no","delimiter":";","quote":"'","encoding":"latin-1","null":"\\N"}` {
		t.Errorf("asked %+v, %s", r, r.Options)
	}
	got = w.bring(ann, "ann/d", "format=csv&table=t&quote=&escape=%5C&comment=%23&skip_lines=2&trim=yes&types=a%3DINTEGER,b%3DTEXT&null=-&null=", "1;2\n")
	if r = w.lastImport(); got.status != 200 ||
		string(r.Options) != `{"format":"csv","table":"t","mode":"create","quote":"none","escape":"\\","comment":"#","skip_lines":2,"trim":true,"types":{"a":"INTEGER","b":"TEXT"},"nulls":["-",""]}` {
		t.Errorf("%d, asked %s", got.status, r.Options)
	}
	for params, message := range map[string]string{
		"":                          "An import can be of the format sqlite, sql, csv, tsv, json or ndjson",
		"format=xls":                "An import can be of the format sqlite, sql, csv, tsv, json or ndjson",
		"format=csv&mode=merge":     "The mode of an import can be create, append or replace",
		"format=csv&on_error=x":     "The parameter on_error can be stop or skip",
		"format=csv&dry_run=x":      "The parameter dry_run can be yes or no",
		"format=csv&format=json":    "The parameter format is given more than once",
		"format=csv&mod=replace":    "There is no parameter mod here; the parameters are format, table, mode, on_error, dry_run, header, delimiter, quote, escape, comment, skip_lines, trim, types, encoding, null, public_sharing_level",
		"format=csv&skip_lines=-1":  "The parameter skip_lines must be a number of lines, 0 or more",
		"format=csv&types=a":        "The parameter types must be a list such as id=INTEGER,price=REAL, or a JSON object of the same",
		"format=csv&trim=some":      "The parameter trim can be yes or no",
		"format=%zz":                "The parameters in the URL can't be read",
		"format=sqlite&mode=append": "A database file makes a new database or replaces one; it can't be appended",
	} {
		w.wantOther(w.bring(ann, "ann/d", params, "x"), 400, message)
	}
	if got := w.bring(ann, "ann/d", "format=csv&null="+strings.Repeat("n", 20<<10), "x"); got.status != 413 {
		t.Errorf("long options: %d %s", got.status, got.body)
	}
	w.wantOther(w.bring(ann, "ann/d", "format=sql", "bad"), 400, "It is not a database")
	w.want(w.bring(ann, "ann/missing", "format=sql", "x"), 404, `{"type":"RecordNotFound","id":"ann/missing","record_type":"database"}`)
}

// A compressed body of any size is unpacked as it arrives, and a body that was cut
// off is refused.
func TestImportBodies(t *testing.T) {
	w := newWorld(t, func(c *config) { c.RequestBytes = 1024 })
	ann := w.account("ann")
	w.mustCreate(ann, "ann/d")
	text := strings.Repeat("a line of text\n", 100_000) // more than a request may have, and a piece
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.WriteString(z, text); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	taken := func() string {
		t.Helper()
		data, _ := w.node.data(path("ann", "d"))
		w.node.write(path("ann", "d"), "")
		return data
	}
	for name, got := range map[string]answer{
		"plain": w.bring(ann, "ann/d", "format=csv&table=t", text),
		"empty": w.bring(ann, "ann/d", "format=csv&table=t", ""),
	} {
		if got.status != 200 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := taken(); got != text {
		t.Errorf("%d bytes came", len(got))
	}
	if got := w.bring(ann, "ann/d", "format=csv&table=t", packed.String(), "Content-Encoding", "gzip"); got.status != 200 || taken() != text {
		t.Errorf("compressed: %d %s", got.status, got.body)
	}
	for name, body := range map[string]string{
		"cut":      packed.String()[:packed.Len()-10],
		"not gzip": "some text that is not compressed",
		"more":     packed.String() + "and more",
	} {
		w.wantOther(w.bring(ann, "ann/d", "format=csv&table=t", body, "Content-Encoding", "gzip"), 400, map[string]string{
			"cut": "The request body is broken or incomplete", "more": "The request body is broken or incomplete", "not gzip": "The request body is not valid gzip"}[name])
	}
	if got := w.bring(ann, "ann/d", "format=csv&table=t", "x", "Content-Encoding", "br"); got.status != 415 {
		t.Errorf("brotli: %d %s", got.status, got.body)
	}
	// A connection that is cut before the announced length.
	b := w.begin(t, "POST", "/v1/ann/d/import?format=csv&table=t", text, ann)
	b.body = text[:1000]
	if _, err := io.WriteString(b.conn, b.body); err != nil {
		t.Fatal(err)
	}
	if err := b.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if got := taken(); got != "" {
		t.Errorf("%d bytes of broken bodies were taken", len(got))
	}
}

// S16: a token that is revoked during an upload is refused at its end.
func TestImportWithARevokedTokenS16(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/d")
	made := w.mint(ann, `{}`)
	var all []begun
	for _, params := range []string{"format=csv&table=t", "format=sqlite&mode=replace"} {
		all = append(all, w.begin(t, "POST", "/v1/ann/d/import?"+params, "some data", "Bearer "+made.Token))
	}
	all = append(all, w.begin(t, "POST", "/v1/ann/new/import?format=sqlite", "some data", "Bearer "+made.Token))
	w.want(w.do("DELETE", "/v1/tokens/"+made.ShortToken, "", "Authorization", ann), 200, `{}`)
	for _, b := range all {
		w.want(b.end(), 401, `{"type":"InvalidToken","message":"API token has been revoked"}`)
	}
	if data, _ := w.node.data(path("ann", "d")); data != "" {
		t.Errorf("it has %q", data)
	}
	if got := w.do("GET", "/v1/ann/new/details", "", "Authorization", ann); got.status != 404 {
		t.Errorf("made: %d %s", got.status, got.body)
	}
}

// Rights are checked again after the upload, before data is kept: a grant that was
// revoked or lowered meanwhile does not suffice.
func TestImportWithoutRightsAnyMore(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/d")
	share := func(level string) {
		t.Helper()
		w.want(w.do("POST", "/v1/ann/d/share", "", "Authorization", ann, "entity-for-permission", "bob", "sharing-level", level), 204, "")
	}
	for _, c := range []struct{ params, before, after, refusal string }{
		{"format=csv&table=t", "read-write", "no-access", "Authenticated entity bob can't import into database ann/d"},
		{"format=csv&table=t", "manager", "read-only", "Attempted to write to database while in read-only mode"},
		{"format=sqlite&mode=replace", "manager", "read-write", "Authenticated entity bob can't replace database ann/d"},
		{"format=sqlite&mode=replace", "manager", "no-access", "Authenticated entity bob can't replace database ann/d"},
	} {
		share(c.before)
		b := w.begin(t, "POST", "/v1/ann/d/import?"+c.params, "some data", bob)
		share(c.after)
		if got := b.end(); got.status != 403 || !strings.Contains(got.body, c.refusal) {
			t.Errorf("%s by a former %s who is %s: %d %s", c.params, c.before, c.after, got.status, got.body)
		}
	}
	if data, _ := w.node.data(path("ann", "d")); data != "" {
		t.Errorf("it has %q", data)
	}
	share("manager")
	if got := w.begin(t, "POST", "/v1/ann/d/import?format=sqlite&mode=replace", "some data", bob).end(); got.status != 200 {
		t.Errorf("by a manager: %d %s", got.status, got.body)
	}
}

func TestImportWholeDatabases(t *testing.T) {
	w := newWorld(t, func(c *config) { c.DatabasesPerAccount = 2 })
	ann, bob := w.account("ann"), w.account("bob")
	if got := w.bring(ann, "ann/d", "format=sqlite&public_sharing_level=read-only", "a state"); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if r := w.lastImport(); r.Version == "" || string(r.Options) != `{"format":"sqlite","mode":"create"}` {
		t.Errorf("asked %+v", r)
	}
	if got := w.do("GET", "/v1/ann/d/details", "", "Authorization", bob); !strings.Contains(got.body, `"public_sharing_level":"read-only"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.wantOther(w.bring(ann, "ann/d", "format=sqlite", "another"), 409, "Database already exists")
	w.wantOther(w.bring(bob, "ann/e", "format=sqlite", "another"), 403, "Authenticated entity bob can't create a database for entity ann")
	w.wantOther(w.bring(bob, "ann/d", "format=sqlite&mode=replace", "another"), 403, "Authenticated entity bob can't replace database ann/d")
	w.wantOther(w.bring(ann, "ann/d", "format=sqlite&mode=replace", "bad"), 400, "It is not a database")
	for range 3 { // nothing of a try is in the way of the next
		w.wantOther(w.bring(ann, "ann/e", "format=sqlite", "bad"), 400, "It is not a database")
	}
	if got := w.bring(ann, "ann/d", "format=sqlite&mode=replace&dry_run=1", "checked"); got.status != 200 || !strings.Contains(got.body, `"dry_run":true`) {
		t.Errorf("dry: %d %s", got.status, got.body)
	}
	for range 3 {
		if got := w.bring(ann, "ann/f", "format=sqlite&dry_run=1", "checked"); got.status != 200 {
			t.Errorf("dry: %d %s", got.status, got.body)
		}
	}
	if data, _ := w.node.data(path("ann", "d")); data != "a state" {
		t.Errorf("it has %q", data)
	}
	if got := w.bring(ann, "ann/d", "format=sqlite&mode=replace", "the next"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if data, _ := w.node.data(path("ann", "d")); data != "the next" {
		t.Errorf("it has %q", data)
	}
	if n := len(w.node.homes[path("ann", "d")].versions); n != 1 {
		t.Errorf("%d versions stay", n)
	}
	w.mustCreate(ann, "ann/g")
	if got := w.bring(ann, "ann/h", "format=sqlite", "x"); got.status != 403 || !strings.Contains(got.body, "ann has 2 databases and may have 2") {
		t.Errorf("one too many: %d %s", got.status, got.body)
	}
}

func TestExport(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/shop.sqlite")
	w.node.write(path("ann", "shop.sqlite"), "what there is")
	out := func(params string, headers ...string) answer {
		t.Helper()
		return w.do("GET", "/v1/ann/shop.sqlite/export?"+params, "", append(headers, "Authorization", ann)...)
	}
	for params, want := range map[string][2]string{
		"":                                {"application/vnd.sqlite3", "shop.sqlite"},
		"format=sql":                      {"application/sql", "shop.sql"},
		"format=csv&table=a%20%22b/../..": {"text/csv; charset=utf-8", "shop-a__b______.csv"},
		"format=json&query=SELECT%201":    {"application/json", "shop.json"},
		"format=ndjson&table=x":           {"application/x-ndjson", "shop-x.ndjson"},
	} {
		got := out(params)
		if got.status != 200 || got.body != "what there is" || got.header.Get("Content-Type") != want[0] || got.header.Get("Content-Disposition") != `attachment; filename="`+want[1]+`"` {
			t.Errorf("%s: %d %q %v", params, got.status, got.body, got.header)
		}
	}
	asked := w.node.Queries()
	i := slices.IndexFunc(asked, func(r nodeapi.QueryRequest) bool { return len(r.Body) > 0 })
	if r := asked[i]; r.Kind != daemonapi.KindExport || r.Mode != ayb.QueryReadOnly || string(r.Body) != "SELECT 1" || string(r.Options) != `{"format":"json","remarks":true}` {
		t.Errorf("asked %+v", r)
	}
	for params, message := range map[string]string{
		"format=tsv":                 "An export can be in the format sqlite, sql, csv, json or ndjson",
		"format=csv&table=t&query=x": "An export is of a table or of a query, not of both",
		"format=csv&limit=5":         "There is no parameter limit here; the parameters are format, table, query",
	} {
		w.wantOther(out(params), 400, message)
	}
	if got := w.do("HEAD", "/v1/ann/shop.sqlite/export", "", "Authorization", ann); got.status != 200 || got.header.Get("Content-Disposition") == "" || got.body != "" {
		t.Errorf("%d %v", got.status, got.header)
	}
	// An error before the first byte is an error answer. Later the connection is
	// cut.
	w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) {
		return Failure(errs.E(errs.SQL, "no such table: x")), nil
	}
	if got := out("format=csv&table=x"); got.status != 400 || got.header.Get("Content-Disposition") != "" {
		t.Errorf("%d %v", got.status, got.header)
	}
	w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) {
		return Steps(Step{Chunk: bytes.Repeat([]byte("x"), 2<<20)}, Step{Chunk: []byte("y")}, Step{Err: errs.E(errs.Engine, "it died")}), nil
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/v1/ann/shop.sqlite/export", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", ann)
	resp, err := w.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err == nil || resp.StatusCode != 200 {
		t.Errorf("%d bytes of a broken export look whole", n)
	}
}

// paused is a connection that records its deadlines and whose client sends piece by
// piece.
type paused struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (p *paused) SetReadDeadline(t time.Time) error {
	p.deadlines = append(p.deadlines, t)
	return nil
}

// Each piece of an import has its own deadline of a minute. After the last piece
// there is no deadline, because the work begins there.
func TestImportTakesItsTime(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/d")
	body := io.MultiReader(strings.NewReader("one"), strings.NewReader("two"), strings.NewReader("three"))
	req := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/ann/d/import?format=csv&table=t", io.NopCloser(body))
	req.Header.Set("Authorization", ann)
	conn := &paused{ResponseRecorder: httptest.NewRecorder()}
	w.cp.Handler().ServeHTTP(conn, req)
	if conn.Code != 200 || len(conn.deadlines) < 5 {
		t.Fatalf("%d %s, deadlines %v", conn.Code, conn.Body, conn.deadlines)
	}
	last := len(conn.deadlines) - 1
	for _, d := range conn.deadlines[1:last] {
		if left := time.Until(d); left > time.Minute || left < 30*time.Second {
			t.Errorf("a piece has %v", left)
		}
	}
	if !conn.deadlines[last].IsZero() {
		t.Errorf("the work has until %v", conn.deadlines[last])
	}
}
