package tests

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// newToken finds the token that a page shows once.
var newToken = regexp.MustCompile(`id="new-token" readonly value="(ayb_([0-9A-Za-z]+)_[0-9A-Za-z]+)"`)

// API tokens are listed, created and revoked by forms without script.
func TestTokenPages(t *testing.T) {
	for _, setting := range harness.Settings() {
		t.Run(setting.String(), func(t *testing.T) { tokenPages(t, setting.Start(t)) })
	}
}

func tokenPages(t *testing.T, srv *harness.Server) {
	alice, bob := srv.Register("alice"), srv.Register("bob")
	alice.Create("shop.sqlite")
	bob.Create("lent.sqlite")
	bob.Create("secret.sqlite")
	if err := bob.Share(t.Context(), "bob", "lent.sqlite", httpapi.ShareRequest{EntityForPermission: "alice", SharingLevel: "read-only"}); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	// U5: without a log-in the pages lead to it, and back.
	if p := b.open(srv.URL + "/settings/tokens").want("Log in"); !strings.Contains(p.body, `name="next" value="/settings/tokens"`) {
		t.Errorf("%s", p.body)
	}
	if p := b.do("POST", srv.URL+"/settings/tokens", map[string][]string{"name": {"x"}}, nil).want("Log in"); p.status != 200 {
		t.Errorf("%d", p.status)
	}
	b.logIn(srv, "alice")
	list := b.open(srv.URL + "/settings/tokens").want("alice - API Tokens")
	if n := strings.Count(list.body, "<table"); n != 1 || strings.Count(list.body, "This log-in") != 1 || strings.Contains(list.body, "secret") {
		t.Errorf("%d tables: %s", n, list.body)
	}

	made := list.send("/settings/tokens", "name", "<b>page", "database", "bob/lent.sqlite", "level", "read-only", "expires_in", "30d")
	found := newToken.FindStringSubmatch(made.body)
	if made.status != 201 || found == nil || !strings.Contains(made.body, "&lt;b&gt;page") || !strings.Contains(made.body, srv.URL+"/v1/bob/lent.sqlite/query") {
		t.Fatalf("%d %s", made.status, made.body)
	}
	token, short := found[1], found[2]
	scoped := srv.Client(token)
	if _, err := scoped.Query(t.Context(), "bob", "lent.sqlite", "SELECT 1"); err != nil {
		t.Error(err)
	}
	if _, err := scoped.Query(t.Context(), "alice", "shop.sqlite", "SELECT 1"); err == nil {
		t.Error("the token reaches another database")
	}
	list = b.open(srv.URL + "/settings/tokens").want("alice - API Tokens")
	if strings.Contains(list.body, token) || !strings.Contains(list.body, `<a href="/bob/lent.sqlite">`) || !strings.Contains(list.body, `<td data-label="Permission">read-only</td>`) {
		t.Errorf("the list: %s", list.body)
	}

	for name, fields := range map[string][]string{
		"a level that alice lacks": {"database", "bob/lent.sqlite", "level", "read-write", "expires_in", ""},
		"a hidden database":        {"database", "bob/secret.sqlite", "level", "read-only", "expires_in", ""},
		"a lifetime":               {"database", "", "level", "read-only", "expires_in", "soon"},
	} {
		p := list.send("/settings/tokens", append(fields, "name", "kept name")...)
		if p.status/100 != 4 || newToken.MatchString(p.body) || !strings.Contains(p.body, `role="alert"`) || !strings.Contains(p.body, `value="kept name"`) {
			t.Errorf("%s: %d %s", name, p.status, p.body)
		}
	}

	p := list.send("/settings/tokens/" + short).want("alice - API Tokens")
	if !strings.Contains(p.body, "Token "+short+" revoked successfully") || strings.Contains(p.body, `action="/settings/tokens/`+short) {
		t.Errorf("%s", p.body)
	}
	if _, err := scoped.Query(t.Context(), "bob", "lent.sqlite", "SELECT 1"); err == nil {
		t.Error("a revoked token works")
	}
	// The address of another page cannot claim that a valid token is revoked.
	own := regexp.MustCompile(`action="/settings/tokens/([0-9A-Za-z]+)"`).FindStringSubmatch(p.body)[1]
	for _, claim := range []string{own, "<i>", ""} {
		if p := b.open(srv.URL + "/settings/tokens?revoked=" + claim); strings.Contains(p.body, "revoked successfully") {
			t.Errorf("%q: %s", claim, p.body)
		}
	}
	if p := b.do("DELETE", srv.URL+"/settings/tokens/"+httpapi.ShortToken(alice.Token), nil, http.Header{"Sec-Fetch-Site": {"same-origin"}}); p.status != 200 || !strings.Contains(p.body, "revoked successfully") {
		t.Errorf("%d %s", p.status, p.body)
	}
	if p := b.do("DELETE", srv.URL+"/settings/tokens/"+own, nil, http.Header{"Sec-Fetch-Site": {"cross-site"}}); p.status != 403 { // S17
		t.Errorf("%d", p.status)
	}
}

