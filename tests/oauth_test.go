package tests

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/ayb-go/ayb/tests/harness"
)

// application is an OAuth client with a page for the redirects.
type application struct {
	config   oauth2.Config
	verifier string
	callback *httptest.Server
	answers  chan url.Values
}

// newApplication uses an OAuth library without changes: with a client id and
// without extensions for ayb.
func newApplication(t *testing.T, w *harness.Server, scope string) *application {
	t.Helper()
	a := &application{answers: make(chan url.Values, 10), verifier: oauth2.GenerateVerifier()}
	a.callback = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/callback" { // a real browser also wants an icon
			a.answers <- r.URL.Query()
		}
		_, _ = io.WriteString(rw, "<title>Thank you - ayb</title>") // the test would miss it
	}))
	t.Cleanup(a.callback.Close)
	a.config = oauth2.Config{
		ClientID: "notes-app", Scopes: []string{scope}, RedirectURL: a.callback.URL + "/callback?from=ayb",
		Endpoint: oauth2.Endpoint{AuthURL: w.URL + "/oauth/authorize", TokenURL: w.URL + "/v1/oauth/token"},
	}
	return a
}

func (a *application) start() string {
	return a.config.AuthCodeURL("the state", oauth2.S256ChallengeOption(a.verifier))
}

// code lets a logged-in user authorize the application, and returns the code.
func (a *application) code(t *testing.T, b *browser, database string) string {
	t.Helper()
	b.open(a.start()).want("Authorize notes-app").
		send("/oauth/authorize", "database", database, "action", "authorize").want("Thank you")
	return (<-a.answers).Get("code")
}

func (a *application) exchange(code string) (*oauth2.Token, error) {
	return a.config.Exchange(context.Background(), code, oauth2.VerifierOption(a.verifier))
}

// An unmodified OAuth library gets a token that is limited to its database and
// level.
func TestOAuthLibrary(t *testing.T) {
	for _, setting := range harness.Settings() {
		t.Run(setting.String(), func(t *testing.T) {
			srv := setting.Start(t)
			alice := srv.Register("alice")
			for _, db := range []string{"Notes.sqlite", "diary.sqlite"} {
				alice.Create(db)
				alice.Exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
			}
			for _, scope := range []string{"read-only", "read-write"} {
				t.Run(scope, func(t *testing.T) { libraryFlow(t, srv, scope) })
			}
		})
	}
}

func libraryFlow(t *testing.T, srv *harness.Server, scope string) {
	app := newApplication(t, srv, scope)
	// Without a log-in: through the mail, which is opened in another browser
	// (U5, U7).
	before := len(srv.MailedTokens(harness.Address("alice")))
	newBrowser(t).open(app.start()).want("Log in").send("/log_in", "username", "Alice").want("Check email")
	answer := newBrowser(t).open(mailedLink(t, srv, "alice", before)).want("Confirm").send("/confirm/").
		want("Authorize notes-app").
		send("/oauth/authorize", "database", "alice/Notes.sqlite", "action", "authorize").want("Thank you")
	got := <-app.answers
	if got.Get("state") != "the state" || got.Get("from") != "ayb" || answer.url.Host != strings.TrimPrefix(app.callback.URL, "http://") {
		t.Fatalf("the application got %v at %s", got, answer.url)
	}
	token, err := app.exchange(got.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	if token.Type() != "Bearer" || token.Extra("database_url") != srv.URL+"/v1/alice/Notes.sqlite" || token.Extra("query_permission_level") != scope || !token.Valid() {
		t.Fatalf("%+v", token)
	}
	query := func(url, sql string) (int, string) {
		resp, err := app.config.Client(context.Background(), token).Post(url, "text/plain", strings.NewReader(sql))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }() // read to its end
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	own := token.Extra("database_url").(string) + "/query"
	if status, body := query(own, "SELECT 1 AS one"); status != 200 || body != one {
		t.Errorf("read: %d %s", status, body)
	}
	write, wantStatus, wantBody := "INSERT INTO t VALUES (2)", 200, noResult
	if scope == "read-only" {
		wantStatus, wantBody = 403, noWrite
	}
	if status, body := query(own, write); status != wantStatus || body != wantBody {
		t.Errorf("write: %d %s", status, body)
	}
	if status, _ := query(srv.URL+"/v1/alice/diary.sqlite/query", "SELECT 1"); status != 403 {
		t.Errorf("another database: %d", status)
	}
}

// A newcomer who registers on the way to an application arrives there, also when the
// mail is opened in another browser (U7).
func TestRegisterForAnApplication(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	app := newApplication(t, srv, "read-write")
	p := newBrowser(t).open(app.start()).want("Log in")
	for n := range p.doc.Descendants() {
		if href := attr(n, "href"); strings.HasPrefix(href, "/register") {
			p = p.b.open(srv.URL + href).want("Create account")
			break
		}
	}
	p.send("/register", "username", "nora", "email", harness.Address("nora")).want("Check email")
	b := newBrowser(t)
	p = b.open(mailedLink(t, srv, "nora", 0)).want("Confirm").send("/confirm/").want("Authorize notes-app")
	p.send("/oauth/authorize", "new_database", "notes.sqlite", "action", "create").want("Authorize notes-app").
		send("/oauth/authorize", "database", "nora/notes.sqlite", "action", "authorize").want("Thank you")
	app.mayUse(t, (<-app.answers).Get("code"), srv.URL+"/v1/nora/notes.sqlite")
}

// raw exchanges a code without the library.
func (a *application) raw(t *testing.T, code string) (status int, token string) {
	t.Helper()
	resp, err := http.PostForm(a.config.Endpoint.TokenURL, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.config.RedirectURL}, "code_verifier": {a.verifier},
	})
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Error(err)
	}
	return resp.StatusCode, body.AccessToken
}

