package tests

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// upload sends the form for imports with a file, as a browser without scripts does.
func (p page) upload(path, name, content string, fields ...string) page {
	p.b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		if err := form.WriteField(fields[i], fields[i+1]); err != nil {
			p.b.t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		p.b.t.Fatal(err)
	}
	_, _ = part.Write([]byte(content)) // a Buffer always succeeds
	if err := form.Close(); err != nil {
		p.b.t.Fatal(err)
	}
	action, err := p.url.Parse(path)
	if err != nil {
		p.b.t.Fatal(err)
	}
	return p.b.send(http.MethodPost, action.String(), &body, http.Header{
		"Content-Type": {form.FormDataContentType()}, "Origin": {action.Scheme + "://" + action.Host}, "Sec-Fetch-Site": {"same-origin"},
	})
}

// says fails the test unless the page has the status and contains the texts.
func (p page) says(status int, texts ...string) page {
	p.b.t.Helper()
	if p.status != status {
		p.b.t.Errorf("%s: %d, want %d\n%s", p.url, p.status, status, p.text())
	}
	for _, text := range texts {
		if !strings.Contains(p.text(), text) {
			p.b.t.Errorf("%s: no %q in:\n%s", p.url, text, p.text())
		}
	}
	return p
}

// hides fails the test if the page contains one of the texts.
func (p page) hides(texts ...string) page {
	p.b.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.body, text) {
			p.b.t.Errorf("%s shows %q", p.url, text)
		}
	}
	return p
}

// text is the visible text of the page, with single blanks.
func (p page) text() string {
	var words []string
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			words = append(words, strings.Fields(n.Data)...)
		}
		for c := range n.ChildNodes() {
			if c.Data != "template" && c.Data != "script" {
				walk(c)
			}
		}
	}
	walk(p.doc)
	return strings.Join(words, " ")
}

// manageServer is a server with alice, who owns Shop.sqlite, bob, who may read it,
// and mallory, who may not see it.
type manageServer struct {
	*harness.Server
	alice, bob *harness.User
	base       string // the address of Shop.sqlite
}

func startManage(t *testing.T, setting harness.Setting, opts ...harness.Option) manageServer {
	t.Helper()
	srv := setting.Start(t, opts...)
	m := manageServer{srv, srv.Register("alice"), srv.Register("bob"), srv.URL + "/alice/Shop.sqlite"}
	srv.Register("mallory")
	m.alice.Create("Shop.sqlite")
	m.alice.Exec("Shop.sqlite", "CREATE TABLE tea(name TEXT, price REAL); INSERT INTO tea VALUES ('Assam', 4.5), ('Sencha', 6.25)")
	if err := m.alice.Share(t.Context(), "alice", "Shop.sqlite", httpapi.ShareRequest{EntityForPermission: "bob", SharingLevel: "read-only"}); err != nil {
		t.Fatal(err)
	}
	return m
}

// inSettings runs a test in each topology and with each metadata store.
func inSettings(t *testing.T, test func(t *testing.T, setting harness.Setting)) {
	t.Helper()
	for _, setting := range harness.Settings() {
		t.Run(setting.String(), func(t *testing.T) { test(t, setting) })
	}
}

// as returns a browser without scripts that is logged in.
func (m manageServer) as(t *testing.T, user string) *browser {
	t.Helper()
	b := newBrowser(t)
	if user != "" {
		b.logIn(m.Server, user)
	}
	return b
}

// Everything that manages a database works without scripts. U2: the name has a
// capital letter.
func TestManageWithoutScriptU2(t *testing.T) { inSettings(t, manageWithoutScript) }

