package tests

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// signedIn returns a browser with the log-in of a user.
func signedIn(t *testing.T, srv *harness.Server, u *harness.User) *browser {
	t.Helper()
	b := newBrowser(t)
	base, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	b.http.Jar.SetCookies(base, []*http.Cookie{{Name: "auth", Value: u.Name + ":" + u.Token, Path: "/"}})
	return b
}

// run sends the form of the query panel; extra are more fields, in pairs.
func (b *browser) run(address, sql string, extra ...string) page {
	b.t.Helper()
	form := url.Values{"query": {sql}}
	for i := 0; i < len(extra); i += 2 {
		form.Set(extra[i], extra[i+1])
	}
	return b.do(http.MethodPost, address+"/query", form, nil)
}

// part returns the text of the element with an id, with single blanks.
func (p page) part(id string) string {
	for n := range p.doc.Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == id {
			var text strings.Builder
			for c := range n.Descendants() {
				if c.Type == html.TextNode {
					text.WriteString(c.Data + " ")
				}
			}
			return strings.Join(strings.Fields(text.String()), " ")
		}
	}
	return "nothing with the id " + id
}

func (p page) wantPart(id, want string) {
	p.b.t.Helper()
	if got := p.part(id); got != want {
		p.b.t.Errorf("%s: #%s shows\n%q, want\n%q", p.url, id, got, want)
	}
}

// The query panel works without scripts.
func TestQueryForm(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice, bob := srv.Register("alice"), srv.Register("bob")
	alice.Create("Shop.sqlite")
	alice.Exec("Shop.sqlite", "CREATE TABLE t(fname, lname); INSERT INTO t VALUES ('the first', 'the last'), ('the first2', 'the last2')")
	address := srv.URL + "/alice/Shop.sqlite"
	b := signedIn(t, srv, alice)

	t.Run("results", func(t *testing.T) { formShowsResults(t, b, address) })
	t.Run("downloads", func(t *testing.T) { formDownloads(t, b, address) })
	t.Run("U4, a download changes nothing", func(t *testing.T) { formDownloadsReadOnly(t, alice, b, address) })
	t.Run("U13, rights", func(t *testing.T) { formShowsRights(t, srv, alice, bob) })
}

func formShowsResults(t *testing.T, b *browser, address string) {
	b.t = t
	p := b.run(address, "SELECT * FROM t").want("Explore alice/Shop.sqlite") // U2
	p.wantPart("query-results", "Download CSV Download JSON fname lname the first the last the first2 the last2 2 rows")
	p.wantPart("query", "SELECT * FROM t")
	b.run(address, "SELECT 1 AS a WHERE 0").wantPart("query-results", "Download CSV Download JSON a Query executed successfully. No results returned.")
	b.run(address, "SELECT 1 AS a").wantPart("query-results", "Download CSV Download JSON a 1 1 row")
	p = b.run(address, "CREATE TABLE s(x)")
	p.wantPart("query-results", "Query executed successfully. No results returned.")
	p = b.run(address, "INSERT INTO s SELECT value FROM generate_series(1, 1203) RETURNING x")
	p.wantPart("query-status", "1203 rows changed")
	if got := p.part("query-results"); strings.Contains(got, "Download CSV") || !strings.HasSuffix(got, "500/1203 rows. Download for full dataset.") {
		t.Errorf("after a change: %s", got) // U4
	}
	if got := b.run(address, "SELECT x FROM s").part("query-results"); !strings.HasPrefix(got, "Download CSV Download JSON x 1 2 3 ") || !strings.HasSuffix(got, " 499 500 500/1203 rows. Download for full dataset.") {
		t.Errorf("a long result: %s", got)
	}
	b.run(address, "SELECT 1 AS a; CREATE TABLE IF NOT EXISTS s(x); SELECT 2 AS b").
		wantPart("query-results", "Result 1 a 1 1 row Download CSV Download JSON Result 2 b 2 1 row")

	// U12: NULL, an empty text, a number and a BLOB look different.
	p = b.run(address, "SELECT NULL, '', '7', 7, 1e21, 9007199254740993, -1e999, x'00ff', '<b>' AS \"<i>\"")
	for _, cell := range []string{`<td class="null"></td><td></td><td>7</td><td class="num">7</td><td class="num">1000000000000000000000</td><td class="num">9007199254740993</td><td class="num">-inf</td>`,
		`<td class="blob">X&#39;00FF&#39; · 2 bytes</td><td>&lt;b&gt;</td>`, `<th scope="col">&lt;i&gt;</th>`} {
		if !strings.Contains(p.body, cell) {
			t.Errorf("no %s in %s", cell, p.body)
		}
	}

	p = b.run(address, "SELECT 1;\nSELECT ä, nonsense FROM t")
	if p.status != 400 {
		t.Errorf("an error has the status %d", p.status)
	}
	p.wantPart("query-results", "Error running query no such column: ä Line 2, column 8")
	b.run(address, "SELECT 1;\nINSERT INTO s VALUES (1);\n SELECT abs(-9223372036854775808)").wantPart("query-results", "Error running query integer overflow Line 3")
	b.run(address, " \n").wantPart("query-results", "Error running query The query is empty; enter a statement, such as SELECT 1")
	// U18: an invalid field is an error in the page.
	p = b.run(address, "SELECT 1", "format", "xml")
	p.want("Explore alice/Shop.sqlite").wantPart("query-results", "Error running query The format of a result can be html, csv or json")
	if p.status != 400 {
		t.Errorf("an invalid format has the status %d", p.status)
	}
	// A reload of the address of the form runs nothing.
	b.open(address+"/query").want("Explore alice/Shop.sqlite").wantPart("query-results", "")
}