// Of many exchanges of one code at the same time exactly one succeeds.
func TestOAuthRaceOfExchanges(t *testing.T) {
	for _, setting := range harness.Settings() {
		t.Run(setting.String(), func(t *testing.T) {
			srv := setting.Start(t)
			alice := srv.Register("alice")
			alice.Create("db")
			b := newBrowser(t)
			b.logIn(srv, "alice")
			for range 10 {
				app := newApplication(t, srv, "read-only")
				code := app.code(t, b, "alice/db")
				var wg sync.WaitGroup
				var mu sync.Mutex
				won, begin := 0, make(chan struct{})
				for range 8 {
					wg.Go(func() {
						<-begin
						status, token := app.raw(t, code)
						mu.Lock()
						defer mu.Unlock()
						if status == 200 && token != "" {
							won++
						}
					})
				}
				close(begin)
				wg.Wait()
				if won != 1 {
					t.Fatalf("%d exchanges of one code succeeded", won)
				}
			}
		})
	}
}

// Attacks with addresses, cookies and forms must not redirect anywhere or change
// anything.
func TestOAuthRegression(t *testing.T) {
	w := harness.Setting{Topology: harness.AllInOne, Metadata: harness.SQLite}.Start(t)
	alice, mallory := w.Register("alice"), w.Register("mallory")
	alice.Create("db")
	b := newBrowser(t)
	b.logIn(w, "alice")
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	app := newApplication(t, w, "read-only")
	start, err := url.Parse(app.start())
	if err != nil {
		t.Fatal(err)
	}

	// S4: addresses that only look like an allowed one.
	for _, redirect := range []string{
		"http://localhost.evil.example/cb", "http://127.0.0.1.evil.example/cb", "http://localhost@evil.example/cb",
		"http://localhost:80@evil.example/", "https://user:pw@app.example/cb", "http://app.example/cb", "HTTP://LOCALHOST.evil.example/",
		"https://app.example/cb#fragment", "https://app.example/cb#", "javascript:alert(1)", "JaVaScRiPt://localhost/%0aalert(1)",
		"data:text/html,x", "//evil.example/cb", "/cb", "https:evil.example", `https://evil.example\@localhost/`, "http://[::ffff:127.0.0.1]/",
		"https://app.example/\r\nSet-Cookie: auth=x", "http://2130706433/cb", "https://app.example;script-src/cb", "myapp://cb",
	} {
		q := start.Query()
		q.Set("redirect_uri", redirect)
		got := b.open(w.URL + "/oauth/authorize?" + q.Encode()).want("Authorization Error")
		if got.status != 400 || got.header.Get("Location") != "" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", redirect, got.status, got.header)
		}
		_, form := b.open(app.start()).form("/oauth/authorize")
		form.Set("redirect_uri", redirect) // S5
		form.Set("action", "deny")
		if got := b.do("POST", w.URL+"/oauth/authorize", form, nil); got.status != 400 || got.header.Get("Location") != "" {
			t.Errorf("deny to %s: %d %v", redirect, got.status, got.header)
		}
	}

	// S1: the name in a cookie.
	_, form := b.open(app.start()).form("/oauth/authorize")
	form.Set("action", "authorize")
	form.Set("database", "alice/db")
	forger := newBrowser(t)
	forger.http.CheckRedirect = b.http.CheckRedirect
	for _, cookie := range []string{"auth=alice:x", "auth=alice:" + mallory.Token} {
		got := forger.do("POST", w.URL+"/oauth/authorize", form, http.Header{"Cookie": {cookie}})
		if to := got.header.Get("Location"); strings.Contains(to, "code=") || got.status == 302 && !strings.HasPrefix(to, "/log_in?") {
			t.Errorf("%s: %d %s", cookie, got.status, to)
		}
	}

	// S17: a page of another origin cannot authorize, log in or log out.
	for path, form := range map[string]url.Values{"/oauth/authorize": form, "/log_out": {}, "/log_in": {"username": {"alice"}}, "/confirm/x": {}} {
		for _, h := range []http.Header{{"Origin": {"https://evil.example"}}, {"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"null"}}} {
			if got := b.do("POST", w.URL+path, form, h); got.status != 403 || got.header.Get("Set-Cookie") != "" {
				t.Errorf("%s from %v: %d", path, h, got.status)
			}
		}
	}

	// S7: where a log-in leads.
	for _, next := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "javascript:alert(1)", "/\t/evil.example", "/confirm/x"} {
		before := len(w.MailedTokens(harness.Address("alice")))
		other := newBrowser(t)
		other.http.CheckRedirect = b.http.CheckRedirect
		if _, f := other.open(w.URL + "/log_in?next=" + url.QueryEscape(next)).form("/log_in"); f.Has("next") {
			t.Errorf("next=%s is in the form", next)
		}
		other.do("POST", w.URL+"/log_in", url.Values{"username": {"alice"}, "next": {next}}, nil).want("Check email")
		got := other.open(mailedLink(t, w, "alice", before)).send("/confirm/").want("Confirmation successful")
		if got.header.Get("Location") != "" {
			t.Errorf("next=%s leads to %s", next, got.header.Get("Location"))
		}
	}

	// Headers of a megabyte are refused.
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.URL+"/oauth/authorize", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", "auth=alice:"+strings.Repeat("x", 1<<20))
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close() // only its status matters
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a header of a megabyte: %d", resp.StatusCode)
		}
	}
	if got := b.open(app.start()); got.status != 200 {
		t.Errorf("after all that Alice's own session: %d", got.status)
	}
}
