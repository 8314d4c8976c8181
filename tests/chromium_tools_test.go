package tests

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/ayb-go/ayb/shared/sqlsplit"
	"github.com/ayb-go/ayb/tests/harness"
)

// The tools around the editor and the results.
func TestQueryToolsInChromium(t *testing.T) {
	q := startQueries(t)
	q.user.Exec("shop.sqlite", `CREATE TABLE Customers(id INTEGER PRIMARY KEY, "full name" TEXT, "order" INT, "say ""hi""" TEXT, price REAL);
		CREATE TABLE "group"(id INTEGER PRIMARY KEY, customer INTEGER REFERENCES Customers(id)); CREATE INDEX by_customer ON "group"(customer);
		CREATE TABLE sales(day TEXT, amount REAL); INSERT INTO sales SELECT date('2026-01-01', value || ' days'), value * 7 % 31 FROM generate_series(0, 99)`)
	for _, part := range []struct {
		name string
		test func(*queryTab)
	}{
		{"completion", queryCompletes}, {"statements", querySplits}, {"history", queryRemembers}, {"plan", queryExplains},
		{"chart and link", queryDraws}, {"tabs", queryTabs}, {"downloads", queryDownloads}, {"values", queryShowsValues}, {"looks", queryLooks}, {"weight", queryWeighs},
	} {
		t.Run(part.name, func(t *testing.T) {
			q.t = t
			part.test(q)
			q.content()
		})
	}
}

// suggested is what the list of the completion contains.
const suggested = `[...document.querySelector(".query-editor").shadowRoot.querySelectorAll(".cm-tooltip-autocomplete li .cm-completionLabel")].map((l) => l.textContent)`

// Names are suggested where they make sense, and quoted as SQLite needs it.
func queryCompletes(q *queryTab) {
	q.start()
	for _, tt := range []struct{ before, after, typed, first, want string }{
		{"SELECT * FROM ", "", "cus", "Customers", "SELECT * FROM Customers"},                             // capitals need no quotes
		{"SELECT * FROM ", "", "gro", "group", `SELECT * FROM "group"`},                                   // reserved words do
		{"SELECT ", " FROM Customers", "ful", "full name", `SELECT "full name" FROM Customers`},           // columns of FROM, without a qualifier
		{"SELECT ", " FROM Customers", "say", `say "hi"`, `SELECT "say ""hi""" FROM Customers`},           // inner quotes are doubled
		{"SELECT c.", " FROM [Customers] AS c", "ord", "order", `SELECT c."order" FROM [Customers] AS c`}, // aliases
		{"SELECT customers.", " FROM Customers", "pri", "price", `SELECT customers.price FROM Customers`}, // SQLite ignores the case
		{"UPDATE Customers SET ", "", "pri", "price", "UPDATE Customers SET price"},
		{"INSERT INTO Customers(", "", "pri", "price", "INSERT INTO Customers(price"},
		{"WITH w(alpha) AS (SELECT 1) SELECT ", " FROM w", "alp", "alpha", "WITH w(alpha) AS (SELECT 1) SELECT alpha FROM w"},
		{"SELECT * FROM test JOIN ", "", "sal", "sales", "SELECT * FROM test JOIN sales"},
		{`SELECT * FROM "`, "", "gro", "group", `SELECT * FROM "group"`},
		{"SELECT 1; SELECT ", " FROM sales", "amo", "amount", "SELECT 1; SELECT amount FROM sales"},
	} {
		q.setText(tt.before+tt.after).tap(".query-editor").press(kb.End, chromedp.ModifierCtrl)
		for range tt.after {
			q.press(kb.ArrowLeft)
		}
		q.press(tt.typed).is(suggested+"[0]", tt.first)
		q.settled().enter().is("document.querySelector('#query').value", tt.want)
	}
	for _, text := range []string{"SELECT 'cus", "SELECT 1 -- cus", "SELECT /* cus", "SELECT x'cus", "SELECT :cus"} {
		q.setText(text).tap(".query-editor").press(kb.End, chromedp.ModifierCtrl).press("t").press(" ", chromedp.ModifierCtrl)
		q.press("o").is("document.querySelector('#query').value", text+"to")
		if got := eval[int](q.tab, suggested+".length"); got != 0 {
			q.t.Errorf("%s: %d suggestions", text, got)
		}
	}
	// A new table is suggested without a reload.
	q.run("CREATE TABLE brandnew(x)").shows("#query-results", "Query executed successfully. No results returned.")
	q.setText("SELECT * FROM ").tap(".query-editor").press(kb.End, chromedp.ModifierCtrl).press("bra").is(suggested+"[0]", "brandnew")
	q.press(kb.Escape)
}

