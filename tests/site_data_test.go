package tests

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/ayb-go/ayb/tests/harness"
)

// cells returns the texts of the table of a page, row by row, without the first column
// (the link to the form).
func (p page) cells() (rows [][]string) {
	for n := range p.doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "tr" || n.Parent.Data != "tbody" {
			continue
		}
		var row []string
		for cell := range n.ChildNodes() {
			if cell.Type == html.ElementNode && cell.Data == "td" && attr(cell, "class") != "row-edit" {
				row = append(row, attr(cell, "class")+":"+innerText(cell))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func innerText(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return out.String()
}

// link follows the link with this text.
func (p page) link(text string) page {
	p.b.t.Helper()
	for n := range p.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && strings.TrimSpace(innerText(n)) == text {
			to, err := p.url.Parse(attr(n, "href"))
			if err != nil {
				p.b.t.Fatal(err)
			}
			return p.b.open(to.String())
		}
	}
	p.b.t.Fatalf("%s has no link %q:\n%s", p.url, text, p.body)
	return page{}
}

// The pages of a table, its filters, its cells and the form of a row, in a browser
// without script.
func TestDataPages(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	siteContent(t, srv)
	b := newBrowser(t)
	b.logIn(srv, "alice")
	base := srv.URL + "/alice/shop.sqlite"

	p := b.open(base + "/data").want("Explore alice/shop.sqlite")
	if rows := p.cells(); len(rows) != 100 || strings.Join(rows[6], "|") != "num:7|:Customer 7|null:" {
		t.Fatalf("%d rows, the seventh is %q", len(rows), rows[min(6, len(rows)-1)])
	}
	p = p.link("Next").link("Next")
	if rows := p.cells(); len(rows) != 100 || rows[0][0] != "num:201" || !strings.Contains(p.body, "Previous") || strings.Contains(p.body, ">Next<") {
		t.Errorf("the last page: %d rows from %v", len(rows), rows[0])
	}
	if rows := p.link("Previous").cells(); rows[0][0] != "num:101" {
		t.Errorf("the page before: %v", rows[0])
	}
	p = b.open(base + "/data").link("Last")
	if rows := p.cells(); rows[99][0] != "num:300" {
		t.Errorf("the last page: %v", rows[99])
	}

	p = b.open(base + "/data?table=order&sort=note&order=desc")
	if rows := p.cells(); !strings.HasSuffix(rows[0][3], "leave at the door") {
		t.Errorf("sorted: %v", rows[0])
	}
	// U12: NULL and an empty text look different.
	p = b.open(base + "/data?table=order&column[]=note&operator[]=null&value[]=&column[]=price&operator[]=lt&value[]=10")
	if rows := p.cells(); len(rows) != 3 || rows[0][3] != "null:" {
		t.Errorf("filtered: %v", rows)
	}
	p = b.open(base + "/data?table=order&column[]=note&operator[]=eq&value[]=")
	if rows := p.cells(); len(rows) != 100 || rows[0][3] != ":" {
		t.Errorf("filtered: %v", rows[:1])
	}
	if rows := b.open(base + "/data?table=spent&offset=100").cells(); len(rows) != 100 {
		t.Errorf("the view: %d rows", len(rows))
	}
	for _, bad := range []string{"table=none", "table=order&sort=none", "table=order&after=x", "table=order&column[]=none&operator[]=eq&value[]=1", "table=order&column[]=id&operator[]=evil&value[]=1", "table=spent&offset=-1", "table=order&after=" + url.QueryEscape("WzEsMl0")} {
		if p := b.open(base + "/data?" + bad); p.status != 400 && p.status != 404 || !strings.Contains(p.body, `role="alert"`) {
			t.Errorf("%s: %d", bad, p.status)
		}
	}
	if p := b.open(srv.URL + "/alice/empty.sqlite/data"); !strings.Contains(p.body, "no tables yet") {
		t.Error(p.body)
	}

	editsRows(t, b, base)

	srv.Register("bob")
	other := newBrowser(t)
	other.logIn(srv, "bob")
	for _, path := range []string{"/data", "/data/row?table=customer", "/data/cell?table=customer&key=WzFd&column=name"} {
		if p := other.open(base + path); p.status != 404 || strings.Contains(p.body, "Customer") {
			t.Errorf("a stranger at %s: %d", path, p.status)
		}
	}
}

// editsRows changes, adds and deletes rows by the forms.
func editsRows(t *testing.T, b *browser, base string) {
	t.Helper()
	row := base + "/data/row?table=customer&key=WzFd" // [1]
	form := b.open(row).want("Explore alice/shop.sqlite")
	shown := form.send("", "action", "preview", "value.0", "1", "value.1", "It's <new>", "value.2", "c1@example.org")
	if !strings.Contains(shown.body, `UPDATE main.&#34;customer&#34; SET &#34;name&#34; = &#39;It&#39;&#39;s &lt;new&gt;&#39; WHERE rowid = 1`) {
		t.Fatalf("the SQL: %s", shown.body)
	}
	done := shown.send("").want("Explore alice/shop.sqlite")
	if rows := done.cells(); !strings.Contains(done.body, "1 row is changed.") || rows[0][1] != ":It's <new>" {
		t.Errorf("after the change: %v", rows[0])
	}
	// The first form is old now: the row is not overwritten.
	late := form.send("", "action", "preview", "value.0", "1", "value.1", "Late", "value.2", "c1@example.org").send("")
	if late.status != 409 || !strings.Contains(late.body, "changed by another user") || !strings.Contains(late.body, "It&#39;&#39;s &lt;new&gt;") {
		t.Errorf("an old form: %d %s", late.status, late.body)
	}
	if p := form.send("", "action", "preview", "value.0", "1", "value.1", "Customer 1", "value.2", "c1@example.org"); p.status != 400 || !strings.Contains(p.body, "Nothing was changed") {
		t.Errorf("no change: %d", p.status)
	}
	added := b.open(base+"/data/row?table=customer").send("", "action", "preview", "value.0", "", "null.0", "1", "value.1", "New one", "null.1", "1", "value.2", "", "null.2", "1")
	if !strings.Contains(added.body, "INSERT INTO main.&#34;customer&#34;(&#34;name&#34;) VALUES (&#39;New one&#39;)") {
		t.Fatalf("the SQL: %s", added.body)
	}
	added.send("")
	deleted := b.open(base+"/data/row?table=customer&key=WzMwMV0").send("", "action", "delete")
	if p := deleted.send(""); !strings.Contains(p.body, "1 row is changed.") {
		t.Errorf("after the deletion: %s", p.body)
	}
	if p := b.open(base + "/data/row?table=customer&key=WzMwMV0"); p.status != 404 {
		t.Errorf("a deleted row: %d", p.status)
	}
	// SQLite's own refusal reaches the page.
	refused := b.open(row).send("", "action", "preview", "value.0", "2", "value.1", "x", "value.2", "c1@example.org").send("")
	if refused.status != 400 || !strings.Contains(refused.body, "UNIQUE constraint failed") {
		t.Errorf("a key that is in use: %d %s", refused.status, refused.body)
	}
}
