package tests

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// until waits until an expression is true in the page.
func (b *tab) until(what, expression string) *tab {
	b.t.Helper()
	harness.Until(b.t, fmt.Sprintf("%s (the page is %s)", what, eval[string](b, "location.pathname + ' ' + document.querySelector('main')?.innerText")), func() bool {
		return eval[bool](b, expression)
	})
	return b
}

// shows waits until an element contains a text.
func (b *tab) shows(selector, text string) *tab {
	b.t.Helper()
	return b.until(fmt.Sprintf("%s to show %q", selector, text), fmt.Sprintf("document.querySelector(%q)?.innerText.includes(%q) === true", selector, text))
}

// is fails the test unless an expression is true in the page.
func (b *tab) is(expression string) *tab {
	b.t.Helper()
	if !eval[bool](b, expression) {
		b.t.Errorf("not true: %s", expression)
	}
	return b
}

// disabled returns an expression that is true for a disabled button.
func disabled(selector string) string {
	return fmt.Sprintf("document.querySelector(%q).disabled", selector)
}

// look checks that the present state of the page fits each screen and passes axe-core,
// and takes pictures of it.
func (b *tab) look(name string) *tab {
	b.t.Helper()
	source, err := os.ReadFile("../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		b.t.Fatalf("axe-core is missing (make web installs it): %v", err)
	}
	for _, look := range looks {
		b.do(chromedp.EmulateViewport(look.width, look.height), media(look.scheme))
		if wide := eval[int64](b, "document.documentElement.scrollWidth"); wide > look.width {
			b.t.Errorf("%s, %s: the page is %d pixels wide", name, look.name, wide)
		}
		b.picture(name + "-" + look.name)
		for _, v := range b.axe(string(source)) {
			b.t.Errorf("%s, %s: %s", name, look.name, v)
		}
	}
	b.do(chromedp.EmulateViewport(1280, 720), media("light"))
	return b
}

// startManaging logs alice in to a desktop browser.
func startManaging(t *testing.T, m manageServer) *tab {
	t.Helper()
	b := newTab(t, startChromium(t))
	b.do(chromedp.EmulateViewport(1280, 720))
	link := b.open(m.URL+"/log_in").waitTitle("Log in").fill("#username", "alice")
	before := len(m.MailedTokens(harness.Address("alice")))
	link.click("main button[type=submit]").waitTitle("Check email")
	b.open(mailedLink(t, m.Server, "alice", before)).waitTitle("alice")
	return b
}

// The panel for sharing works with real clicks, with the selectors and texts of the
// contract.
func TestSharingInChromium(t *testing.T) { inSettings(t, sharingInChromium) }

func sharingInChromium(t *testing.T, setting harness.Setting) {
	m := startManage(t, setting)
	b := startManaging(t, m)
	b.open(m.base+"#sharing").waitTitle("Explore alice/Shop.sqlite").shows("#permissions-list", "bob")
	t.Run("public", func(t *testing.T) { b.t = t; m.sharesPublic(t, b) })
	t.Run("with a user", func(t *testing.T) { b.t = t; m.sharesWithUser(t, b) })
	t.Run("remove", func(t *testing.T) { b.t = t; m.removesAccess(t, b) })
}

func (m manageServer) sharesPublic(t *testing.T, b *tab) {
	const update = "#update-public-sharing-btn"
	b.is(`document.querySelector("button[data-value='read-only']").closest("form").id === "public-sharing-form"`)
	b.is(disabled(update))
	b.click("button[data-value='fork']").is("!" + disabled(update)).is(`document.querySelector("button[data-value='fork']").ariaPressed === "true"`)
	b.click("button[data-value='no-access']").is(disabled(update))
	b.click("button[data-value='read-only']").click(update).shows("#public-sharing-form", "Public sharing level updated successfully.").until("the button to be disabled", disabled(update))
	if d, err := m.alice.DatabaseDetails(t.Context(), "alice", "Shop.sqlite"); err != nil || d.PublicSharingLevel != "read-only" {
		t.Errorf("%+v, %v", d, err)
	}
	b.content()
}

