package tests

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/tests/harness"
)

// A large table opens as fast as a small one wherever one goes, and a large result does
// not freeze its page. The bounds are those of a person's patience, many times what is
// measured here; `make bench` measures.
func TestLargeTablesInChromium(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("big.sqlite")
	alice.Exec("big.sqlite", `CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, note TEXT);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000000) INSERT INTO item SELECT i, 'item ' || i, i * 1.5, 'some note' FROM n`)
	b := newTab(t, startChromium(t))
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).waitTitle("alice")
	b.do(chromedp.EmulateViewport(1280, 720))

	base := srv.URL + "/alice/big.sqlite"
	b.open(base + "/data?table=item").waitTitle("Explore alice/big.sqlite")
	t.Logf("first visit: %s", timing(b))
	for _, step := range []string{"the next page", "the last page", "the page before"} {
		selector := map[string]string{"the next page": "a[rel=next]", "the last page": ".pager a:last-child", "the page before": "a[rel=prev]"}[step]
		eval[bool](b, "window.old = true")
		b.click(selector).until("another page", "window.old !== true && document.querySelectorAll('#rows tbody tr').length === 100")
		took := timing(b)
		t.Logf("%s: %s", step, took)
		if took.Rows > 1000 {
			t.Errorf("%s takes %v ms", step, took.Rows)
		}
	}

	b.open(base).waitTitle("Explore alice/big.sqlite")
	t.Logf("the page with the editor: %s", timing(b))
	eval[bool](b, `{
		window.longest = 0;
		new PerformanceObserver((list) => { for (const e of list.getEntries()) window.longest = Math.max(window.longest, e.duration); }).observe({ type: "longtask" });
		true
	}`)
	b.do(chromedp.SetValue(chromedp.CSS("#query"), "SELECT * FROM item LIMIT 100000"))
	b.click("#run-query-btn").until("the rows", "document.querySelectorAll('#query-results tbody tr').length > 10")
	b.until("the end of the query", "document.querySelector('#cancel-query-btn').hidden")
	longest := eval[float64](b, "window.longest")
	t.Logf("a result of 100 000 rows: the longest task takes %.0f ms", longest)
	if longest > 1000 {
		t.Errorf("the page freezes for %.0f ms", longest)
	}
	b.content()
}

// pageTiming is how long a visit took, in milliseconds from its beginning.
type pageTiming struct {
	// Rows is when the document with the rows was complete, and Paint when its text was
	// painted.
	Rows, Paint float64
	// Bytes is what was transferred.
	Bytes float64
}

func (p pageTiming) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func timing(b *tab) pageTiming {
	return eval[pageTiming](b, `(() => {
		const [n] = performance.getEntriesByType("navigation");
		const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
		const bytes = performance.getEntriesByType("resource").reduce((sum, r) => sum + r.transferSize, n.transferSize);
		return { Rows: n.domInteractive, Paint: paint, Bytes: bytes };
	})()`)
}
