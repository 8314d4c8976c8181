package tests

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// queryTab is a tab at the query panel of a database.
type queryTab struct {
	*tab
	srv     *harness.Server
	address string
	user    *harness.User
}

// newQueryTab opens a tab with the log-in of a user.
func newQueryTab(t *testing.T, chromium context.Context, srv *harness.Server, u *harness.User, database string) *queryTab {
	t.Helper()
	b := newTab(t, chromium)
	b.do(chromedp.EmulateViewport(1280, 720), func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: "auth", Value: u.Name + ":" + u.Token, URL: srv.URL})
		return chromedp.Void{}, err
	})
	return &queryTab{b, srv, srv.URL + "/" + u.Name + "/" + database, u}
}

// start opens the page again, and waits for the editor.
func (q *queryTab) start() *queryTab {
	q.t.Helper()
	q.open("about:blank").open(q.address)
	return q.editor()
}

func (q *queryTab) editor() *queryTab {
	q.t.Helper()
	q.is("document.querySelector('#query-box.has-editor .query-editor')?.shadowRoot.querySelector('.cm-content').ariaLabel", "SQL")
	return q
}

// is waits until an expression has a value.
func (q *queryTab) is(expression string, want any) {
	q.t.Helper()
	wanted, err := httpapi.Marshal(want)
	if err != nil {
		q.t.Fatal(err)
	}
	got := ""
	untilOr(q.t, func() bool {
		got = eval[string](q.tab, "JSON.stringify("+expression+") ?? 'undefined'")
		return got == string(wanted)
	}, func() {
		q.t.Fatalf("%s is\n%s, want\n%s; the browser said %q", expression, got, wanted, q.requests())
	})
}

// shows waits for the exact visible text of an element.
func (q *queryTab) shows(selector, want string) {
	q.t.Helper()
	q.is(fmt.Sprintf("document.querySelector(%q).innerText", selector), want)
}

// setText enters a text as test suites do: it focuses the text area, selects its text
// and inserts another.
func (q *queryTab) setText(text string) *queryTab {
	q.t.Helper()
	if !eval[bool](q.tab, `(() => {
		const e = document.querySelector("#query"), box = e.getBoundingClientRect();
		if (box.width < 50 || box.height < 50 || getComputedStyle(e).visibility !== "visible" || e.disabled || e.readOnly) return false;
		e.select(); e.focus(); return true })()`) {
		q.t.Fatal("#query can't be filled")
	}
	q.insert(text)
	q.is("document.querySelector('#query').value", text)
	return q
}

// insert inserts a text where the focus is.
func (q *queryTab) insert(text string) *queryTab {
	q.t.Helper()
	q.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return chromedp.Void{}, err
	})
	return q
}

func (q *queryTab) press(keys string, modifiers ...chromedp.Modifier) *queryTab {
	q.t.Helper()
	q.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
	return q
}

// run enters a query and clicks the button.
func (q *queryTab) run(sql string) *queryTab {
	q.t.Helper()
	q.setText(sql).click("#run-query-btn")
	return q
}

// editorText is what the editor shows.
const editorText = `[...document.querySelector(".query-editor").shadowRoot.querySelectorAll(".cm-line")].map((l) => l.textContent).join("\n")`

// untilOr waits for a condition, and calls failed when it does not come.
func untilOr(t *testing.T, ok func() bool, failed func()) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		harness.Pause()
	}
	failed()
}

// startQueries starts a server whose user alice has the table test, and a browser.
func startQueries(t *testing.T) *queryTab {
	t.Helper()
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("shop.sqlite")
	alice.Exec("shop.sqlite", `CREATE TABLE test(fname, lname); INSERT INTO test VALUES ('the first', 'the last'), ('the first2', 'the last2')`)
	return newQueryTab(t, startChromium(t), srv, alice, "shop.sqlite")
}

const standardText = "Download CSV\nDownload JSON\nfname\tlname\nthe first\tthe last\nthe first2\tthe last2\n2 rows"