func manageWithoutScript(t *testing.T, setting harness.Setting) {
	m := startManage(t, setting, harness.WithSnapshots(harness.StartS3(t).Bucket("bucket"), "", 0))
	b := m.as(t, "alice")
	t.Run("sharing", func(t *testing.T) { m.sharesWithoutScript(t, b) })
	t.Run("snapshots", func(t *testing.T) { m.restoresWithoutScript(t, b) })
	t.Run("import", func(t *testing.T) { m.importsWithoutScript(t, b) })
	t.Run("export", func(t *testing.T) {
		p := b.open(m.base+"/transfer").says(200, "SQLite file")
		action, err := p.url.Parse("/session/v1/alice/Shop.sqlite/export?table=tea&format=csv")
		if err != nil {
			t.Fatal(err)
		}
		got := b.open(action.String())
		if !strings.Contains(got.body, "Assam") || !strings.Contains(got.header.Get("Content-Disposition"), `filename="Shop-tea.csv"`) {
			t.Errorf("%v %s", got.header, got.body)
		}
	})
	t.Run("settings", func(t *testing.T) { m.settlesWithoutScript(t, b) })
}

func (m manageServer) sharesWithoutScript(t *testing.T, b *browser) {
	const base = "/alice/Shop.sqlite"
	p := b.open(m.base+"/permissions").want("Explore alice/Shop.sqlite").says(200, "Current permissions", "bob", "read-only")
	p.send(base+"/update_public_sharing", "public_sharing_level", "fork").says(200, "Public sharing level updated successfully.").
		send(base+"/update_public_sharing", "public_sharing_level", "no-access").says(200, "Public sharing level updated successfully.").
		send(base+"/update_public_sharing", "public_sharing_level", "everything").says(400)
	p.send(base+"/share", "entity", " Bob ", "sharing_level", "manager").says(200, "Database access updated for user 'bob'.", "bob manager")
	if d, err := m.bob.DatabaseDetails(t.Context(), "alice", "Shop.sqlite"); err != nil || !d.CanManageDatabase {
		t.Errorf("bob: %v, %v", d, err)
	}
	p.send(base+"/share", "entity", "nobody-here", "sharing_level", "manager").says(404, "nobody-here", "Current permissions")
	p.send(base+"/share", "entity", "alice", "sharing_level", "manager").says(400, "alice owns alice/Shop.sqlite")
	b.open(m.base+"/remove_access?entity=bob").says(200, "Remove the access of bob?").send(base+"/share").
		says(200, "Database access updated for user 'bob'.", "No user has access of their own yet")
	if _, err := m.bob.DatabaseDetails(t.Context(), "alice", "Shop.sqlite"); err == nil {
		t.Error("bob still sees the database")
	}
	if _, err := m.alice.DatabaseDetails(t.Context(), "alice", "Shop.sqlite"); err != nil {
		t.Error(err)
	}
}

func (m manageServer) restoresWithoutScript(t *testing.T, b *browser) {
	const base = "/alice/Shop.sqlite"
	p := b.open(m.base+"/snapshots").says(200, "No snapshots available for this database.")
	p = p.send(base+"/take_snapshot", "message", "two <teas>").says(200, "taken.", "two <teas>")
	l, err := m.alice.Snapshots(t.Context(), "alice", "Shop.sqlite")
	if err != nil || len(l) != 1 {
		t.Fatal(l, err)
	}
	id := l[0].SnapshotID
	p.says(200, id, " UTC").send(base+"/take_snapshot").says(200, "Nothing has changed since snapshot '"+id+"'")
	b.open(m.base+"/restore_snapshot?snapshot_id="+id[:10]).says(404, "There is no such snapshot")
	m.alice.Exec("Shop.sqlite", "DELETE FROM tea")
	p = b.open(m.base+"/restore_snapshot?snapshot_id="+id).says(200, "Restore snapshot "+id[:10], "It was taken on")
	p.send(base+"/restore_snapshot").says(200, "Database successfully restored from snapshot '"+id+"'.", "before a restore")
	if n := m.alice.Cell("Shop.sqlite", "SELECT count(*) FROM tea"); n != "2" {
		t.Errorf("%s rows after the restore", n)
	}
	b.do(http.MethodPost, m.base+"/restore_snapshot", url.Values{"snapshot_id": {id}, "as_new": {"yes"}, "to": {"bad name"}}, sameOrigin(m.URL)).says(400, "bad name")
	b.do(http.MethodPost, m.base+"/restore_snapshot", url.Values{"snapshot_id": {id}, "as_new": {"yes"}, "to": {"Old.sqlite"}}, sameOrigin(m.URL)).
		want("Explore alice/Old.sqlite").says(200, "This new database was made from snapshot")
	if n := m.alice.Cell("Old.sqlite", "SELECT count(*) FROM tea"); n != "2" {
		t.Errorf("%s rows in the new database", n)
	}
	b.do(http.MethodPost, m.base+"/restore_snapshot", url.Values{"snapshot_id": {strings.Repeat("0", 64)}}, sameOrigin(m.URL)).says(404, "napshot")
}