// settled waits until the list of the completion takes keys: for the first 75 ms it does
// not, so that a key that was meant for the text is not taken.
func (q *queryTab) settled() *queryTab {
	q.t.Helper()
	eval[bool](q.tab, "window.appeared = performance.now(), true")
	q.is("performance.now() - window.appeared > 80", true)
	return q
}

// enter presses the key as a keyboard does.
func (q *queryTab) enter() *queryTab {
	q.t.Helper()
	for _, event := range []input.DispatchKeyEventParams{
		{Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13},
		{Type: input.DispatchKeyEventTypeKeyUp, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13},
	} {
		q.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
			_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, event)
			return chromedp.Void{}, err
		})
	}
	return q
}

// The page splits texts where the server does.
func querySplits(q *queryTab) {
	q.start()
	eval[bool](q.tab, "import(document.querySelector('#query-form').dataset.editor).then((m) => { window.split = (t) => m.statements(t).map((s) => t.slice(s.from, s.to)) }), true")
	q.is("typeof window.split", "function")
	for _, text := range []string{
		"", ";", " ; ; ", "SELECT 1", "SELECT 1;", "SELECT 1; SELECT 2", "-- a;b\nSELECT 1; /* ; */ SELECT 2 /* ", "/* a /* b */ SELECT 1; */ SELECT 2",
		"SELECT ';'; SELECT \"a;\"; SELECT `;`; SELECT [a;b'c]; SELECT 'it''s;'; SELECT 'open; SELECT 3",
		"CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END; SELECT 3", "create temp trigger a begin select end; end; select 1",
		"EXPLAIN CREATE TRIGGER a BEGIN SELECT 1; END; SELECT 2", "EXPLAIN QUERY PLAN SELECT 1; SELECT 2", "CREATE TABLE trigger(a); SELECT 1",
		"CREATE TRIGGER a BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; END /* x */; SELECT 4", "SELECT 1 - 2 / 3; SELECT --\n4", "Ä; ä;é", "SELECT 'é;'; SELECT 1\u00a0; SELECT 2",
		"BEGIN; SELECT 1; COMMIT", "CREATE TRIGGER a BEGIN SELECT 1; END", "SELECT 1;-- end", "\f\tSELECT\r\n1;\v",
	} {
		want := []string{}
		reader := sqlsplit.NewStatements(strings.NewReader(text), 1<<20)
		for {
			unit, err := reader.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				q.t.Fatal(err)
			}
			if begin := sqlsplit.Offset(unit.Text, 0); begin >= 0 {
				want = append(want, unit.Text[begin:])
			}
		}
		q.is(fmt.Sprintf("window.split(%q)", text), want)
	}
}

// Queries are kept in this browser until they are removed.
func queryRemembers(q *queryTab) {
	q.start()
	q.run("SELECT 'first' AS a").shows("#query-results", "Download CSV\nDownload JSON\na\nfirst\n1 row")
	q.run("SELECT 'second' AS a").shows("#query-results", "Download CSV\nDownload JSON\na\nsecond\n1 row")
	q.start()
	q.tap("#history-btn").is("[...document.querySelectorAll('#history-dialog code')].slice(0, 2).map((c) => c.textContent)", []string{"SELECT 'second' AS a", "SELECT 'first' AS a"})
	q.tap("#history-dialog li:nth-child(2) button").is("document.querySelector('#query').value", "SELECT 'first' AS a")
	q.is(editorText, "SELECT 'first' AS a")
	q.tap("#history-btn").tap("#history-dialog .btn-danger").is("document.querySelectorAll('#history-dialog code').length", 0)
	q.press(kb.Escape).is("document.querySelector('#history-dialog').open", false)
	q.start().is("Object.keys(localStorage).map((k) => localStorage.getItem(k)).join('').includes('first')", false)
}