// The query panel in a real browser, with clicks and key presses.
func TestQueryInChromium(t *testing.T) {
	q := startQueries(t)
	for _, part := range []struct {
		name string
		test func(*queryTab)
	}{
		{"text area and editor", queryBothWays}, {"results", queryResults}, {"errors", queryErrors}, {"keys", queryKeys},
		{"large results", queryLargeResults}, {"parts", queryParts}, {"cancel", queryCancel},
	} {
		t.Run(part.name, func(t *testing.T) {
			q.t = t
			part.test(q)
			q.content()
		})
	}
}

// A query can be entered into the text area, also behind the editor, and typed into the
// editor.
func queryBothWays(q *queryTab) {
	q.open(q.address)
	q.is("document.querySelector('#run-query-btn').disabled", true)
	q.run("SELECT * FROM test") // perhaps before the editor is there
	q.shows("#query-results", standardText)
	q.editor().is(editorText, "SELECT * FROM test")
	q.run("SELECT fname FROM test LIMIT 1").shows("#query-results", "Download CSV\nDownload JSON\nfname\nthe first\n1 row")
	q.is(editorText, "SELECT fname FROM test LIMIT 1")

	q.tap(".query-editor").press("a", chromedp.ModifierCtrl).press("SELECT 'it''s' AS x")
	q.is("document.querySelector('#query').value", "SELECT 'it''s' AS x")
	q.is("document.querySelector('#query-results').classList.contains('stale')", true)
	q.tap("#run-query-btn").shows("#query-results", "Download CSV\nDownload JSON\nx\nit's\n1 row")
	q.is("document.querySelector('#query-results').classList.contains('stale')", false)
	q.is("[...document.querySelector('.query-editor').shadowRoot.querySelectorAll('.cm-line span')].map((s) => s.textContent)", []string{"SELECT", "'it''s'", "AS"})

	q.setText("").is("document.querySelector('#run-query-btn').disabled", true)
	q.tap("#query-label").insert("SELECT 1").is(editorText, "SELECT 1") // the label leads to the editor
	q.open("about:blank").withoutScript()
	q.open(q.address)
	q.do(chromedp.SendKeys(chromedp.CSS("#query"), "SELECT * FROM test"), chromedp.Click(chromedp.CSS("#run-query-btn")), chromedp.WaitVisible(chromedp.CSS("table")))
	q.shows("#query-results", standardText)
	q.do(chromedp.Click(chromedp.CSS("a[href='#sharing']")), chromedp.WaitVisible(chromedp.CSS("#sharing")), chromedp.WaitNotVisible(chromedp.CSS("#query-panel")))
	q.withScript().start()
}

func queryResults(q *queryTab) {
	q.start()
	q.run("SELECT 1 AS a WHERE 0").shows("#query-results", "Download CSV\nDownload JSON\na\nQuery executed successfully. No results returned.")
	q.run("CREATE TABLE s(x)").shows("#query-results", "Query executed successfully. No results returned.")
	q.run("INSERT INTO s VALUES (1), (2)").shows("#query-results", "Query executed successfully. No results returned.")
	q.is("document.querySelector('#query-status').textContent.startsWith('2 rows changed')", true)
	q.run("SELECT 1 AS a; CREATE TABLE IF NOT EXISTS s(x); SELECT 2 AS b")
	q.shows("#query-results", "Download CSV\nDownload JSON\nResult 1\na\n1\n1 row\nDownload CSV\nDownload JSON\nResult 2\nb\n2\n1 row")
	// U12: NULL, an empty text, a number and a BLOB look different.
	q.run("SELECT NULL, '', '7', 7, 1e21, 1.50, 9007199254740993, -1e999, 1e-7, -0.0, x'00ff', '<b>' AS \"<i>\"")
	q.is("[...document.querySelectorAll('#query-results td')].map((c) => [c.className, c.textContent, getComputedStyle(c, '::before').content])", [][]string{
		{"null", "", `"NULL"`}, {"", "", "none"}, {"", "7", "none"}, {"num", "7", "none"}, {"num", "1000000000000000000000", "none"}, {"num", "1.5", "none"},
		{"num", "9007199254740993", "none"}, {"num", "-inf", "none"}, {"num", "0.0000001", "none"}, {"num", "-0", "none"}, {"blob", "X'00FF' · 2 bytes", "none"}, {"", "<b>", "none"},
	})
}

