package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/tests/harness"
)

const jsonKind = "application/json"

// The server's OpenAPI document is true: each operation in it is tried with
// success and without, and the answers are as described.
func TestOpenAPI(t *testing.T) {
	s3 := harness.StartS3(t)
	srv := harness.Start(t, harness.AllInOne, harness.WithSnapshots(s3.Bucket("bucket"), "", 0))
	d := newDocumented(t, srv)
	d.ok(call{operation: "GET /health"}, 200)
	d.ok(call{operation: "GET /v1/openapi.json"}, 200)
	d.ok(call{operation: "GET /.well-known/oauth-authorization-server"}, 200)
	alice := d.account("alice")
	bob := d.account("bob")
	d.databases(alice, bob)
	d.queries(alice, bob)
	d.typed(alice, bob)
	d.transfers(alice, bob)
	d.snapshots(alice, bob)
	d.places(alice, bob)
	d.tokens(alice, bob)
	d.applications(alice)
	d.profiles(alice, bob)
	d.complete()
}

// ok makes a request that must have this status.
func (d *documented) ok(c call, status int) string {
	d.t.Helper()
	got, body := d.do(c)
	if got != status {
		d.t.Errorf("%s %v: %d %s, want %d", c.operation, c.values, got, body, status)
	}
	return body
}

// account registers an account, logs in, and returns the newest token.
func (d *documented) account(name string) string {
	d.t.Helper()
	d.ok(call{operation: "POST /v1/register", kind: jsonKind, body: `{"entity":"` + name + `"}`}, 400)
	d.ok(call{operation: "POST /v1/register", kind: jsonKind, body: `{"entity":"` + name + `","email_address":"` + harness.Address(name) + `","entity_type":"user"}`}, 200)
	mailed := func(n int) string {
		var tokens []string
		harness.Until(d.t, "the mail to "+name, func() bool {
			tokens = d.w.MailedTokens(harness.Address(name))
			return len(tokens) == n
		})
		return tokens[n-1]
	}
	confirmed := d.ok(call{operation: "POST /v1/confirm", headers: []string{"authentication-token", mailed(1)}}, 200)
	d.ok(call{operation: "POST /v1/confirm", kind: jsonKind, body: `{"authentication_token":"nonsense"}`}, 400)
	d.ok(call{operation: "POST /v1/log_in"}, 400)
	d.ok(call{operation: "POST /v1/log_in", kind: jsonKind, body: `{"entity":"` + name + `"}`}, 200)
	mailed(2)
	return field(d.t, confirmed, "token")
}

func (d *documented) databases(alice, bob string) {
	d.t.Helper()
	for _, name := range []string{"shop.sqlite", "open.sqlite"} {
		at := []string{"alice", name}
		d.ok(call{operation: "POST /v1/{entity}/{database}/create", values: at, token: alice, kind: jsonKind, body: `{"db_type":"sqlite"}`}, 201)
		d.ok(call{operation: "POST /v1/{entity}/{database}/create", values: at, token: alice, headers: []string{"db-type", "sqlite"}}, 409)
		d.ok(call{operation: "POST /v1/{entity}/{database}/create", values: at, headers: []string{"db-type", "sqlite"}}, 401)
	}
	shop, open := []string{"alice", "shop.sqlite"}, []string{"alice", "open.sqlite"}
	d.ok(call{operation: "PATCH /v1/{entity}/{database}/update", values: open, token: alice, kind: jsonKind, body: `{"public_sharing_level":"read-only"}`}, 200)
	d.ok(call{operation: "PATCH /v1/{entity}/{database}/update", values: open, token: alice}, 400)
	d.ok(call{operation: "PATCH /v1/{entity}/{database}/update", values: open, token: bob, headers: []string{"public-sharing-level", "fork"}}, 403)
	d.ok(call{operation: "POST /v1/{entity}/{database}/share", values: shop, token: alice, kind: jsonKind, body: `{"entity_for_permission":"bob","sharing_level":"read-only"}`}, 204)
	d.ok(call{operation: "POST /v1/{entity}/{database}/share", values: shop, token: alice, kind: jsonKind, body: `{"entity_for_permission":"alice","sharing_level":"read-only"}`}, 400)
	d.ok(call{operation: "GET /v1/{entity}/{database}/permissions", values: shop, token: alice}, 200)
	d.ok(call{operation: "GET /v1/{entity}/{database}/permissions", values: shop, token: bob}, 403)
	for token, status := range map[string]int{alice: 200, bob: 200, "": 401} {
		d.ok(call{operation: "GET /v1/{entity}/{database}/details", values: shop, token: token}, status)
	}
	d.ok(call{operation: "GET /v1/{entity}/{database}/usage", values: shop, token: alice}, 200)
	d.ok(call{operation: "GET /v1/{entity}/{database}/usage", values: shop, token: bob}, 403)
	d.ok(call{operation: "GET /v1/{entity}/{database}/details", values: open}, 200)
	d.ok(call{operation: "GET /v1/{entity}/{database}/details", values: []string{"alice", "missing"}, token: alice}, 404)
}

