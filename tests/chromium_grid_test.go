package tests

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/ayb-go/ayb/tests/harness"
)

// Cells are edited in the grid; changes are staged, shown as SQL, and saved together
// or not at all.
func TestGridInChromium(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("g.sqlite")
	alice.Exec("g.sqlite", `CREATE TABLE "t & <u>"(id INTEGER PRIMARY KEY, word TEXT, n INTEGER, twice AS (n * 2));
		INSERT INTO "t & <u>"(word, n) VALUES ('one', 1), ('two', 2), ('three', 3), ('four', 4)`)
	b := newTab(t, startChromium(t))
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).waitTitle("alice")
	b.do(chromedp.EmulateViewport(1280, 720))
	b.open(srv.URL+"/alice/g.sqlite/data").until("the grid", "document.querySelector('.row-delete') !== null")

	cell := func(row, column string) string {
		return "#rows tbody tr:nth-child(" + row + ") td:nth-child(" + column + ")"
	}
	edit := func(at, text string) {
		b.do(chromedp.DoubleClick(chromedp.CSS(at)))
		b.until("the field", "document.activeElement.tagName === 'TEXTAREA'")
		b.do(chromedp.KeyEvent(text + kb.Enter))
		b.until("the end of the field", "document.querySelector('#rows textarea') === null")
	}
	edit(cell("1", "3"), "it's <b>")
	edit(cell("2", "4"), "22")
	b.click(cell("3", "1")+" .row-delete").shows("[data-staged-count]", "3 rows are changed")
	b.click("a[data-add-row]")
	edit(cell("1", "3"), "new")
	b.click("[data-script]").shows("[data-sql]", `INSERT INTO main."t & <u>"("word") VALUES ('new')`)
	b.shows("[data-sql]", `UPDATE main."t & <u>" SET "word" = 'it''s <b>' WHERE rowid = 1`)

	// Another user changes one of the rows: nothing is saved, and the row is marked.
	alice.Exec("g.sqlite", `UPDATE "t & <u>" SET n = 20 WHERE id = 2`)
	b.click("[data-save]").shows("[data-problem]", "changed by another user")
	b.is("document.querySelector('.row-conflict').innerText.includes('two')")
	if got := alice.Cell("g.sqlite", `SELECT group_concat(word || n, ' ') FROM "t & <u>"`); got != "one1 two20 three3 four4" {
		t.Errorf("after a conflict the table has %s", got)
	}
	alice.Exec("g.sqlite", `UPDATE "t & <u>" SET n = 2 WHERE id = 2`)
	eval[bool](b, "window.old = true")
	b.click("[data-save]").until("the saved page", "window.old !== true && document.querySelector('.row-delete') !== null")
	if got := alice.Cell("g.sqlite", `SELECT group_concat(word || ifnull(n, '-'), ' ') FROM "t & <u>"`); got != "it's <b>1 two22 four4 new-" {
		t.Errorf("the table has %s", got)
	}

	// A computed column cannot be typed in, and Escape leaves a cell as it is.
	b.do(chromedp.DoubleClick(chromedp.CSS(cell("1", "5"))))
	b.shows("[data-problem]", "twice cannot be typed in")
	b.do(chromedp.DoubleClick(chromedp.CSS(cell("1", "3"))))
	b.until("the field", "document.activeElement.tagName === 'TEXTAREA'")
	b.do(chromedp.KeyEvent("x" + kb.Escape))
	b.until("the end of the field", "document.querySelector('#rows textarea') === null")
	b.is("document.querySelector('.cell-changed') === null")
	b.content()
}