// An error is shown with its place, in the page and in the editor.
func queryErrors(q *queryTab) {
	q.start()
	marked := `[...document.querySelector(".query-editor").shadowRoot.querySelectorAll(".cm-error-mark, .cm-error-line")].map((e) => e.textContent)`
	q.run("SELECT 'ä';\nSELECT 'ä', nonsense FROM test").shows("#query-results", "Error running query\nno such column: nonsense\nLine 2, column 13")
	q.is(marked, []string{"nonsense"})
	q.run("CREATE TABLE w(x);\nSELECT abs(-9223372036854775808)").shows("#query-results", "Error running query\ninteger overflow\nLine 2")
	q.is(marked, []string{"SELECT abs(-9223372036854775808)"})
	q.setText("SELECT 1").is(marked, []string{})
	q.run("SELECT * FROM w").shows("#query-results", "Error running query\nno such table: w\nLine 1")
}

// Ctrl+Enter runs the selection or all, and Ctrl+Shift+Enter the statement at the
// cursor, which ends where SQLite ends it.
func queryKeys(q *queryTab) {
	q.start()
	const triggers = "SELECT 'one' AS a;\nCREATE TEMP TRIGGER g AFTER INSERT ON test BEGIN SELECT 1; SELECT 2; END; /* a /* b */ SELECT 'two' AS b"
	q.setText(triggers)
	q.is("document.querySelector('#run-part-btn').innerText", "Run statement at cursor")
	q.tap(".query-editor").press(keyEnd, chromedp.ModifierCtrl).press("\r", chromedp.ModifierCtrl, chromedp.ModifierShift)
	q.shows("#query-results", "Download CSV\nDownload JSON\nb\ntwo\n1 row")
	q.press(keyHome, chromedp.ModifierCtrl).tap("#run-part-btn").shows("#query-results", "Download CSV\nDownload JSON\na\none\n1 row")
	q.setText("SELECT 1 AS a, 2 AS b").tap(".query-editor").press(keyHome, chromedp.ModifierCtrl)
	for range len("SELECT 1 AS a") {
		q.press(keyRight, chromedp.ModifierShift)
	}
	q.is("document.querySelector('#run-part-btn').innerText", "Run selection")
	q.press("\r", chromedp.ModifierCtrl).shows("#query-results", "Download CSV\nDownload JSON\na\n1\n1 row")
	q.press(keyRight).press("\r", chromedp.ModifierCtrl).shows("#query-results", "Download CSV\nDownload JSON\na\tb\n1\t2\n1 row")
	// Tab leaves the editor, so the keyboard reaches the button.
	q.press("\t").is("document.activeElement.id", "run-query-btn")
}