// queries tries SQL as text, details of a database, and running queries.
func (d *documented) queries(alice, bob string) {
	d.t.Helper()
	shop := []string{"alice", "shop.sqlite"}
	sql := func(token, text string, status int, headers ...string) string {
		d.t.Helper()
		return d.ok(call{operation: "POST /v1/{entity}/{database}/query", values: shop, token: token, kind: "text/plain", body: text, headers: headers}, status)
	}
	sql(alice, `CREATE TABLE tea (name TEXT PRIMARY KEY, price REAL DEFAULT 1.5 NOT NULL, cheap INT AS (price < 5), leaf BLOB) STRICT, WITHOUT ROWID;
		CREATE TABLE sold (id INTEGER PRIMARY KEY, tea TEXT REFERENCES tea(name) ON DELETE CASCADE, day DATE, UNIQUE (tea, day));
		CREATE INDEX by_day ON sold(day, lower(tea)) WHERE day > '2020'; CREATE VIEW days AS SELECT day FROM sold;
		CREATE VIRTUAL TABLE words USING fts5(text); CREATE VIEW broken AS SELECT * FROM nowhere`, 200)
	sql(alice, "INSERT INTO tea(name, price, leaf) VALUES ('Assam', 4.5, x'00ff'), ('Sencha', 9e999, NULL)", 200)
	for _, accept := range []string{"application/json", "application/x-ndjson", "text/csv"} {
		sql(alice, "SELECT *, 9007199254740993 FROM tea", 200, "Accept", accept)
		sql(alice, "SELECT * FROM nowhere", 400, "Accept", accept)
	}
	sql(alice, "SELECT 1", 406, "Accept", "image/png")
	sql(bob, "DELETE FROM tea", 403)
	sql("", "SELECT 1", 401)
	sql(alice, strings.Repeat(" ", 17<<20), 413)
	d.ok(call{operation: "POST /v1/{entity}/{database}/query", values: shop, token: alice, kind: "text/plain; charset=koi8-r", body: "SELECT 1"}, 415)
	d.ok(call{operation: "GET /v1/{entity}/{database}/schema", values: shop, token: bob}, 200)
	d.ok(call{operation: "GET /v1/{entity}/{database}/schema", values: []string{"bob", "missing"}, token: alice}, 403)
	d.ok(call{operation: "GET /v1/{entity}/{database}/queries", values: shop}, 401)
	d.cancels(alice, bob)
	d.cancelsImport(alice)
}

