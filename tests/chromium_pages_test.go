package tests

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/tests/harness"
)

// A real browser checks what other tests cannot: the policy allows the pages'
// own script and style only, forms pass the check of origins, and the redirect
// to an application is followed.
func TestPagesInChromium(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("notes.sqlite")
	alice.Exec("notes.sqlite", "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
	chromium := startChromium(t)

	t.Run("log in", func(t *testing.T) { chromiumLogsIn(t, srv, newTab(t, chromium), srv.URL) })
	// Without TLS a browser sends no Sec-Fetch-Site, and Origin has to do (S17).
	t.Run("log in on plain HTTP", func(t *testing.T) {
		chromiumLogsIn(t, srv, newTab(t, chromium), strings.Replace(srv.URL, "127.0.0.1", localName, 1))
	})
	t.Run("without script", func(t *testing.T) { chromiumWithoutScript(t, srv, newTab(t, chromium)) })
	t.Run("in place of another user", func(t *testing.T) {
		srv.Register("mallory")
		chromiumAsksBeforeItReplaces(t, srv, newTab(t, chromium))
	})
	t.Run("authorize", func(t *testing.T) { chromiumAuthorizes(t, srv, newTab(t, chromium)) })
	t.Run("policy", func(t *testing.T) { chromiumKeepsPolicy(t, srv, newTab(t, chromium)) })
}

// The page behind a mailed link sends its form without a click.
func chromiumLogsIn(t *testing.T, srv *harness.Server, b *tab, base string) {
	link := b.open(base+"/log_in").askForMail(srv, base, "alice")
	b.open(link).want("alice")
	if text := eval[string](b, "document.querySelector('.menu-toggle').innerText"); !strings.Contains(text, "alice") {
		t.Errorf("the page says %q", text)
	}
	if cookie := eval[string](b, "document.cookie"); cookie != "" {
		t.Errorf("scripts see the cookie %q", cookie)
	}
	b.open(link).want("Confirmation error").click("main a").want("Log in") // once only
	b.open(base + "/log_out").want("Log out").click("button.main").want("Log in")
}

func chromiumWithoutScript(t *testing.T, srv *harness.Server, b *tab) {
	app := newApplication(t, srv, "read-write")
	link := b.withoutScript().open(app.start()).askForMail(srv, srv.URL, "alice")
	b.open(link).want("Confirm").click("button.main").want("Authorize notes-app")
	b.do(chromedp.SetValue(chromedp.CSS("#database-select"), "alice/notes.sqlite"))
	b.click("#authorize-btn")
	if got := app.answer(t, b); got.Get("code") == "" {
		t.Errorf("the application got %v", got)
	}
}

// A link for another account than the one that is logged in leads to a question,
// with and without script.
func chromiumAsksBeforeItReplaces(t *testing.T, srv *harness.Server, b *tab) {
	b.open(b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).want("alice")
	foreign := b.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "mallory")
	for _, script := range []bool{true, false} {
		if !script {
			b.withoutScript()
		}
		b.open(foreign).want("Confirm")
		if text := eval[string](b, "document.querySelector('main .card').innerText"); !strings.Contains(text, "alice") || !strings.Contains(text, "mallory") {
			t.Errorf("the page says %q", text)
		}
	}
	b.click("button.main").want("Confirmation successful")
	if text := eval[string](b, "document.querySelector('main .card').innerText"); !strings.Contains(text, "mallory") {
		t.Errorf("the page says %q", text)
	}
	b.open(srv.URL + "/log_out").want("Log out").click("button.main").want("Log in")
}

// The policy of the consent page allows the redirect to the application, which
// has another origin.
func chromiumAuthorizes(t *testing.T, srv *harness.Server, b *tab) {
	app := newApplication(t, srv, "read-only")
	link := b.open(app.start()).askForMail(srv, srv.URL, "alice")
	b.open(link).want("Authorize notes-app")

	const refused = "document.getElementById('authorize-btn').disabled"
	if !eval[bool](b, refused) {
		t.Error("the button can be pressed before a database is chosen")
	}
	b.fill("#database-select", "alice/notes.sqlite") // chooses by typing
	if eval[bool](b, refused) {
		t.Error("the button can't be pressed after a database is chosen")
	}
	b.click("#authorize-btn")
	got := app.answer(t, b)
	if got.Get("state") != "the state" || got.Get("from") != "ayb" {
		t.Errorf("the application got %v", got)
	}
	app.mayUse(t, got.Get("code"), srv.URL+"/v1/alice/notes.sqlite")

	b.open(app.start()).want("Authorize notes-app").click("button[value=deny]")
	if got := app.answer(t, b); got.Get("error") != "access_denied" || got.Get("state") != "the state" || got.Has("code") {
		t.Errorf("denied, the application got %v", got)
	}

	// U1: a new database, first with a name that is in use.
	b.open(app.start()).want("Authorize notes-app").fill("#new-database", "notes.sqlite").click("button[value=create]")
	b.do(chromedp.WaitVisible(chromedp.CSS(".alert-error")))
	b.want("Authorize notes-app").do(chromedp.SetValue(chromedp.CSS("#new-database"), "fresh.sqlite"))
	b.click("button[value=create]")
	b.do(chromedp.WaitReady(chromedp.CSS(`option[value="alice/fresh.sqlite"]`)))
	b.want("Authorize notes-app").click("#authorize-btn") // the new database is chosen
	app.mayUse(t, app.answer(t, b).Get("code"), srv.URL+"/v1/alice/fresh.sqlite")

	b.open(strings.Replace(app.start(), "redirect_uri=", "redirect_uri=x", 1)).want("Authorization Error")
}

// answer waits until the browser is at the application, and returns the
// parameters of the redirect.
func (a *application) answer(t *testing.T, b *tab) url.Values {
	t.Helper()
	select {
	case got := <-a.answers:
		b.want("Thank you")
		if at := eval[string](b, "location.origin"); at != a.callback.URL {
			t.Errorf("the browser is at %s", at)
		}
		return got
	case <-time.After(20 * time.Second):
		t.Fatalf("the browser did not go to the application; it said %q", b.requests())
		return nil
	}
}

// mayUse exchanges a code for a token of this database, and uses it.
func (a *application) mayUse(t *testing.T, code, database string) {
	t.Helper()
	token, err := a.exchange(code)
	if err != nil {
		t.Fatal(err)
	}
	if got := token.Extra("database_url"); got != database {
		t.Fatalf("the token is for %v, want %s", got, database)
	}
	resp, err := a.config.Client(t.Context(), token).Post(database+"/query", "text/plain", strings.NewReader("SELECT 1 AS one"))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != 200 {
		t.Errorf("the token is good for %d, %v", resp.StatusCode, err)
	}
}

// An injected script does not run, and the browser reports it.
func chromiumKeepsPolicy(t *testing.T, srv *harness.Server, b *tab) {
	b.open(srv.URL + "/log_in").want("Log in")
	eval[bool](b, `{
		document.addEventListener("securitypolicyviolation", (e) => { window.violated = e.effectiveDirective; });
		const s = document.createElement("script");
		try { s.textContent = "window.ran = true"; } catch { }
		document.head.append(s);
		true
	}`)
	if eval[bool](b, "window.ran === true") {
		t.Error("a script in the page ran")
	}
	harness.Until(t, "the browser to report the script", func() bool {
		return eval[string](b, "window.violated ?? ''") == "require-trusted-types-for"
	})
}