func (m manageServer) sharesWithUser(t *testing.T, b *tab) {
	const button = "#share-entity-btn"
	b.is(disabled(button)).fill("#share-entity", "no-such-name").shows("#share-entity-hint", "There is no account called no-such-name")
	b.is(disabled(button)).click("#entity-sharing-form button[data-value=read-write]").is("!" + disabled(button))
	b.click(button).shows("#entity-sharing-form [role=alert]", "no-such-name")
	eval[bool](b, `document.querySelector("#share-entity").select(); true`) // typing replaces it
	b.fill("#share-entity", " Mallory").shows("#share-entity-hint", "There is an account mallory.")
	b.is(`[...document.querySelectorAll("#known-accounts option")].some((o) => o.value === "bob")`)
	b.click(button).shows("#entity-sharing-form", "Database access updated for user 'mallory'.").shows("#permissions-list tbody tr:nth-child(2)", "read-write")
	b.is(`document.querySelector("#share-entity").value === ""`).is(disabled(button))
	if got, err := m.alice.Permissions(t.Context(), "alice", "Shop.sqlite"); err != nil || len(got) != 2 || got[1].SharingLevel != "read-write" {
		t.Errorf("%v, %v", got, err)
	}
	b.click("#permissions-list tbody tr:nth-child(2) [data-action=change]").is(`document.querySelector("#share-entity").value === "mallory"`)
	b.is(`document.querySelector("#entity-sharing-form button[data-value=read-write]").ariaPressed === "true"`)
	b.click("#entity-sharing-form button[data-value=manager]").click(button).shows("#permissions-list tbody tr:nth-child(2)", "manager")
	b.look("sharing-list").content()
}

func (m manageServer) removesAccess(t *testing.T, b *tab) {
	const remove = "#permissions-list tbody tr:nth-child(2) [data-action=remove]"
	b.click(remove).shows("dialog[open]", "Remove the access of mallory?").is(`document.activeElement.textContent === "Cancel"`)
	b.do(chromedp.KeyEvent("\x1b"))
	b.until("the focus to be at the button again", fmt.Sprintf("document.activeElement === document.querySelector(%q)", remove)).is(`document.querySelector("dialog[open]") === null`)
	b.do(chromedp.KeyEvent("\r")) // the keyboard opens it again
	b.shows("dialog[open]", "Remove the access of mallory?").look("sharing-remove").click("#confirm-remove-btn")
	b.until("the row to disappear", `document.querySelectorAll("#permissions-list tbody tr").length === 1`).is(`document.activeElement.id === "share-entity"`)
	if got, err := m.alice.Permissions(t.Context(), "alice", "Shop.sqlite"); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	b.content()
}

// Snapshots are taken and restored with real clicks.
func TestSnapshotsInChromium(t *testing.T) { inSettings(t, snapshotsInChromium) }

func snapshotsInChromium(t *testing.T, setting harness.Setting) {
	m := startManage(t, setting, harness.WithSnapshots(harness.StartS3(t).Bucket("bucket"), "", 0))
	b := startManaging(t, m)
	b.open(m.base+"#snapshots").waitTitle("Explore alice/Shop.sqlite").shows("#snapshots-list", "No snapshots available for this database.")
	b.fill("#snapshot-message", "two teas").click("#take-snapshot-btn").shows("#snapshots-list tbody tr", "two teas")
	first := m.snapshots(t)[0]
	b.shows("#snapshots-list tbody tr", first.SnapshotID).shows("#take-snapshot-form", "taken.")
	m.alice.Exec("Shop.sqlite", "DELETE FROM tea")
	b.click("#take-snapshot-btn").until("two rows", `document.querySelectorAll("#snapshots-list tbody tr").length === 2`)
	b.is(fmt.Sprintf("document.querySelectorAll('#snapshots-list tbody tr')[0].innerText.includes(%q)", m.snapshots(t)[0].SnapshotID)) // newest first

	const restore = "#snapshots-list tbody tr:last-child button[title='Restore from this snapshot']"
	b.click(restore).shows("dialog[open]", first.SnapshotID[:10]).shows("dialog[open]", strings.Replace(first.LastModifiedAt[:19], "T", " ", 1))
	b.look("snapshots-restore").click("#confirm-restore-btn").shows("#snapshots", "Database successfully restored from snapshot '"+first.SnapshotID+"'.")
	if n := m.alice.Cell("Shop.sqlite", "SELECT count(*) FROM tea"); n != "2" {
		t.Errorf("%s rows after the restore", n)
	}
	b.until("the restored snapshot to be listed", `document.querySelectorAll("#snapshots-list tbody tr").length >= 2`)
	b.look("snapshots-list").click(restore).click("#restore-as-new").fill("#restore-to", "Old.sqlite").click("#confirm-restore-btn").waitTitle("Explore alice/Old.sqlite")
	if n := m.alice.Cell("Old.sqlite", "SELECT count(*) FROM tea"); n != "2" {
		t.Errorf("%s rows in the new database", n)
	}
	b.content()
}