// cancels starts a query, finds it and cancels it.
func (d *documented) cancels(alice, bob string) {
	d.t.Helper()
	shop := []string{"alice", "shop.sqlite"}
	ended := make(chan string, 1)
	client := newDocumented(d.t, d.w) // schemas are compiled by one goroutine
	go func() {
		ended <- client.ok(call{operation: "POST /v1/{entity}/{database}/query", values: shop, token: alice, kind: "text/plain",
			body: "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"}, 408)
	}()
	id := ""
	harness.Until(d.t, "the query to run", func() bool {
		list := d.ok(call{operation: "GET /v1/{entity}/{database}/queries", values: shop, token: alice}, 200)
		if _, rest, ok := strings.Cut(list, `"id":"`); ok {
			id, _, _ = strings.Cut(rest, `"`)
		}
		return id != ""
	})
	d.ok(call{operation: "DELETE /v1/{entity}/{database}/queries/{id}", values: append(shop[:2:2], id), token: bob}, 404)
	d.ok(call{operation: "DELETE /v1/{entity}/{database}/queries/{id}", values: append(shop[:2:2], id), token: alice}, 200)
	<-ended
}

// cancelsImport begins the import of a new database, finds it and cancels it.
func (d *documented) cancelsImport(alice string) {
	d.t.Helper()
	made := []string{"alice", "made.sqlite"}
	importing := beginImport(d.t, d.w, &harness.User{Token: alice}, "alice/made.sqlite", "format=sqlite", "SQLite format 3\x00"+strings.Repeat("\x00", 100_000))
	id := ""
	harness.Until(d.t, "the import to be listed", func() bool {
		_, list := d.do(call{operation: "GET /v1/{entity}/{database}/queries", values: made, token: alice}) // not listed before it begins
		if _, rest, ok := strings.Cut(list, `"id":"`); ok && strings.Contains(list, `"sql":"-- import of a new database"`) {
			id, _, _ = strings.Cut(rest, `"`)
		}
		return id != ""
	})
	d.ok(call{operation: "DELETE /v1/{entity}/{database}/queries/{id}", values: append(made[:2:2], id), token: alice}, 200)
	if got := <-importing.answer; got.status != http.StatusRequestTimeout {
		d.t.Errorf("the import that was stopped: %d %s", got.status, got.body)
	}
	d.ok(call{operation: "GET /v1/{entity}/{database}/queries", values: made, token: alice}, 404)
}

// typed tries the typed form of a query.
func (d *documented) typed(alice, bob string) {
	d.t.Helper()
	const all = `[null,true,1,-1.5,"é",{"base64":"AP8="},{"integer":"9223372036854775807"},{"real":"-Infinity"}]`
	for body, status := range map[string]int{
		`{"sql":"SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8","params":` + all + `}`:                                                          200,
		`{"sql":"SELECT :a AS a","params":{"a":9007199254740993},"max_rows":1,"timeout_ms":5000}`:                                       200,
		`{"sql":"SELECT 1; SELECT 2; CREATE TABLE IF NOT EXISTS x(y)"}`:                                                                 200,
		`{"statements":[{"sql":"INSERT INTO sold(day) VALUES (?) RETURNING id","params":["2026-03-01"]},{"sql":"SELECT * FROM sold"}]}`: 200,
		`{"statements":[{"sql":"SELECT 1"},{"sql":"SELECT * FROM nowhere"}]}`:                                                           400,
		`{"sql":"SELECT ?","params":[]}`:    400,
		`{"sql":"SELECT ?","params":[1,2]}`: 400,
		`{"sql":1}`:                         400, `{`: 400,
	} {
		for _, accept := range []string{"*/*", "application/x-ndjson", "text/csv"} {
			d.ok(call{operation: "POST /v1/{entity}/{database}/query", values: []string{"alice", "shop.sqlite"}, token: alice, kind: jsonKind, body: body, headers: []string{"Accept", accept}}, status)
		}
	}
	for _, accept := range []string{"*/*", "application/x-ndjson"} {
		d.ok(call{operation: "POST /v1/{entity}/{database}/query", values: []string{"alice", "shop.sqlite"}, token: alice, kind: jsonKind, headers: []string{"Accept", accept},
			body: `{"statements":[{"sql":"SELECT * FROM nowhere"},{"sql":"SELECT x'00'"}],"atomic":false}`}, 200)
	}
	// CSV cannot have the error of a single statement.
	d.ok(call{operation: "POST /v1/{entity}/{database}/query", values: []string{"alice", "shop.sqlite"}, token: alice, kind: jsonKind, headers: []string{"Accept", "text/csv"},
		body: `{"statements":[{"sql":"SELECT * FROM nowhere"},{"sql":"SELECT 1"}],"atomic":false}`}, 400)
	d.ok(call{operation: "POST /v1/{entity}/{database}/query", values: []string{"alice", "shop.sqlite"}, token: bob, kind: jsonKind, body: `{"sql":"DROP TABLE tea"}`}, 403)
}