func sameOrigin(origin string) http.Header {
	return http.Header{"Origin": {origin}, "Sec-Fetch-Site": {"same-origin"}}
}

func (m manageServer) importsWithoutScript(t *testing.T, b *browser) {
	const base = "/alice/Shop.sqlite"
	const csv = "id,city\n1,Graz\n2,Łódź\n"
	p := b.open(m.base+"/transfer").says(200, "Import a file", "Export", "Fork")
	p.upload(base+"/import_preview", "cities.csv", csv).says(200, "Format csv, 2 rows for cities, a new table.", "Łódź", "Nothing has been changed yet.")
	if n := m.alice.Cell("Shop.sqlite", "SELECT count(*) FROM sqlite_schema WHERE name='cities'"); n != "0" {
		t.Error("the preview made the table")
	}
	p.upload(base+"/import", "cities.csv", csv).says(200, "Imported 2 rows into the table cities.")
	p.upload(base+"/import", "cities.csv", csv, "mode", "create").says(409, "cities")
	p.upload(base+"/import", "cities.csv", csv, "mode", "replace").says(400, "Nothing has changed")
	p.upload(base+"/import", "more.csv", "id,city\n3,Linz\n", "mode", "append", "table", "cities").says(200, "Imported 1 row into the table cities.")
	if n := m.alice.Cell("Shop.sqlite", "SELECT count(*) FROM cities"); n != "3" {
		t.Errorf("%s cities", n)
	}
	p.upload(base+"/import", "cities.csv", csv, "mode", "replace", "confirm_replace", "yes").says(200, "Imported 2 rows")
	p.upload(base+"/import", "cities", csv).says(400, "choose the format in the form")
	p.upload(base+"/import", "", "").says(400, "Choose a file to import")
	p.upload(base+"/import", "x.csv", csv, "table", strings.Repeat("x", 70<<10)).says(413, "65536 bytes")
	const bad = "id,n\n1,2\n2,3,4\n"
	p.upload(base+"/import_preview", "bad.csv", bad).says(200, "What cannot be imported", "Line 3")
	p.upload(base+"/import", "bad.csv", bad).says(400, "ine 3")
	p.upload(base+"/import", "bad.csv", bad, "on_error", "skip").says(200, "Imported 1 row into the table bad. Left out 1 row.")
	// A file that is larger than any form, and arrives in pieces.
	big := strings.Repeat("some,longer,line\n", 400_000)
	p.upload(base+"/import", "big.csv", big, "header", "no").says(200, "Imported 400000 rows into the table big.")
	m.importsComplete(t, p)
	p.send(base+"/fork", "to", "Copy.sqlite").want("Explore alice/Copy.sqlite").says(200, "This is your copy of alice/Shop.sqlite.")
	p.send(base+"/fork", "to", "Copy.sqlite").says(409, "already exists", "Name of your copy")
	b.open(m.URL+"/alice/Copy.sqlite/settings").says(200, "Forked from alice/Shop.sqlite")
	b.open(m.base+"/settings").says(200, "Forks that you can see: alice/Copy.sqlite")
}

