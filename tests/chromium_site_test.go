package tests

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/tests/harness"
)

// sitePage is a page of the site, for the tests that look at every page.
type sitePage struct {
	name, path, title string
	anonymous         bool
}

// sitePages are the pages that the tests look at. alice has the databases shop.sqlite
// and empty.sqlite.
var sitePages = []sitePage{
	{"home-anonymous", "/", "Home", true},
	{"register", "/register", "Create account", true},
	{"log-in", "/log_in", "Log in", true},
	{"home", "/", "Home", false},
	{"profile", "/alice", "alice", false},
	{"profile-edit", "/alice?edit=profile", "alice", false},
	{"profile-create", "/alice?create=database", "alice", false},
	{"database", "/alice/shop.sqlite", "Explore alice/shop.sqlite", false},
	{"data", "/alice/shop.sqlite/data?table=order", "Explore alice/shop.sqlite", false},
	{"data-empty", "/alice/empty.sqlite/data", "Explore alice/empty.sqlite", false},
	{"row", "/alice/shop.sqlite/data/row?table=customer&key=WzFd", "Explore alice/shop.sqlite", false},
	{"cell", "/alice/shop.sqlite/data/cell?table=customer&key=WzFd&column=name", "Explore alice/shop.sqlite", false},
	{"sharing", "/alice/shop.sqlite/permissions", "Explore alice/shop.sqlite", false},
	{"remove-access", "/alice/shop.sqlite/remove_access?entity=bob", "Explore alice/shop.sqlite", false},
	{"snapshots", "/alice/shop.sqlite/snapshots", "Explore alice/shop.sqlite", false},
	{"transfer", "/alice/shop.sqlite/transfer", "Explore alice/shop.sqlite", false},
	{"settings", "/alice/shop.sqlite/settings", "Explore alice/shop.sqlite", false},
	{"delete", "/alice/shop.sqlite/delete", "Explore alice/shop.sqlite", false},
	{"not-found", "/alice/none.sqlite", "Not found", false},
	{"consent", "/oauth/authorize?response_type=code&scope=read-only&app_name=Notes&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb&code_challenge_method=S256" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "Authorize Notes", false},
	{"tokens", "/settings/tokens", "alice - API Tokens", false},
	{"tokens-create", "/settings/tokens?create=token", "alice - API Tokens", false},
	{"account", "/settings/account", "alice - Account", false},
	{"log-out", "/log_out", "Log out", false},
}

// looks are the sizes and colour schemes in which each page is looked at.
var looks = []struct {
	name          string
	width, height int64
	scheme        string
}{
	{"desktop-light", 1280, 720, "light"}, {"desktop-dark", 1280, 720, "dark"}, {"phone-light", 390, 844, "light"}, {"phone-dark", 390, 844, "dark"},
}

// Every page fits each screen, passes axe-core, and violates no policy. Pictures of the
// pages are written to the directory AYB_SCREENSHOTS, or to that of `go test -artifacts`.
func TestSiteInChromium(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	siteContent(t, srv)
	chromium := startChromium(t)
	axe, err := os.ReadFile("../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe-core is missing (make web installs it): %v", err)
	}
	anonymous, alice := newTab(t, chromium), newTab(t, chromium)
	alice.open(alice.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).want("alice")
	for _, page := range sitePages {
		b := alice
		if page.anonymous {
			b = anonymous
		}
		for _, look := range looks {
			b.t = t
			b.do(chromedp.EmulateViewport(look.width, look.height), media(look.scheme))
			b.open(srv.URL + page.path).waitTitle(page.title)
			if wide := eval[int64](b, "document.documentElement.scrollWidth"); wide > look.width {
				t.Errorf("%s, %s: the page is %d pixels wide", page.name, look.name, wide)
			}
			b.picture(page.name + "-" + look.name)
			for _, v := range b.axe(string(axe)) {
				t.Errorf("%s, %s: %s", page.name, look.name, v)
			}
			b.content()
		}
	}
}

// siteContent makes the databases that the pages show.
func siteContent(t *testing.T, srv *harness.Server) {
	t.Helper()
	alice := srv.Register("alice")
	alice.Create("shop.sqlite")
	alice.Create("empty.sqlite")
	alice.Exec("shop.sqlite", `CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE);
		CREATE TABLE "order"(id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer(id), price REAL, note TEXT);
		CREATE INDEX by_customer ON "order"(customer);
		CREATE VIEW spent AS SELECT name, sum(price) AS total FROM customer JOIN "order" ON customer = customer.id GROUP BY customer;
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 300)
		INSERT INTO customer SELECT i, 'Customer ' || i, CASE WHEN i % 7 THEN 'c' || i || '@example.org' END FROM n;
		INSERT INTO "order" SELECT id, id, id * 1.25, CASE id % 3 WHEN 0 THEN '' WHEN 1 THEN NULL ELSE 'leave at the door' END FROM customer`)
}

// media chooses the colour scheme of a tab, without transitions.
func media(scheme string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		return chromedp.Void{}, err
	}
}

// waitTitle waits for a page with this title.
func (b *tab) waitTitle(title string) *tab {
	b.t.Helper()
	is := ""
	harness.Until(b.t, fmt.Sprintf("the page %q (it is at %s, %q)", title, eval[string](b, "location.href"), is), func() bool {
		is = eval[string](b, "document.readyState === 'complete' ? document.title : ''")
		return is == title+" - ayb"
	})
	return b
}

// picture writes a picture of the page.
func (b *tab) picture(name string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	dir := os.Getenv("AYB_SCREENSHOTS")
	if dir == "" {
		dir = b.t.ArtifactDir()
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// axe returns the serious and critical violations of accessibility rules.
func (b *tab) axe(source string) []string {
	b.t.Helper()
	if !eval[bool](b, source+"; typeof axe === 'object'") {
		b.t.Fatalf("axe-core does not start; the browser said %q", b.requests())
	}
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`axe.run().then((r) => r.violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map((v) => v.id + ": " + v.help + " at " + v.nodes.map((n) => n.target.join(" ") + " (" + n.failureSummary + ")").join("; ")).join("\n"))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	if found == "" {
		return nil
	}
	return strings.Split(found, "\n")
}