func (d *documented) tokens(alice, bob string) {
	d.t.Helper()
	made := d.ok(call{operation: "POST /v1/tokens", token: alice, kind: jsonKind, body: `{"database":"alice/shop.sqlite","level":"read-only","expires_in":3600,"name":"page"}`}, 201)
	d.ok(call{operation: "POST /v1/tokens", token: alice, kind: jsonKind, body: `{"level":"read-only"}`}, 400)
	d.ok(call{operation: "GET /v1/tokens", token: alice}, 200)
	d.ok(call{operation: "GET /v1/tokens", token: field(d.t, made, "token")}, 403)
	d.ok(call{operation: "DELETE /v1/tokens/{short_token}", values: []string{field(d.t, made, "short_token")}, token: bob}, 404)
	d.ok(call{operation: "DELETE /v1/tokens/{short_token}", values: []string{field(d.t, made, "short_token")}, token: alice}, 200)
}

// applications tries the operations for OAuth applications.
func (d *documented) applications(alice string) {
	d.t.Helper()
	b := newBrowser(d.t)
	b.logIn(d.w, "alice")
	app := newApplication(d.t, d.w, "read-only")
	form := url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {app.config.RedirectURL}, "code_verifier": {app.verifier}}
	const kind = "application/x-www-form-urlencoded"
	form.Set("code", "nonsense")
	d.ok(call{operation: "POST /v1/oauth/token", kind: kind, body: form.Encode()}, 400)
	form.Set("code", app.code(d.t, b, "alice/shop.sqlite"))
	token := field(d.t, d.ok(call{operation: "POST /v1/oauth/token", kind: kind, body: form.Encode()}, 200), "access_token")
	d.ok(call{operation: "GET /v1/tokens", token: alice}, 200) // with the application's
	d.ok(call{operation: "POST /v1/oauth/revoke", kind: kind}, 400)
	d.ok(call{operation: "POST /v1/oauth/revoke", kind: jsonKind, body: fmt.Sprintf(`{"token":%q}`, token)}, 200)
}

func (d *documented) profiles(alice, bob string) {
	d.t.Helper()
	at := []string{"alice"}
	d.ok(call{operation: "PATCH /v1/entity/{entity}", values: at, token: alice, kind: jsonKind,
		body: `{"display_name":"Alice","location":null,"links":[{"url":"https://alice.example/"}]}`}, 200)
	d.ok(call{operation: "PATCH /v1/entity/{entity}", values: at, token: bob, kind: jsonKind, body: `{"display_name":"Eve"}`}, 403)
	for _, token := range []string{alice, bob, ""} {
		d.ok(call{operation: "GET /v1/entity/{entity}", values: at, token: token}, http.StatusOK)
	}
	d.ok(call{operation: "GET /v1/entity/{entity}", values: []string{"nobody"}}, 404)
	d.ok(call{operation: "DELETE /v1/entity/{entity}", values: at, token: bob}, 403)
	d.ok(call{operation: "DELETE /v1/entity/{entity}", values: []string{"bob"}, token: bob}, 200)
}