// The dialog asks before a token is revoked; its row changes without another page.
func TestTokensInChromium(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("shop.sqlite")
	short := httpapi.ShortToken(alice.Token)
	b := newTab(t, startChromium(t))
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).want("alice")
	b.open(srv.URL + "/settings/tokens").want("alice - API Tokens")
	eval[bool](b, "window.same = true")
	row, rows := "#token-"+short, "document.querySelectorAll('#tokens-table tr').length"
	b.click(row + " button").do(chromedp.WaitVisible(chromedp.CSS("#revoke-token-modal")))
	b.click("#revoke-token-modal button[value=cancel]").do(chromedp.WaitNotVisible(chromedp.CSS("#revoke-token-modal")))
	if eval[int](b, rows) != 2 {
		t.Error("the token is gone after Cancel")
	}
	b.click(row + " button").do(chromedp.WaitVisible(chromedp.CSS("#revoke-token-modal")))
	if text := eval[string](b, "document.querySelector('#revoke-token-title').innerText"); !strings.Contains(text, short) {
		t.Errorf("the dialog says %q", text)
	}
	b.click("#confirm-revoke-btn").do(chromedp.WaitVisible(chromedp.CSS(row + " em")))
	if text := eval[string](b, "document.querySelector('"+row+"').innerText"); text != "Token "+short+" revoked successfully" || !eval[bool](b, "window.same === true") {
		t.Errorf("the row says %q", text)
	}
	if err := alice.Health(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := alice.Tokens(t.Context()); err == nil {
		t.Error("the token still works")
	}

	b.click("[data-toggle=create-token]").fill("#token-name", "shop page").fill("#token-database", "alice/shop.sqlite")
	b.click(".token-level label:last-of-type").click("#create-token [type=submit]").do(chromedp.WaitVisible(chromedp.CSS("#new-token")))
	token := eval[string](b, "document.querySelector('#new-token').value")
	if _, err := srv.Client(token).Query(t.Context(), "alice", "shop.sqlite", "CREATE TABLE t(x)"); err != nil || !eval[bool](b, "window.same === true") {
		t.Error(err)
	}
	b.open(srv.URL + "/settings/tokens").want("alice - API Tokens")
	if eval[int](b, rows) != 2 {
		t.Error("after loading the page again there are not two tokens")
	}
}

// An account is deleted on its page, after its name was entered.
func TestAccountPage(t *testing.T) {
	for _, setting := range harness.Settings() {
		t.Run(setting.String(), func(t *testing.T) { accountPage(t, setting.Start(t)) })
	}
}

func accountPage(t *testing.T, srv *harness.Server) {
	alice := srv.Register("alice")
	alice.Create("shop.sqlite")
	b := newBrowser(t)
	b.open(srv.URL + "/settings/account").want("Log in") // U5
	b.logIn(srv, "alice")
	p := b.open(srv.URL + "/settings/account").want("alice - Account")
	for _, wrong := range []string{"", "bob", "alice2"} {
		if p := p.send("/settings/account/delete", "confirm", wrong); p.status != 400 || !strings.Contains(p.body, `role="alert"`) {
			t.Errorf("%q: %d %s", wrong, p.status, p.body)
		}
	}
	if _, err := alice.DatabaseDetails(t.Context(), "alice", "shop.sqlite"); err != nil {
		t.Fatal(err)
	}
	p = p.send("/settings/account/delete", "confirm", " Alice ").want("Home")
	if !strings.Contains(p.body, "The account alice and its databases are deleted.") {
		t.Errorf("%s", p.body)
	}
	if p := b.open(srv.URL + "/alice").want("Not found"); p.status != 404 {
		t.Errorf("%d", p.status)
	}
	b.open(srv.URL + "/settings/account").want("Log in")
}
