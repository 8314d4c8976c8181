package tests

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/tests/harness"
)

// With scripts disabled in a real browser, a person can register, create a database,
// query it, change a row, share it, and restore a snapshot; on both metadata stores.
func TestSiteWithoutScript(t *testing.T) {
	for _, topology := range []harness.Topology{harness.AllInOne, harness.Split} {
		t.Run(string(topology), func(t *testing.T) {
			srv := harness.Start(t, topology, harness.WithSnapshots(harness.StartS3(t).Bucket("bucket"), "", 0))
			srv.Register("bob")
			noScript(t, srv, newTab(t, startChromium(t)).withoutScript())
		})
	}
}

func noScript(t *testing.T, srv *harness.Server, b *tab) {
	b.do(chromedp.EmulateViewport(1280, 720))
	b.open(srv.URL+"/register").fill("#username", "carol").fill("#email", harness.Address("carol")).click("button.main").waitTitle("Check email")
	link, err := url.Parse(mailedLink(t, srv, "carol", 0))
	if err != nil {
		t.Fatal(err)
	}
	b.open(srv.URL + link.EscapedPath()).waitTitle("Confirm").click("button.main").waitTitle("Confirmation successful").click("#continue").waitTitle("carol")

	b.click("button[data-toggle='create-database']").waitTitle("carol")
	b.fill("#database_slug", "Notes.sqlite").click("button[type='submit']").waitTitle("Explore carol/Notes.sqlite")
	b.query("CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT); INSERT INTO note(text) VALUES ('first'), (NULL)").shows("#query-status", "2 rows changed")
	b.query("SELECT * FROM note").shows("#query-results", "first")

	b.open(srv.URL+"/carol/Notes.sqlite/snapshots").click("#take-snapshot-btn").shows("#snapshots-list", "Restore")
	b.open(srv.URL + "/carol/Notes.sqlite/data?table=note").click("#rows tbody tr:first-child a").waitTitle("Explore carol/Notes.sqlite")
	b.do(chromedp.SetValue(chromedp.CSS("#value-1"), "first and last"))
	b.click("button[value=preview]").shows(".script", `UPDATE main."note" SET "text" = 'first and last'`)
	b.click("button.btn-primary").shows("#rows", "first and last")

	b.open(srv.URL+"/carol/Notes.sqlite#sharing").fill("#share-entity", "bob").click("#entity-sharing-form label:has(input[value='read-only'])").click("#share-entity-btn")
	b.shows("main", "Database access updated for user 'bob'.")
	bob := newBrowser(t)
	bob.logIn(srv, "bob")
	if p := bob.open(srv.URL + "/carol/Notes.sqlite/data"); !strings.Contains(p.body, "first and last") || strings.Contains(p.body, "Add row") {
		t.Errorf("what bob sees: %d %s", p.status, p.body)
	}

	b.open(srv.URL + "/carol/Notes.sqlite/snapshots").click("button[title='Restore from this snapshot']").click("form .btn-danger")
	b.shows("main", "Database successfully restored from snapshot")
	b.open(srv.URL+"/carol/Notes.sqlite/data").shows("#rows", "first")
	if text := eval[string](b, "document.querySelector(`#rows`).innerText"); strings.Contains(text, "and last") {
		t.Errorf("after the restore the table has %q", text)
	}
	b.open(srv.URL + "/log_out").waitTitle("Log out").click("button.main").waitTitle("Log in")
}

// query runs SQL on the page of a database.
func (b *tab) query(sql string) *tab {
	b.t.Helper()
	b.do(chromedp.SetValue(chromedp.CSS("#query"), sql))
	b.click("#run-query-btn")
	return b
}