func formDownloads(t *testing.T, b *browser, address string) {
	b.t = t
	// U11: names are quoted, too, and so is a carriage return.
	const sql = `SELECT 'a,b' AS "x,y", 'say "hi"' AS "q""", 'l' || char(13) AS "new
line", NULL AS n, '' AS e, 1.50 AS r, 2 AS i, x'00ff' AS b`
	for format, want := range map[string][]string{
		"csv":  {"text/csv; charset=utf-8", "\"x,y\",\"q\"\"\",\"new\nline\",n,e,r,i,b\n\"a,b\",\"say \"\"hi\"\"\",\"l\r\",,\"\",1.5,2,X'00FF'\n"},
		"json": {"application/json", "{\n  \"fields\": [\n    \"x,y\",\n    \"q\\\"\",\n    \"new\\nline\",\n    \"n\",\n    \"e\",\n    \"r\",\n    \"i\",\n    \"b\"\n  ],\n  \"rows\": [\n    [\n      \"a,b\",\n      \"say \\\"hi\\\"\",\n      \"l\\r\",\n      null,\n      \"\",\n      \"1.5\",\n      \"2\",\n      \"X'00FF'\"\n    ]\n  ]\n}\n"},
	} {
		p := b.run(address, sql, "format", format)
		if p.body != want[1] || p.header.Get("Content-Type") != want[0] || p.header.Get("Content-Disposition") != `attachment; filename="query-result-alice-Shop.sqlite.`+format+`"` {
			t.Errorf("%s: %d %v\n%s", format, p.status, p.header, p.body)
		}
	}
	if p := b.run(address, "SELECT 1 AS a WHERE 0", "format", "json"); p.body != "{\n  \"fields\": [\n    \"a\"\n  ],\n  \"rows\": []\n}\n" {
		t.Errorf("no rows: %s", p.body)
	}
	for format, want := range map[string]string{"csv": "error,message\n\"no such table: \"\"x\"\n", "json": `{"error":"no such table: \"x"}` + "\n"} {
		if p := b.run(address, `SELECT * FROM """x"`, "format", format); p.status != 400 || p.body != want {
			t.Errorf("%s: %d %s", format, p.status, p.body)
		}
	}
	if p := b.run(address, "SELECT value, 'a long text to fill the buffers' FROM generate_series(1, 100000)", "format", "csv"); strings.Count(p.body, "\n") != 100001 {
		t.Errorf("the file has %d lines", strings.Count(p.body, "\n"))
	}
}

func formDownloadsReadOnly(t *testing.T, alice *harness.User, b *browser, address string) {
	b.t = t
	before := alice.Cell("Shop.sqlite", "SELECT count(*) FROM s")
	for _, sql := range []string{"INSERT INTO s VALUES (1) RETURNING x", "SELECT 1; INSERT INTO s VALUES (1)", "DELETE FROM s RETURNING *"} {
		p := b.run(address, sql, "format", "csv")
		if p.status != 403 || p.body != "error,message\n\"A download runs the query again, so it is only possible for queries that change nothing\"\n" {
			t.Errorf("%s: %d %s", sql, p.status, p.body)
		}
	}
	if after := alice.Cell("Shop.sqlite", "SELECT count(*) FROM s"); after != before {
		t.Errorf("downloads changed %s rows to %s", before, after)
	}
}

// A viewer without the right to query sees the reason and no form.
func formShowsRights(t *testing.T, srv *harness.Server, alice, bob *harness.User) {
	alice.Create("open.sqlite")
	alice.Exec("open.sqlite", "CREATE TABLE t(x)")
	for level, sql := range map[string]string{"fork": "", "read-only": "SELECT * FROM t"} {
		if err := alice.UpdateDatabase(t.Context(), "alice", "open.sqlite", httpapi.UpdateDatabaseRequest{PublicSharingLevel: level}); err != nil {
			t.Fatal(err)
		}
		address := srv.URL + "/alice/open.sqlite"
		anonymous, b := newBrowser(t), signedIn(t, srv, bob)
		p := anonymous.open(address).want("Explore alice/open.sqlite")
		p.wantPart("query-panel", "You do not have access to query this database Log in to query this database.")
		if !strings.Contains(p.body, `href="/log_in?next=%2Falice%2Fopen.sqlite"`) {
			t.Errorf("no link to the log-in in %s", p.body)
		}
		if p := anonymous.run(address, "SELECT 1"); p.status != 401 && p.status != 403 {
			t.Errorf("anonymous, %s: %d", level, p.status)
		}
		if level == "fork" {
			p = b.open(address).want("Explore alice/open.sqlite")
			if got := p.part("query-panel"); !strings.HasPrefix(got, "You do not have access to query this database Ask alice ") {
				t.Errorf("%s: %s", level, got)
			}
			if p := b.run(address, "SELECT 1"); p.status != 403 {
				t.Errorf("%s: %d %s", level, p.status, p.part("query-panel"))
			}
			continue
		}
		b.run(address, sql).wantPart("query-results", "Download CSV Download JSON x Query executed successfully. No results returned.")
		p = b.run(address, "INSERT INTO t VALUES (1)")
		p.wantPart("query-results", "Error running query Attempted to write to database while in read-only mode Line 1")
		if p.status != 403 {
			t.Errorf("a write of a reader: %d", p.status)
		}
		for _, hidden := range []string{`id="sharing"`, `id="snapshots"`, "#sharing", "#snapshots"} {
			if strings.Contains(p.body, hidden) {
				t.Errorf("a reader sees %s", hidden)
			}
		}
	}
}
