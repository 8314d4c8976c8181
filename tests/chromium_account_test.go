package tests

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// Each state of the pages of an account is looked at: they fit each screen and pass
// axe-core.
func TestAccountStatesInChromium(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("shop.sqlite")
	fillProfile(t, alice)
	chromium := startChromium(t)
	name := "Alice " + strings.Repeat("Ämilie ", 10) + "A."

	b := newTab(t, chromium)
	b.open(srv.URL+"/register").waitTitle("Create account").fill("#username", "alice").fill("#email", "a@example.org").click("button.main")
	b.waitTitle("Registration error").look("register-error") // U8
	if text := eval[string](b, "document.querySelector('.alert-error').innerText"); !strings.Contains(text, "alice") && !strings.Contains(text, "already") {
		t.Errorf("the page says %q", text)
	}
	b.open(srv.URL+"/register").waitTitle("Create account").fill("#username", "carl").fill("#email", "carl@example.org").click("button.main")
	b.waitTitle("Check email").look("check-email")
	if text := eval[string](b, "document.querySelector('main').innerText"); !strings.Contains(text, "mails.jsonl") {
		t.Errorf("the page does not say where the mail is: %q", text)
	}

	b.do(chromedp.EmulateViewport(phoneWidth, 640))
	link := b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")
	b.open(link).waitTitle(name)
	b.open(srv.URL+"/settings/tokens?create=token").waitTitle("alice - API Tokens").fill("#token-name", "shop page")
	b.do(chromedp.SetValue(chromedp.CSS("#token-database"), "alice/shop.sqlite"))
	b.look("token-scope").click("#create-token [type=submit]").do(chromedp.WaitVisible(chromedp.CSS("#new-token")))
	b.look("token-made")
	b.click("#token-" + httpapi.ShortToken(alice.Token) + " button").do(chromedp.WaitVisible(chromedp.CSS("#revoke-token-modal")))
	b.look("token-revoke").click("#confirm-revoke-btn").do(chromedp.WaitVisible(chromedp.CSS("#tokens-table em")))
	b.look("token-revoked")
	b.open(srv.URL+"/settings/account").waitTitle("alice - Account").fill("#confirm", "bob").click(".danger-zone button").do(chromedp.WaitVisible(chromedp.CSS(".alert-error")))
	b.look("account-error")
	b.open(srv.URL + "/").waitTitle("Home").click(".menu-toggle").do(chromedp.WaitVisible(chromedp.CSS(".menu-items")))
	b.look("menu")
	b.open(srv.URL + "/alice").waitTitle(name).look("profile-full")
	eval[bool](b, "window.same = true") // the name is in use again: the page stays, and says so
	b.click("form[action$=undelete] button").do(chromedp.WaitVisible(chromedp.CSS(".toasts .alert-error")))
	if text := eval[string](b, "document.querySelector('.toasts').innerText"); !strings.Contains(text, "rename it first") || !eval[bool](b, "window.same === true") {
		t.Errorf("the page says %q", text)
	}
	b.look("profile-toast")
	srv.Register("mallory")
	b.do(chromedp.EmulateViewport(phoneWidth, 640))
	foreign := b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "mallory")
	b.open(foreign).waitTitle("Confirm").look("switch-account")

	plain := newTab(t, chromium).withoutScript()
	link = plain.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")
	plain.open(link).waitTitle("Confirm").picture("confirm") // axe-core needs the scripts of the page
	plain.click("button.main").waitTitle("Confirmation successful").picture("confirmed")
	plain.open(link).waitTitle("Confirm").click("button.main").waitTitle("Confirmation error").picture("confirm-error")
}

// The colours that were chosen in a browser count on all pages, whatever its system has.
func TestThemeInChromium(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	srv.Register("alice")
	b := newTab(t, startChromium(t))
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).want("alice")
	const background = "getComputedStyle(document.body).backgroundColor"
	seen := map[string]string{}
	for _, chosen := range []string{"", "light", "dark"} {
		b.open(srv.URL + "/settings/account").want("alice - Account")
		eval[bool](b, "window.before = true")
		b.click(".segmented button[name=theme][value='" + chosen + "']")
		harness.Until(t, "the page after the form", func() bool {
			return eval[bool](b, "!window.before && document.readyState === 'complete' && !!document.querySelector(`button[value='"+chosen+"'][aria-pressed=true]`)")
		})
		for _, scheme := range []string{"light", "dark"} {
			b.do(media(scheme))
			b.open(srv.URL + "/").want("Home")
			seen[chosen+" "+scheme] = eval[string](b, background)
		}
	}
	light, dark := seen[" light"], seen[" dark"]
	if light == dark || seen["light light"] != light || seen["light dark"] != light || seen["dark light"] != dark || seen["dark dark"] != dark {
		t.Errorf("%v", seen)
	}
}

// fillProfile sets all fields of the profile to long values, and deletes a database
// whose name is in use again.
func fillProfile(t *testing.T, alice *harness.User) {
	t.Helper()
	update := httpapi.ProfileUpdate{
		httpapi.ProfileDisplayName: new("Alice " + strings.Repeat("Ämilie ", 10) + "A."), httpapi.ProfileOrganization: new("Maps Inc."),
		httpapi.ProfileDescription: new("Reads maps.\n" + strings.Repeat("Donaudampfschifffahrt", 8)), httpapi.ProfileLocation: new("Oulu"),
	}
	err := update.SetLinks("https://example.org/"+strings.Repeat("a-long-path/", 12), "http://alice.example/")
	if err == nil {
		err = alice.UpdateProfile(t.Context(), "alice", update)
	}
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("database_with_a_long_name_", 4) + ".sqlite"
	alice.Create(long)
	if err := alice.DeleteDatabase(t.Context(), "alice", long); err != nil {
		t.Fatal(err)
	}
	alice.Create(long)
}

// The menu of the account works by keys alone.
func TestMenuByKeys(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	srv.Register("alice")
	b := newTab(t, startChromium(t))
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).want("alice")
	const focused, open = "document.activeElement.textContent", "document.querySelector('.menu').classList.contains('open')"
	press := func(keys string) string {
		b.do(chromedp.KeyEvent(keys))
		return eval[string](b, focused)
	}
	eval[bool](b, "document.querySelector('.menu-toggle').focus(), true")
	if press(" "); !eval[bool](b, open) {
		t.Error("the space bar does not open the menu")
	}
	for _, step := range [][2]string{{kb.ArrowDown, "Profile"}, {kb.ArrowDown, "Tokens"}, {kb.ArrowUp, "Profile"}, {kb.ArrowUp, "Log out"}, {kb.ArrowDown, "Profile"}} {
		if got := press(step[0]); got != step[1] {
			t.Errorf("the focus is on %q, want %q", got, step[1])
		}
	}
	if got := press(kb.Escape); got != "alice" || eval[bool](b, open) {
		t.Errorf("after Escape the focus is on %q", got)
	}
	press(kb.ArrowDown)
	press(kb.ArrowDown)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.want("alice - API Tokens")
}
