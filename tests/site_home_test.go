package tests

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// The start page, in a browser without script.
func TestHomePage(t *testing.T) {
	for _, setting := range harness.Settings() {
		t.Run(setting.String(), func(t *testing.T) { homePage(t, setting.Start(t)) })
	}
}

func homePage(t *testing.T, srv *harness.Server) {
	alice, bob := srv.Register("alice"), srv.Register("bob")
	bob.Create("lent.sqlite")
	bob.Create("secret.sqlite")
	if err := bob.Share(t.Context(), "bob", "lent.sqlite", httpapi.ShareRequest{EntityForPermission: "alice", SharingLevel: "read-write"}); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	p := b.open(srv.URL + "/").want("Home")
	for _, part := range []string{`href="/register"`, `href="/log_in"`, "ayb client set_default_url " + srv.URL, srv.URL + "/v1/YOU/shop.sqlite/query"} {
		if !strings.Contains(p.body, part) {
			t.Errorf("a visitor does not see %q", part)
		}
	}
	b.logIn(srv, "alice")
	// U3: the logo of each page leads to the start page.
	p = b.open(srv.URL + "/settings/account")
	if !strings.Contains(p.body, `<a class="brand" href="/">`) {
		t.Errorf("%s", p.body)
	}
	p = b.open(srv.URL + "/").want("Home")
	for _, part := range []string{"No databases...yet!", `<a href="/bob/lent.sqlite">`, `<span class="badge">read-write</span>`} {
		if !strings.Contains(p.body, part) {
			t.Errorf("alice does not see %q", part)
		}
	}
	if strings.Contains(p.body, "secret") {
		t.Error("alice sees a database that is not shared with her")
	}
	p.send("/alice/create_database", "database_slug", "mine.sqlite").want("Explore alice/mine.sqlite")
	if p = b.open(srv.URL + "/"); !strings.Contains(p.body, `<a href="/alice/mine.sqlite">`) || strings.Contains(p.body, "No databases") {
		t.Errorf("%s", p.body)
	}
	if _, err := alice.DatabaseDetails(t.Context(), "alice", "mine.sqlite"); err != nil {
		t.Error(err)
	}
}

// The start page creates a database without loading the page again for a mistake, and
// lists the databases that were opened in this browser.
func TestHomeInChromium(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	srv.Register("bob")
	alice.Create("one.sqlite")
	b := newTab(t, startChromium(t))
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).want("alice")
	b.open(srv.URL + "/").want("Home")
	if !eval[bool](b, "document.getElementById('recent').hidden") {
		t.Error("a browser that opened no database lists some")
	}
	eval[bool](b, "window.same = true")
	b.click("button[data-toggle='create-database']").fill("[name=database_slug]", "one.sqlite").click("#create-database [type=submit]")
	b.do(chromedp.WaitVisible(chromedp.CSS("#create-database .alert-error")))
	if !eval[bool](b, "window.same === true && document.getElementById('database_slug').value === 'one.sqlite'") {
		t.Error("the page was loaded again, or the name is gone")
	}
	b.do(chromedp.SetValue(chromedp.CSS("[name=database_slug]"), "two.sqlite"))
	b.click("#create-database [type=submit]").want("Explore alice/two.sqlite")
	b.open(srv.URL + "/alice/one.sqlite").want("Explore alice/one.sqlite").open(srv.URL + "/").want("Home")
	const recent = "[...document.querySelectorAll('#recent-list a')].map((a) => a.textContent).join(' ')"
	if got := eval[string](b, recent); got != "alice/one.sqlite alice/two.sqlite" {
		t.Errorf("opened: %q", got)
	}
	// Entries that another script left behind are not shown, nor is the list of another account.
	eval[bool](b, `localStorage.setItem("ayb_recent:alice", '["javascript:alert(1)", 3, "//evil.example/x", "/alice/one.sqlite"]'), true`)
	b.open(srv.URL + "/").want("Home")
	if got := eval[string](b, recent); got != "alice/one.sqlite" {
		t.Errorf("opened: %q", got)
	}
	b.open(srv.URL + "/log_out").want("Log out").click("button.main").want("Log in")
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "bob")).want("bob")
	b.open(srv.URL + "/").want("Home")
	if got := eval[string](b, recent); got != "" {
		t.Errorf("bob sees what alice opened: %q", got)
	}
}