// A result of 100 000 rows does not freeze the page, and all of its rows can be seen.
func queryLargeResults(q *queryTab) {
	q.start()
	q.run("SELECT value AS n FROM generate_series(1, 1203)")
	q.is("document.querySelector('#query-results .result-count').innerText.split('\\n')[0]", "500/1203 rows. Download for full dataset.")
	eval[bool](q.tab, `window.longest = 0, new PerformanceObserver((l) => { for (const e of l.getEntries()) window.longest = Math.max(window.longest, e.duration) }).observe({type: "longtask"}), true`)
	q.run("SELECT value AS n, 'Customer ' || value AS name, value * 1.25 AS price, CASE WHEN value % 3 THEN 'leave at the door' END AS note, value % 7 AS day, hex(value) AS h FROM generate_series(1, 100000)")
	q.is("document.querySelector('#query-results .result-count').innerText.split('\\n')[0]", "500/100000 rows. Download for full dataset.")
	q.tap(".load-more").is("document.querySelector('#query-results .result-count').innerText", "100000 rows")
	q.is("document.querySelector('.result-scroll').scrollHeight > 1e6", true)
	// The rows are drawn with the next frame, and until then the end is higher up: so
	// each attempt scrolls again.
	q.is("(document.querySelector('.result-scroll').scrollTop = 1e9, document.querySelector('#query-results tbody').innerText.includes('Customer 100000'))", true)
	eval[bool](q.tab, "document.querySelector('.result-scroll').scrollTop = 1e6, true")
	q.is("document.querySelectorAll('#query-results tbody td').length > 100 && document.querySelectorAll('#query-results tbody td').length < 2000", true)
	// Nor does one with many columns, or with long values.
	columns := make([]string, 150)
	for i := range columns {
		columns[i] = fmt.Sprintf("value * %d AS c%d", i, i)
	}
	q.run("SELECT " + strings.Join(columns, ", ") + " FROM generate_series(1, 500)")
	q.is("document.querySelector('#query-results .result-count').innerText", "500 rows The first 100 of 150 columns are shown.")
	q.is("(document.querySelector('.result-scroll').scrollTop = 5000, document.querySelector('#query-results tbody').innerText.includes('\\t13860'))", true)
	q.run("SELECT value, hex(zeroblob(500000)) AS long FROM generate_series(1, 40)")
	q.is("document.querySelector('#query-results .result-count').innerText", "40 rows")
	longest := eval[float64](q.tab, "window.longest")
	q.t.Logf("the longest task takes %.0f ms", longest)
	if longest > 1000 { // the machine may be busy with other tests
		q.t.Errorf("a task of the page took %.0f ms", longest)
	}
}

// A result of any size is read in parts, and the server waits meanwhile.
func queryParts(q *queryTab) {
	const count = "document.querySelector('#query-results .result-count').innerText.split('\\n')[0]"
	q.start()
	q.run("SELECT value AS n, hex(randomblob(60)) AS long FROM generate_series(1, 390000)").is(count, "500 of more than 200000 rows.")
	q.is("document.querySelector('#query-status').innerText", "Paused")
	if n := q.running(); n != 1 {
		q.t.Errorf("%d queries wait", n)
	}
	q.tap(".load-more").is(count, "200000 of more than 200000 rows.")
	q.tap(".load-more").is(count, "390000 rows")
	if n := q.running(); n != 0 {
		q.t.Errorf("%d queries wait", n)
	}
	q.run("SELECT value AS n, hex(randomblob(60)) AS long FROM generate_series(1, 390000)").is(count, "500 of more than 200000 rows.")
	q.tap("#cancel-query-btn").is("document.querySelector('#query-status').innerText.startsWith('Canceled after ')", true)
	harness.Until(q.t, "the query to end", func() bool { return q.running() == 0 })
}

// A running query can be canceled, and then the server does not run it any more.
func queryCancel(q *queryTab) {
	q.start()
	q.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
	q.do(chromedp.WaitVisible(chromedp.CSS("#cancel-query-btn")))
	q.is("/^\\d+\\.\\d s$/.test(document.querySelector('#query-time').textContent)", true)
	harness.Until(q.t, "the query to run", func() bool { return q.running() == 1 })
	q.tap("#cancel-query-btn").shows("#query-results", "Query canceled\nThe query was canceled.")
	q.is("document.querySelector('#query-status').textContent.startsWith('Canceled after ')", true)
	harness.Until(q.t, "the query to end", func() bool { return q.running() == 0 })
}

func (q *queryTab) running() int {
	q.t.Helper()
	list, err := q.user.RunningQueries(q.t.Context(), "alice", "shop.sqlite")
	if err != nil {
		q.t.Fatal(err)
	}
	return len(list)
}

// withScript enables scripts again.
func (q *queryTab) withScript() *queryTab {
	q.t.Helper()
	q.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
		return chromedp.Void{}, err
	})
	return q
}

// Keys without a character.
const (
	keyEnd   = kb.End
	keyHome  = kb.Home
	keyRight = kb.ArrowRight
)

// tap clicks an element.
func (q *queryTab) tap(selector string) *queryTab {
	q.t.Helper()
	q.click(selector)
	return q
}

// open opens an address.
func (q *queryTab) open(address string) *queryTab {
	q.t.Helper()
	q.tab.open(address)
	return q
}