// importsComplete imports scripts and complete database files.
func (m manageServer) importsComplete(t *testing.T, p page) {
	const base = "/alice/Shop.sqlite"
	p.upload(base+"/import_preview", "more.sql", "CREATE TABLE m(x);").says(200, "The script runs without an error.")
	p.upload(base+"/import_preview", "more.sql", "CREATE TABLE m(x").says(200, "stops with an error", "Line 1: incomplete input")
	p.upload(base+"/import", "more.sql", "CREATE TABLE m(x").says(400, "incomplete input")
	p.upload(base+"/import", "more.sql", "CREATE TABLE m(x); INSERT INTO m VALUES (1);").says(200, "The script was carried out.")
	file := p.b.open(m.URL + "/session/v1" + base + "/export?format=sqlite").body
	m.alice.Exec("Shop.sqlite", "DROP TABLE m")
	p.upload(base+"/import_preview", "x.db", file).says(200, "would replace the whole database")
	p.upload(base+"/import", "x.db", file).says(400, "Replace its present contents")
	p.upload(base+"/import", "x.db", file, "mode", "replace").says(400, "tick")
	p.upload(base+"/import", "x.db", file[:len(file)/2], "mode", "replace", "confirm_replace", "yes").says(400)
	if n := m.alice.Cell("Shop.sqlite", "SELECT count(*) FROM sqlite_schema WHERE name='m'"); n != "0" {
		t.Error("the database was replaced without consent")
	}
	p.upload(base+"/import", "x.db", file, "mode", "replace", "confirm_replace", "yes").says(200, "The contents of the database were replaced by the file.")
	if n := m.alice.Cell("Shop.sqlite", "SELECT x FROM m"); n != "1" {
		t.Errorf("m has %s", n)
	}
}

func (m manageServer) settlesWithoutScript(t *testing.T, b *browser) {
	p := b.open(m.base+"/settings").says(200, "Size of the database", "of 1 GiB", "Databases of alice", "ayb client query alice/Shop.sqlite", m.URL+"/v1/alice/Shop.sqlite", "No query is running")
	p.send("/alice/Shop.sqlite/cancel_query", "id", "none")
	p.send("/alice/Shop.sqlite/rename", "to", "Copy.sqlite").says(409, "already exists", "New name of the database")
	p.send("/alice/Shop.sqlite/rename", "to", "Tea.sqlite").says(200, "is now called Tea.sqlite", "alice/Tea.sqlite")
	p = b.open(m.URL+"/alice/Tea.sqlite/delete").says(200, "Delete alice/Tea.sqlite?")
	p.send("/alice/Tea.sqlite/delete", "name", "tea.sqlite").says(400, "type its name exactly")
	p.send("/alice/Tea.sqlite/delete", "name", "Tea.sqlite").want("alice").says(200, "The database Tea.sqlite was deleted. You can restore it on this page until")
	if _, err := m.alice.DatabaseDetails(t.Context(), "alice", "Tea.sqlite"); err == nil {
		t.Error("the database is still there")
	}
}

// U13: those who may not manage a database see no panel for it. U6: the page says why,
// with the right status.
func TestManageIsForManagersU13U6(t *testing.T) { inSettings(t, manageIsForManagers) }