// The plan of a query is a tree of lists.
func queryExplains(q *queryTab) {
	q.start()
	q.setText(`SELECT * FROM Customers JOIN "group" ON customer = Customers.id WHERE Customers.id IN (SELECT customer FROM "group" UNION SELECT 1)`)
	q.tap("#plan-btn").is("document.querySelector('#plan-panel').innerText.includes('MERGE (UNION)')", true)
	q.is("document.querySelectorAll('#plan-panel .plan-tree ul ul li').length > 1", true)
	q.is("document.querySelector('#plan-panel .plan-search').innerText", "SEARCH")
	q.setText("SELECT nonsense").tap("#plan-btn").shows("#plan-panel .alert", "The plan can't be shown\nno such column: nonsense")
	// A statement that writes has a plan, too, and is not run.
	q.setText("DELETE FROM sales WHERE amount > 1").tap("#plan-btn").shows("#plan-panel .plan-tree", "SCAN sales")
	if n := q.user.Cell("shop.sqlite", "SELECT count(*) FROM sales"); n != "100" {
		q.t.Errorf("%s rows are left", n)
	}
}

// A result is drawn as a chart, and a link contains the query and the chart. Opening
// the link runs nothing.
func queryDraws(q *queryTab) {
	const drawn = `(() => { const c = document.querySelector("#chart-panel canvas"); if (!c) return 0;
		const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; const seen = new Set();
		for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 200) seen.add(d[i] + "," + d[i + 1] + "," + d[i + 2]); return seen.has("31,95,191") })()`
	q.start()
	q.run("SELECT day, amount FROM sales").is("document.querySelector('#chart-btn').innerText", "Chart")
	q.tap("#chart-btn").is(drawn, true)
	q.is("document.querySelector('#chart-panel [role=img]').ariaLabel", "Line chart of amount by day. The table below has the values.")
	for _, kind := range []string{"bar", "scatter", "histogram"} {
		q.do(chromedp.SetValue(chromedp.CSS("#chart-kind"), kind))
		eval[bool](q.tab, "document.querySelector('#chart-kind').dispatchEvent(new Event('change')), true")
		q.is(drawn, true)
	}
	q.do(chromedp.SetValue(chromedp.CSS("#chart-x"), "amount"))
	eval[bool](q.tab, "document.querySelector('#chart-x').dispatchEvent(new Event('change')), true")
	q.is("document.querySelector('#chart-panel [role=img]').ariaLabel", "Histogram of amount. The table below has the values.")
	q.click("#result-tools button:last-child")
	q.is("location.hash", "#query?sql=SELECT+day%2C+amount+FROM+sales&chart=histogram&x=amount")
	link := eval[string](q.tab, "location.href")

	q.open("about:blank").open(link)
	q.is("document.querySelector('#query').value", "SELECT day, amount FROM sales")
	q.editor().is("document.querySelector('#query-notice').hidden", false)
	q.shows("#query-results", "")
	q.tap("#run-query-btn").is(drawn, true)
	q.is("document.querySelector('#chart-panel [role=img]').ariaLabel", "Histogram of amount. The table below has the values.")

	q.open("about:blank").open(q.address + "#query?sql=" + url.QueryEscape("DELETE FROM sales") + "&chart=bar")
	q.editor().is("document.querySelector('#query').value", "DELETE FROM sales")
	q.is("document.querySelector('#query-notice').hidden", false)
	if n := q.user.Cell("shop.sqlite", "SELECT count(*) FROM sales"); n != "100" {
		q.t.Errorf("a link ran: %s rows are left", n)
	}
}

// The fragment of the address selects a panel.
func queryTabs(q *queryTab) {
	q.start()
	shown := "[...document.querySelectorAll('.panels > .panel')].filter((p) => p.offsetHeight > 0).map((p) => p.dataset.panel)"
	q.is(shown, []string{"query"})
	q.tap("a[href='#sharing']").is(shown, []string{"sharing"})
	q.is("location.hash", "#sharing")
	q.tap("a[href='#snapshots']").is(shown, []string{"snapshots"})
	q.is("document.querySelector('.tabs [aria-current]').innerText", "Snapshots")
	eval[bool](q.tab, "history.back(), true")
	q.is(shown, []string{"sharing"})
	q.open("about:blank").open(q.address+"#snapshots").is(shown, []string{"snapshots"})
	q.tap("a[href='#query']").is(shown, []string{"query"})
	q.open("about:blank").open(q.address+"#query").is(shown, []string{"query"})
}

