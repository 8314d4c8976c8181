package tests

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/tests/harness"
)

// trees is the database of the pictures: the trees of a city by district and year.
const trees = `CREATE TABLE district(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, hectares REAL);
INSERT INTO district(name, hectares) VALUES ('Harbour', 310.5), ('Old Town', 122.0), ('Riverside', 540.25), ('Hillcrest', 415.0), ('Northfield', 780.75);
CREATE TABLE tree(id INTEGER PRIMARY KEY, species TEXT NOT NULL, district INTEGER NOT NULL REFERENCES district(id), planted INTEGER, height REAL, note TEXT);
CREATE INDEX tree_by_district ON tree(district);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4200)
INSERT INTO tree(species, district, planted, height, note)
SELECT json_extract('["Linden","Plane","Oak","Maple","Ginkgo","Birch","Cherry"]', '$[' || (i * 31 % 7) || ']'), 1 + (i * i % 23) % 5, 1950 + i * 13 % 74,
	round(3 + (i * 29 % 170) / 10.0, 1), CASE i % 9 WHEN 0 THEN 'protected' WHEN 4 THEN 'storm damage, see report' END FROM n;
CREATE VIEW trees_by_district AS SELECT name, count(*) AS trees, round(count(*) / hectares, 2) AS per_hectare FROM tree JOIN district ON district.id = tree.district GROUP BY district;`

// The pictures of the README show what the pages do: `make screenshots` writes them to
// docs/pictures.
func TestTourPictures(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	srv.Register("alice")
	ada := srv.Register("ada")
	ada.Create("trees.sqlite")
	ada.Exec("trees.sqlite", trees)
	b := newTab(t, startChromium(t))
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "ada")).waitTitle("ada")

	link := url.Values{"sql": {"SELECT name, trees, per_hectare\nFROM trees_by_district\nORDER BY trees DESC;"}, "chart": {"bar"}, "x": {"name"}, "y": {"trees"}}
	b.do(chromedp.EmulateViewport(1280, 860), media("light"))
	b.open(srv.URL + "/ada/trees.sqlite#query?" + link.Encode())
	b.waitTitle("Explore ada/trees.sqlite").until("the editor", "!document.querySelector('#run-query-btn').disabled")
	b.click("#run-query-btn").until("the chart", "document.querySelector('#chart-panel canvas') !== null && document.querySelectorAll('#query-results tbody tr').length === 5")
	b.window("query")
	b.do(media("dark"))
	b.open(srv.URL+"/ada/trees.sqlite/data?table=tree&sort=height&order=desc").until("the rows", "document.querySelectorAll('#rows tbody tr').length === 100")
	b.window("data")
	b.do(media("light"))
	b.open(srv.URL+"/ada/trees.sqlite#sharing").until("the list", "document.querySelector('#permissions-list')?.innerText.length > 0")
	b.window("sharing")
}

// window writes a picture of what fits into the window.
func (b *tab) window(name string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	dir := os.Getenv("AYB_PICTURES")
	if dir == "" {
		dir = b.t.ArtifactDir()
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