func manageIsForManagers(t *testing.T, setting harness.Setting) {
	m := startManage(t, setting)
	forms := map[string]url.Values{
		"update_public_sharing": {"public_sharing_level": {"read-only"}},
		"share":                 {"entity": {"mallory"}, "sharing_level": {"manager"}},
		"take_snapshot":         {"message": {"x"}},
		"restore_snapshot":      {"snapshot_id": {strings.Repeat("0", 64)}},
		"rename":                {"to": {"Other.sqlite"}},
		"delete":                {"name": {"Shop.sqlite"}},
	}
	pages := []string{"permissions", "remove_access?entity=bob", "snapshots", "restore_snapshot?snapshot_id=0", "delete"}
	for user, status := range map[string]int{"bob": 403, "mallory": 404, "": 404} {
		t.Run("as "+user, func(t *testing.T) {
			b := m.as(t, user)
			for _, name := range pages {
				b.open(m.base+"/"+name).says(status).hides("Current permissions", "Stored snapshots", "<form method=\"post\" action=\"/alice")
			}
			for name, form := range forms {
				b.do(http.MethodPost, m.base+"/"+name, form, sameOrigin(m.URL)).says(status).hides("Current permissions")
			}
			p := b.open(m.base).hides("entity-sharing-form", "take-snapshot-form", "#sharing", "#snapshots")
			if user == "bob" {
				p.says(200)
				b.open(m.base+"/settings").says(200, "Connect").hides("Usage", "Danger zone")
				b.open(m.base+"/transfer").says(200, "Export", "Fork").hides("Import a file")
				b.open(m.base+"/transfer").upload("/alice/Shop.sqlite/import", "x.csv", "a\n1\n").says(403, "read-only mode")
			}
		})
	}
	if n := m.alice.Cell("Shop.sqlite", "SELECT count(*) FROM tea"); n != "2" {
		t.Errorf("%s rows", n)
	}
	if p, err := m.alice.Permissions(t.Context(), "alice", "Shop.sqlite"); err != nil || len(p) != 1 || p[0].SharingLevel != "read-only" {
		t.Errorf("%v, %v", p, err)
	}
	t.Run("another site", func(t *testing.T) {
		b := m.as(t, "alice")
		for name, form := range forms {
			b.do(http.MethodPost, m.base+"/"+name, form, http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}).says(403, "another site")
		}
	})
	t.Run("without an object store", func(t *testing.T) {
		p := m.as(t, "alice").open(m.base+"/snapshots").says(200, "No snapshots available for this database.")
		p.send("/alice/Shop.sqlite/take_snapshot").says(500, "Snapshots are not configured on this server")
	})
	t.Run("public", func(t *testing.T) { m.showsPublic(t) })
}

// showsPublic checks what accounts without a grant, and visitors, see of a public
// database.
func (m manageServer) showsPublic(t *testing.T) {
	if err := m.alice.UpdateDatabase(t.Context(), "alice", "Shop.sqlite", httpapi.UpdateDatabaseRequest{PublicSharingLevel: "fork"}); err != nil {
		t.Fatal(err)
	}
	visitor := m.as(t, "")
	visitor.open(m.base + "/transfer").want("Log in")
	visitor.open(m.base+"/settings").says(200, "Connect").hides("Running queries", "Usage")
	visitor.open(m.base+"/permissions").says(401, "Log in")
	b := m.as(t, "mallory")
	b.open(m.base+"/transfer").says(200, "Fork").hides("Import a file", "SQLite file").
		send("/alice/Shop.sqlite/fork", "to", "mine.sqlite").want("Explore mallory/mine.sqlite")
	b.open(m.base + "/permissions").says(403)
}

// A manager who removes the own access is not led to a page that is closed now.
func TestManagerRemovesThemself(t *testing.T) {
	m := startManage(t, harness.Setting{Topology: harness.AllInOne, Metadata: harness.SQLite})
	if err := m.alice.Share(t.Context(), "alice", "Shop.sqlite", httpapi.ShareRequest{EntityForPermission: "bob", SharingLevel: "manager"}); err != nil {
		t.Fatal(err)
	}
	b := m.as(t, "bob")
	p := b.open(m.base+"/permissions").says(200, "bob manager")
	p.send("/alice/Shop.sqlite/share", "entity", "bob", "sharing_level", "no-access").want("bob").says(200, "Database access updated for user 'bob'.")
	b.open(m.base + "/permissions").says(404)
	b.open(m.base).says(404)
}
