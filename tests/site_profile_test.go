package tests

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/tests/harness"
)

// The profile and its forms, in a browser without script.
func TestProfilePages(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	srv.Register("alice")
	srv.Register("bob").Create("notes.sqlite")
	b := newBrowser(t)
	b.logIn(srv, "alice")

	p := b.open(srv.URL + "/alice").want("alice")
	for _, part := range []string{"Edit profile", "No databases...yet!", "Create your first database"} {
		if !strings.Contains(p.body, part) {
			t.Errorf("the own profile lacks %q", part)
		}
	}
	// U10: what was not filled in stays unset, and the name of the account is no display name.
	p = p.send("/alice/update_profile", "description", " Reads <b>maps</b>\n", "links[]", "https://example.org/a")
	p.want("alice")
	got, err := srv.Client("").Entity(t.Context(), "alice")
	if err != nil || got.Profile.DisplayName != nil || got.Profile.Organization != nil || len(got.Profile.Links) != 1 || got.Profile.Links[0].URL != "https://example.org/a" {
		t.Errorf("the profile is %+v, %v", got.Profile, err)
	}
	if !strings.Contains(p.body, "Reads &lt;b&gt;maps&lt;/b&gt;") || !strings.Contains(p.body, `rel="nofollow me"`) || !strings.Contains(p.body, "Your profile is saved.") {
		t.Errorf("after the form: %s", p.body)
	}
	// S6: a link that would run a script is refused with a reason; the form keeps the rest.
	p = p.send("/alice/update_profile", "display_name", "Alice", "links[]", "javascript:alert(1)")
	if p.status != 400 || !strings.Contains(p.body, `value="Alice"`) || strings.Contains(p.body, `href="javascript:`) {
		t.Errorf("%d %s", p.status, p.body)
	}

	b.open(srv.URL+"/alice").send("/alice/create_database", "database_slug", "Shop.sqlite", "db_type", "sqlite", "public_sharing_level", "no-access").want("Explore alice/Shop.sqlite") // U2
	for name, status := range map[string]int{"Shop.sqlite": 409, "a/b": 400, " ": 400} {
		p := b.open(srv.URL+"/alice").send("/alice/create_database", "database_slug", name, "db_type", "sqlite", "public_sharing_level", "no-access")
		if p.status != status || !strings.Contains(p.body, `role="alert"`) {
			t.Errorf("create %q: %d %s", name, p.status, p.body)
		}
	}
	// U18: an engine that is not there is refused on the page.
	if p := b.open(srv.URL+"/alice").send("/alice/create_database", "database_slug", "a.duckdb", "db_type", "nothing", "public_sharing_level", "no-access"); p.status != 400 || !strings.Contains(p.body, "Create a new database") {
		t.Errorf("%d %s", p.status, p.body)
	}

	// U9: a visitor is not told to create a database, and cannot edit.
	p = b.open(srv.URL + "/bob").want("bob")
	for _, part := range []string{"Edit profile", "Create database", "Create your first", "notes.sqlite"} {
		if strings.Contains(p.body, part) {
			t.Errorf("a visitor sees %q", part)
		}
	}
	for _, path := range []string{"/bob/update_profile", "/bob/create_database"} {
		if p := b.do("POST", srv.URL+path, map[string][]string{"database_slug": {"x.sqlite"}}, nil); p.status != 403 {
			t.Errorf("%s of another account: %d", path, p.status)
		}
	}
	// U6: an unknown account is a page that says so.
	if p := b.open(srv.URL + "/nobody-here").want("Not found"); p.status != 404 || !strings.Contains(p.body, "Entity not found") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

// The owner finds deleted databases on the profile and brings them back, without script.
func TestUndeletePage(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	srv.Register("bob")
	for _, name := range []string{"shop.sqlite", "notes.sqlite"} {
		alice.Create(name)
		if err := alice.DeleteDatabase(t.Context(), "alice", name); err != nil {
			t.Fatal(err)
		}
	}
	alice.Create("notes.sqlite")
	b := newBrowser(t)
	b.logIn(srv, "alice")
	p := b.open(srv.URL + "/alice").want("alice")
	if !strings.Contains(p.body, "Deleted databases") || strings.Count(p.body, "can be undeleted until") != 2 {
		t.Errorf("%s", p.body)
	}
	p = p.send("/alice/undelete", "database", "shop.sqlite").want("alice")
	if !strings.Contains(p.body, "shop.sqlite is back.") || !strings.Contains(p.body, `<a href="/alice/shop.sqlite">`) {
		t.Errorf("%s", p.body)
	}
	if p := p.send("/alice/undelete", "database", "notes.sqlite"); p.status != 409 || !strings.Contains(p.body, "rename it first") {
		t.Errorf("%d %s", p.status, p.body)
	}
	bob := newBrowser(t)
	bob.logIn(srv, "bob")
	if p := bob.open(srv.URL + "/alice"); strings.Contains(p.body, "Deleted databases") {
		t.Error("a visitor sees deleted databases")
	}
	if p := bob.do("POST", srv.URL+"/alice/undelete", map[string][]string{"database": {"notes.sqlite"}}, nil); p.status != 403 {
		t.Errorf("%d", p.status)
	}
}

// Saving a profile shows the new values without loading the page again.
func TestProfileInChromium(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	srv.Register("alice")
	b := newTab(t, startChromium(t))
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).want("alice")
	eval[bool](b, "window.same = true")
	b.click("button[data-toggle='profile-shown profile-edit']").fill("[name=display_name]", "Alice A.").fill("[name=organization]", "Maps Inc.")
	b.fill(".link-input-group input", "https://example.org/one").click("button[data-add]")
	b.fill(".link-input-group:nth-last-of-type(1) input", "https://example.org/two")
	b.click("#profile-edit .btn-primary")
	b.do(chromedp.WaitVisible(chromedp.CSS("a[href='https://example.org/two']")))
	if !eval[bool](b, "window.same === true") || eval[string](b, "document.querySelector('h1').textContent") != "Alice A." {
		t.Error("the page was loaded again, or does not show the new name")
	}
	b.open(srv.URL + "/alice").want("Alice A.")
	b.click("button[data-toggle='create-database']").fill("[name=database_slug]", "new.sqlite").click("button[data-value='duckdb']").click("button[data-value='sqlite']")
	b.click("button[type='submit']").want("Explore alice/new.sqlite")
}