func (m manageServer) snapshots(t *testing.T) []httpapi.Snapshot {
	t.Helper()
	l, err := m.alice.Snapshots(t.Context(), "alice", "Shop.sqlite")
	if err != nil || len(l) == 0 {
		t.Fatalf("%v, %v", l, err)
	}
	return l
}

// A file is previewed when it is chosen, and imported with a click.
func TestImportInChromium(t *testing.T) { inSettings(t, importInChromium) }

func importInChromium(t *testing.T, setting harness.Setting) {
	m := startManage(t, setting)
	b := startManaging(t, m)
	file := filepath.Join(t.TempDir(), "cities.csv")
	write := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		b.do(chromedp.SetUploadFiles(chromedp.CSS("#import-file"), []string{file}))
	}
	b.open(m.base + "/transfer").waitTitle("Explore alice/Shop.sqlite")
	write("id,city,note\n1,Graz,\n2,<img src=x onerror=alert(1)>,b\n")
	b.shows("#import-preview", "2 rows for cities, a new table").shows("#import-preview table", "<img src=x").is(`document.querySelectorAll("#import-preview td.null").length === 1`)
	b.look("import-preview").click("#import-btn").shows("#import-form", "Imported 2 rows into the table cities.").is(`document.querySelector("#import-form .alert a").getAttribute("href") === "/alice/Shop.sqlite/data?table=cities"`)

	write("id,city,note\n3,Linz,c\n")
	b.shows("#import-form [role=alert]", "cities") // the table exists
	b.look("import-failure").do(chromedp.SetValue(chromedp.CSS("#import-mode"), "append"))
	b.click("#preview-btn").shows("#import-preview", "1 row for cities, an existing table")
	b.click("#import-btn").shows("#import-form .alert-success", "Imported 1 row")
	if n := m.alice.Cell("Shop.sqlite", "SELECT count(*) FROM cities"); n != "3" {
		t.Errorf("%s rows", n)
	}
	b.do(chromedp.SetValue(chromedp.CSS("#import-mode"), "replace"))
	write("id,city,note\n4,Wels,d\n")
	b.shows("#import-preview", "1 row for cities").click("#import-btn").shows("dialog[open]", "Replace the table cities?").click("dialog[open] button[type=button]")
	b.click("#import-btn").click("#confirm-replace-btn").shows("#import-form .alert-success", "Imported 1 row")
	if n := m.alice.Cell("Shop.sqlite", "SELECT group_concat(city) FROM cities"); n != "Wels" {
		t.Errorf("the cities are %s", n)
	}
	b.is(`document.querySelector("[data-progress]").hidden`)
	// A file that is dropped.
	eval[bool](b, `{
		const data = new DataTransfer();
		data.items.add(new File(["a\n1\n2\n3\n"], "dropped.csv"));
		document.querySelector("#import-mode").value = "create";
		document.querySelector("[data-dropzone]").dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true, bubbles: true }));
		true
	}`)
	b.shows("#import-preview", "3 rows for dropped, a new table")
	b.content()
}

// A running query appears by itself and is canceled with a click. The danger zone asks
// for the name.
func TestSettingsInChromium(t *testing.T) { inSettings(t, settingsInChromium) }

func settingsInChromium(t *testing.T, setting harness.Setting) {
	m := startManage(t, setting)
	b := startManaging(t, m)
	b.open(m.base+"/settings").waitTitle("Explore alice/Shop.sqlite").shows("[data-running]", "No query is running")
	ended := make(chan error, 1)
	go func() {
		_, err := m.bob.Query(context.WithoutCancel(t.Context()), "alice", "Shop.sqlite", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n")
		ended <- err
	}()
	b.shows("[data-running] tbody tr", "WITH RECURSIVE").shows("[data-running] tbody tr", "bob").look("settings-running").click("[data-cancel] button")
	if err := <-ended; !errs.Is(err, errs.Timeout) && !errs.Is(err, errs.Canceled) {
		t.Errorf("the query ended with %v", err)
	}
	b.shows("[data-running]", "No query is running")

	b.click(".snippet-copy").until("the snippet to be copied", `document.querySelector(".snippet-copy").textContent !== "Copy"`)
	b.click("#delete-link").shows("dialog[open]", "Delete alice/Shop.sqlite?").is(disabled("#confirm-delete-btn")).is(`document.activeElement.id === "delete-name"`).look("settings-delete")
	b.fill("#delete-name", "Shop").is(disabled("#confirm-delete-btn")).click("dialog[open] [data-close]").is(`document.querySelector("dialog[open]") === null`)
	b.click("#delete-link").fill("#delete-name", ".sqlite").click("#confirm-delete-btn").waitTitle("alice").shows("main", "The database Shop.sqlite was deleted.")
	b.content()
}