// U4: a file is made of the rows that are there, and the statement runs once.
func queryDownloads(q *queryTab) {
	dir := q.t.TempDir()
	q.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		in := chromedp.FromContext(ctx).BrowserContextID
		_, err := cdp.Call(ctx, t, cdbrowser.SetDownloadBehavior, cdbrowser.SetDownloadBehaviorParams{Behavior: cdbrowser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: in, DownloadPath: dir})
		return chromedp.Void{}, err
	})
	q.start()
	q.run(`CREATE TABLE made(x); INSERT INTO made VALUES ('a,"b"'), (NULL), ('') RETURNING x AS "c,d", 1.50 AS r`)
	q.is("document.querySelectorAll('#query-results tbody tr').length", 3)
	q.tap(".result-downloads button:first-child").tap(".result-downloads button:last-child")
	for format, want := range map[string]string{
		"csv":  "\"c,d\",r\n\"a,\"\"b\"\"\",1.5\n,1.5\n\"\",1.5\n",
		"json": "{\n  \"fields\": [\n    \"c,d\",\n    \"r\"\n  ],\n  \"rows\": [\n    [\n      \"a,\\\"b\\\"\",\n      \"1.5\"\n    ],\n    [\n      null,\n      \"1.5\"\n    ],\n    [\n      \"\",\n      \"1.5\"\n    ]\n  ]\n}\n",
	} {
		file := filepath.Join(dir, "query-result-alice-shop.sqlite."+format)
		var got []byte
		harness.Until(q.t, "the file "+file, func() bool {
			got, _ = os.ReadFile(file)
			return len(got) > 0
		})
		if string(got) != want {
			q.t.Errorf("%s contains\n%s", file, got)
		}
	}
	if n := q.user.Cell("shop.sqlite", "SELECT count(*) FROM made"); n != "3" {
		q.t.Errorf("there are %s rows", n)
	}
}

// A long value is shown in a dialog, and JSON is indented.
func queryShowsValues(q *queryTab) {
	q.start()
	q.run(`SELECT json_object('a', json_array(1, 2), 'b', 'a text that is longer than a cell') AS j, zeroblob(40) AS z`)
	q.tap("td:first-child .cell-more").shows(".value-dialog pre", "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": \"a text that is longer than a cell\"\n}")
	q.press(kb.Escape).is("document.querySelector('.value-dialog')", nil)
	q.tap("td:last-child .cell-more").shows(".value-dialog pre", "X'"+strings.Repeat("00", 40)+"'")
	q.tap(".value-dialog .btn-primary").is("document.querySelector('.value-dialog')", nil)
}

// The panel with everything open fits each screen and passes axe-core.
func queryLooks(q *queryTab) {
	axe, err := os.ReadFile("../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		q.t.Fatalf("axe-core is missing (make web installs it): %v", err)
	}
	for _, look := range looks {
		q.do(chromedp.EmulateViewport(look.width, look.height), media(look.scheme))
		q.start()
		q.run("SELECT day, amount, CASE WHEN amount > 20 THEN 'much, as the text says that is long' END AS \"how much\", x'00ff' AS label FROM sales JOIN test ON day > fname OR 1 ORDER BY day")
		q.tap("#chart-btn").is("document.querySelector('#chart-panel canvas') !== null", true)
		q.tap("#plan-btn").is("document.querySelector('#plan-panel .plan-tree') !== null", true)
		q.look("query-"+look.name, look.width, string(axe))
		q.tap("#history-btn").is("document.querySelector('#history-dialog').open", true)
		q.look("query-history-"+look.name, look.width, string(axe))
		q.press(kb.Escape).run("SELECT day,\n  nonsense FROM sales").is("document.querySelector('#query-results .alert') !== null", true)
		q.look("query-error-"+look.name, look.width, string(axe))
	}
}

// The scripts of the page, with the editor and the charts, are small.
func queryWeighs(q *queryTab) {
	q.start()
	q.run("SELECT day, amount FROM sales").tap("#chart-btn").is("document.querySelector('#chart-panel canvas') !== null", true)
	q.tap("#plan-btn").is("document.querySelector('#plan-panel .plan-tree') !== null", true)
	if size := eval[int](q.tab, "performance.getEntriesByType('resource').filter((e) => e.name.endsWith('.js')).reduce((sum, e) => sum + e.encodedBodySize, 0)"); size < 50<<10 || size >= 200<<10 {
		q.t.Errorf("the scripts have %d compressed bytes", size)
	}
}

func (q *queryTab) look(name string, width int64, axe string) {
	q.t.Helper()
	if wide := eval[int64](q.tab, "document.documentElement.scrollWidth"); wide > width {
		q.t.Errorf("%s: the page is %d pixels wide", name, wide)
	}
	q.picture(name)
	q.is("document.querySelector('#query-box').offsetHeight < 200", true)
	q.is(suggested+".length", 0)
	for _, v := range q.tab.axe(axe) {
		q.t.Errorf("%s: %s", name, v)
	}
}
