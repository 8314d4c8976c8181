package web_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/shared/logging/loggingtest"
	"github.com/ayb-go/ayb/web"
)

// services answers what the test has set and remembers what it was asked.
type services struct {
	token, entity, next, mailed, database, ticket string
	request                                       httpapi.AuthorizeRequest
	session                                       httpapi.WebLogin
	databases                                     []string
	now, then                                     string
	err                                           error
	calls                                         []string
}

func (s *services) call(name string) error { s.calls = append(s.calls, name); return s.err }

func (s *services) LogIn(_ context.Context, entity, next string) (bool, error) {
	s.entity, s.next = entity, next
	return false, s.call("log in")
}

func (s *services) Confirm(_ context.Context, mailed string) (httpapi.WebLogin, error) {
	s.mailed = mailed
	return s.session, s.call("confirm")
}

func (s *services) AccountSwitch(_ context.Context, token, mailed string) (now, then string, err error) {
	s.token, s.mailed = token, mailed
	return s.now, s.then, nil
}

func (s *services) LogOut(_ context.Context, token string) error {
	s.token = token
	return s.call("log out")
}

func (s *services) PrepareConsent(_ context.Context, token string, r httpapi.AuthorizeRequest) (httpapi.Consent, error) {
	s.token, s.request = token, r
	err := s.err
	if token == "" && err == nil {
		err = errs.E(errs.InvalidToken, "Invalid API token")
	}
	return httpapi.Consent{
		Entity: "alice", AppName: r.AppName, Level: r.Scope, RedirectOrigin: origin(r.RedirectURI), Databases: s.databases, Ticket: "TICKET",
	}, err
}

func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func (s *services) answer(name, token string, r httpapi.AuthorizeRequest, ticket, database string) error {
	s.token, s.request, s.ticket, s.database = token, r, ticket, database
	return s.call(name)
}

func (s *services) Grant(_ context.Context, token string, r httpapi.AuthorizeRequest, ticket, database string) (string, error) {
	return "https://app.example/cb?code=C&state=x", s.answer("grant", token, r, ticket, database)
}

func (s *services) Deny(_ context.Context, token string, r httpapi.AuthorizeRequest, ticket string) (string, error) {
	return "https://app.example/cb?error=access_denied&state=x", s.answer("deny", token, r, ticket, "")
}

func (s *services) CreateDatabase(_ context.Context, token string, r httpapi.AuthorizeRequest, ticket, name string) (string, error) {
	err := s.answer("create", token, r, ticket, name)
	s.err = nil // the page is shown again
	if err == nil {
		s.databases = append(s.databases, "alice/"+name)
	}
	return "alice/" + name, err
}

func (s *services) took() string {
	got := strings.Join(s.calls, ", ")
	s.calls = nil
	return got
}

type answer struct {
	status int
	header http.Header
	body   string
}

// browser makes requests as a browser does.
type browser struct {
	t     *testing.T
	pages http.Handler
	host  string
}

func open(t *testing.T, publicURL string, s *services) browser {
	t.Helper()
	p, err := web.New(web.Config{PublicURL: publicURL}, web.Deps{LogIns: s, Applications: s, Log: loggingtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(publicURL)
	return browser{t, p, u.Host}
}

// do makes a request; a body is a form. Headers are name, value pairs.
func (b browser) do(method, target, form string, headers ...string) answer {
	b.t.Helper()
	req := httptest.NewRequestWithContext(b.t.Context(), method, target, strings.NewReader(form))
	req.Host = b.host
	if method == "POST" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	b.pages.ServeHTTP(rec, req)
	body, err := io.ReadAll(rec.Result().Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{rec.Code, rec.Header(), string(body)}
}

func (b browser) want(got answer, status int, parts ...string) {
	b.t.Helper()
	if got.status != status {
		b.t.Errorf("status %d, want %d: %s", got.status, status, got.body)
	}
	for _, p := range parts {
		if !strings.Contains(got.body, p) {
			b.t.Errorf("no %q in:\n%s", p, got.body)
		}
	}
}

const site = "https://ayb.example.com"

func TestLogInPage(t *testing.T) {
	s := &services{}
	b := open(t, site, s)
	b.want(b.do("GET", "/log_in", ""), 200, "<title>Log in - ayb</title>", `name="username"`)
	b.want(b.do("GET", "/log_in?next=%2Foauth%2Fauthorize%3Fa%3Db%26c%3Dd", ""), 200, `<input type="hidden" name="next" value="/oauth/authorize?a=b&amp;c=d">`)
	for _, next := range []string{"//evil.example", "https://evil.example", "javascript:alert(1)", `/\evil.example`, "/confirm/x"} { // S7
		if got := b.do("GET", "/log_in?next="+url.QueryEscape(next), ""); got.status != 200 || strings.Contains(got.body, `name="next"`) {
			t.Errorf("next=%s: %d %s", next, got.status, got.body)
		}
	}
	b.want(b.do("POST", "/log_in", "username=+Alice+&next=%2Fa"), 200, "<title>Check email - ayb</title>", "<strong>Alice</strong>")
	if s.entity != "Alice" || s.next != "/a" || s.took() != "log in" {
		t.Errorf("asked for %q, %q", s.entity, s.next)
	}
	b.want(b.do("POST", "/log_in", "username=+"), 400, "<title>Login error - ayb</title>")
	b.want(b.do("POST", "/log_in", "username=a&username=b"), 400)
	b.want(b.do("POST", "/log_in", `{"username":"a"}`, "Content-Type", "text/plain"), 415)
	b.want(b.do("POST", "/log_in", "username="+strings.Repeat("a", 65<<10)), 413)
	b.want(b.do("POST", "/log_in", "username=%zz"), 400)
	if got := s.took(); got != "" {
		t.Errorf("calls: %s", got)
	}
	s.err = errs.E(errs.RateLimited, "Too many requests").With("retry_after", "7")
	if got := b.do("POST", "/log_in", "username=a"); got.status != 429 || got.header.Get("Retry-After") != "7" {
		t.Errorf("%d %v", got.status, got.header)
	}
}

// S17, ruling 25: looking at a mailed link changes nothing, the form on it does.
func TestConfirm(t *testing.T) {
	s := &services{session: httpapi.WebLogin{Entity: "alice", Token: "ayb_s_l"}}
	b := open(t, site, s)
	for _, method := range []string{"GET", "HEAD"} {
		got := b.do(method, "/confirm/gAAA%3D", "")
		if got.status != 200 || s.took() != "" || len(got.header["Set-Cookie"]) != 0 {
			t.Errorf("%s: %d %v", method, got.status, got.header)
		}
		if (method == "GET") != strings.Contains(got.body, `<form id="confirm-form" method="post" action="/confirm/gAAA=">`) {
			t.Errorf("%s: %s", method, got.body)
		}
	}
	got := b.do("POST", "/confirm/gAAA%3D", "")
	b.want(got, 200, "<title>Confirmation successful - ayb</title>", "alice")
	if c := got.header.Get("Set-Cookie"); c != "auth=alice:ayb_s_l; Path=/; HttpOnly; Secure; SameSite=Lax" || s.mailed != "gAAA=" {
		t.Errorf("cookie %q, token %q", c, s.mailed)
	}
	s.session.Next = "/oauth/authorize?a=b"
	if got := b.do("POST", "/confirm/x", ""); got.status != 303 || got.header.Get("Location") != "/oauth/authorize?a=b" {
		t.Errorf("%d %v", got.status, got.header)
	}
	s.session.Next = "//evil.example" // S7, also if somebody had it sealed
	if got := b.do("POST", "/confirm/x", ""); got.status != 200 || got.header.Get("Location") != "" {
		t.Errorf("%d %v", got.status, got.header)
	}
	s.err = errs.E(errs.Invalid, "Invalid or expired token")
	got = b.do("POST", "/confirm/x", "")
	b.want(got, 400, "<title>Confirmation error - ayb</title>", "Invalid or expired token", `<a href="/log_in">`)
	if got.header.Get("Set-Cookie") != "" {
		t.Error("a cookie without a session")
	}
}

// A mailed link puts nobody in the place of somebody who is logged in and has not
// said so: else who can make others open a link has them work in a foreign
// account (issue 9, B7).
func TestConfirmInPlaceOfSomebody(t *testing.T) {
	s := &services{session: httpapi.WebLogin{Entity: "mallory", Token: "ayb_m_l"}, now: "alice", then: "mallory"}
	b := open(t, site, s)
	const cookie = "auth=alice:ayb_s_l"
	asks := func(got answer, status int) {
		t.Helper()
		b.want(got, status, "<title>Confirm - ayb</title>", "logged in as <strong>alice</strong>", "<strong>mallory</strong>",
			`<form method="post" action="/confirm/gAAA=">`, `<input type="hidden" name="instead_of" value="alice">`)
		if strings.Contains(got.body, "confirm-form") || len(got.header["Set-Cookie"]) != 0 { // the script sends that form by itself
			t.Errorf("%v\n%s", got.header, got.body)
		}
		if s.token != "ayb_s_l" || s.mailed != "gAAA=" || s.took() != "" {
			t.Errorf("asked for %q and %q; something was done", s.token, s.mailed)
		}
	}
	asks(b.do("GET", "/confirm/gAAA%3D", "", "Cookie", cookie), 200)
	for _, form := range []string{"", "instead_of=", "instead_of=mallory", "instead_of=Alice", "x=alice"} {
		asks(b.do("POST", "/confirm/gAAA%3D", form, "Cookie", cookie), 409)
	}
	if got := b.do("POST", "/confirm/gAAA%3D", "instead_of=alice&instead_of=alice", "Cookie", cookie); got.status != 400 || s.took() != "" {
		t.Errorf("a field twice: %d", got.status)
	}
	if got := b.do("POST", "/confirm/gAAA%3D", "instead_of=alice", "Cookie", cookie, "Sec-Fetch-Site", "cross-site"); got.status != 403 || s.took() != "" {
		t.Errorf("a form of another site: %d", got.status)
	}
	got := b.do("POST", "/confirm/gAAA%3D", "instead_of=alice", "Cookie", cookie)
	b.want(got, 200, "<title>Confirmation successful - ayb</title>", "mallory")
	if s.took() != "confirm, log out" || s.token != "ayb_s_l" || !strings.HasPrefix(got.header.Get("Set-Cookie"), "auth=mallory:ayb_m_l;") {
		t.Errorf("%v, ended %q", got.header, s.token)
	}
	// Without a session, or with one of the same account, nothing is asked.
	s.now, s.then = "", ""
	for _, c := range []string{cookie, "auth=", "other=x"} {
		b.want(b.do("GET", "/confirm/gAAA%3D", "", "Cookie", c), 200, `<form id="confirm-form"`)
		if got := b.do("POST", "/confirm/gAAA%3D", "", "Cookie", c); got.status != 200 || s.took() != "confirm" {
			t.Errorf("%s: %d", c, got.status)
		}
	}
}

// S25: the cookie is Secure when the public URL is, and only then.
func TestCookieFollowsPublicURLS25(t *testing.T) {
	s := &services{session: httpapi.WebLogin{Entity: "alice", Token: "ayb_s_l"}}
	b := open(t, "http://192.168.1.5:5433", s)
	if c := b.do("POST", "/confirm/x", "").header.Get("Set-Cookie"); c != "auth=alice:ayb_s_l; Path=/; HttpOnly; SameSite=Lax" {
		t.Errorf("cookie %q", c)
	}
}

// S16, S17.
func TestLogOut(t *testing.T) {
	s := &services{}
	b := open(t, site, s)
	const cookie = "auth=alice:ayb_s_l"
	got := b.do("GET", "/log_out", "", "Cookie", cookie)
	b.want(got, 200, `<form method="post" action="/log_out">`)
	if s.took() != "" || got.header.Get("Set-Cookie") != "" {
		t.Error("looking at it logs out")
	}
	if got := b.do("GET", "/log_out", ""); got.status != 302 || got.header.Get("Location") != "/log_in" {
		t.Errorf("%d %v", got.status, got.header)
	}
	got = b.do("POST", "/log_out", "", "Cookie", cookie)
	if got.status != 303 || got.header.Get("Location") != "/log_in" || s.token != "ayb_s_l" || s.took() != "log out" ||
		got.header.Get("Set-Cookie") != "auth=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("%d %v, token %s", got.status, got.header, s.token)
	}
	s.err = errs.Wrap(errs.Unavailable, io.ErrUnexpectedEOF, "The metadata store does not answer")
	if got := b.do("POST", "/log_out", "", "Cookie", cookie); got.status != 503 || got.header.Get("Set-Cookie") != "" || strings.Contains(got.body, "EOF") {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
}

const asked = "response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=read-only&state=x%26y&code_challenge=CC&code_challenge_method=S256"

func TestConsentPage(t *testing.T) {
	s := &services{databases: []string{"alice/shop.sqlite", "bob/Data.sqlite"}}
	b := open(t, site, s)
	got := b.do("GET", "/oauth/authorize?"+asked+"&app_name=My+%3Cb%3EApp", "", "Cookie", "auth=mallory:ayb_s_l")
	b.want(got, 200, "<title>Authorize My &lt;b&gt;App - ayb</title>", `<select id="database-select" name="database" required>`,
		`<option value="alice/shop.sqlite">alice/shop.sqlite</option>`, `<option value="bob/Data.sqlite">`, `id="authorize-btn"`, `value="deny"`,
		`name="state" value="x&amp;y"`, `name="ticket" value="TICKET"`, `name="redirect_uri" value="https://app.example/cb"`,
		`name="requested_scope" value="read-only"`, `name="code_challenge" value="CC"`, "<strong>https://app.example</strong>")
	if s.token != "ayb_s_l" || strings.Contains(got.body, "mallory") { // S1
		t.Errorf("token %q", s.token)
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://app.example;") {
		t.Errorf("policy %s", csp)
	}
	if got := b.do("GET", "/oauth/authorize?"+asked+"&client_id=app-1", "", "Cookie", "auth=a:t"); got.status != 200 || s.request.AppName != "app-1" { // ruling 22
		t.Errorf("%d, app %q", got.status, s.request.AppName)
	}
	if b.do("GET", "/oauth/authorize?"+asked+"&client_id=app-1&app_name=App", "", "Cookie", "auth=a:t"); s.request.AppName != "App" {
		t.Errorf("app %q", s.request.AppName)
	}
	got = b.do("GET", "/oauth/authorize?"+strings.Replace(asked, "https%3A%2F%2Fapp.example", "http%3A%2F%2F%5B%3A%3A1%5D%3A3000", 1), "", "Cookie", "auth=a:t")
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' http:;") {
		t.Errorf("policy %s", csp)
	}
	if got := b.do("GET", "/oauth/authorize?"+asked+"&scope=read-write", "", "Cookie", "auth=a:t"); got.status != 400 {
		t.Errorf("two scopes: %d", got.status)
	}
	s.err = httpapi.OAuthError(httpapi.OAuthInvalidScope, errs.E(errs.Invalid, "bad scope"))
	got = b.do("GET", "/oauth/authorize?"+asked, "", "Cookie", "auth=a:t")
	b.want(got, 400, "<title>Authorization Error - ayb</title>", "bad scope", "<code>invalid_scope</code>")
	if got.header.Get("Location") != "" {
		t.Error("an error redirects")
	}
}

// U5, U7: whoever is not logged in goes to the log-in page and comes back.
func TestLogInDetour(t *testing.T) {
	s := &services{}
	b := open(t, site, s)
	for _, cookie := range []string{"", "auth=", "auth=alice", "auth=alice:", "other=alice:ayb_s_l"} {
		got := b.do("GET", "/oauth/authorize?"+asked+"&app_name=App", "", "Cookie", cookie)
		to, err := url.Parse(got.header.Get("Location"))
		if got.status != 302 || err != nil || to.Path != "/log_in" {
			t.Fatalf("%q: %d %v", cookie, got.status, got.header)
		}
		next := to.Query().Get("next")
		back, err := url.Parse(next)
		want, _ := url.ParseQuery(asked + "&app_name=App")
		if err != nil || back.Path != "/oauth/authorize" || back.Query().Encode() != want.Encode() || !httpapi.LocalPath(next) {
			t.Errorf("%q: next %s", cookie, next)
		}
	}
	s.err = errs.E(errs.Hidden, "limited") // S2: the token of an application is no session
	if got := b.do("POST", "/oauth/authorize", answered("authorize", "alice/shop.sqlite"), "Cookie", "auth=a:t"); got.status != 302 || !strings.HasPrefix(got.header.Get("Location"), "/log_in?next=%2Foauth%2Fauthorize%3F") {
		t.Errorf("%d %v", got.status, got.header)
	}
}

func answered(action, database string) string {
	return url.Values{
		"action": {action}, "database": {database}, "new_database": {" New.sqlite "}, "redirect_uri": {"https://app.example/cb"}, "state": {"x"},
		"code_challenge": {"CC"}, "app_name": {"App"}, "requested_scope": {"read-only"}, "ticket": {"T"},
	}.Encode()
}

func TestConsentAnswers(t *testing.T) {
	s := &services{}
	b := open(t, site, s)
	const cookie = "auth=mallory:ayb_s_l"
	want := httpapi.AuthorizeRequest{ResponseType: "code", RedirectURI: "https://app.example/cb", Scope: "read-only", State: "x",
		CodeChallenge: "CC", CodeChallengeMethod: "S256", AppName: "App"}
	for action, to := range map[string]string{"authorize": "https://app.example/cb?code=C&state=x", "deny": "https://app.example/cb?error=access_denied&state=x"} {
		got := b.do("POST", "/oauth/authorize", answered(action, "alice/shop.sqlite"), "Cookie", cookie)
		if got.status != 302 || got.header.Get("Location") != to || s.request != want || s.token != "ayb_s_l" || s.ticket != "T" {
			t.Errorf("%s: %d %v, %+v", action, got.status, got.header, s)
		}
	}
	s.took()
	for _, action := range []string{"", "Authorize", "yes"} {
		b.want(b.do("POST", "/oauth/authorize", answered(action, "alice/shop.sqlite"), "Cookie", cookie), 400, "<title>Authorization Error - ayb</title>")
	}
	if got := s.took(); got != "" {
		t.Errorf("calls: %s", got)
	}
	s.err = httpapi.OAuthError(httpapi.OAuthAccessDenied, errs.E(errs.Forbidden, "not yours"))
	b.want(b.do("POST", "/oauth/authorize", answered("authorize", "bob/x"), "Cookie", cookie), 400, "not yours", "access_denied")
}

// U1: a database made here keeps its spelling and is chosen at once.
func TestCreateDatabaseU1(t *testing.T) {
	s := &services{databases: []string{"alice/a"}}
	b := open(t, site, s)
	got := b.do("POST", "/oauth/authorize", answered("create", ""), "Cookie", "auth=a:t")
	b.want(got, 200, `<option value="alice/New.sqlite" selected>alice/New.sqlite</option>`, `<option value="alice/a">`)
	if !strings.Contains(got.header.Get("Content-Security-Policy"), "https://app.example") {
		t.Error("the page's policy does not let the answer out")
	}
	for code, status := range map[errs.Code]int{errs.Conflict: 409, errs.InvalidSlug: 400, errs.Forbidden: 403} {
		s.err = errs.E(code, "no such luck")
		b.want(b.do("POST", "/oauth/authorize", answered("create", ""), "Cookie", "auth=a:t"), status, "no such luck", `id="authorize-btn"`)
	}
}

// S17: nothing that changes anything is taken from pages of others.
func TestForeignPagesS17(t *testing.T) {
	s := &services{session: httpapi.WebLogin{Entity: "mallory", Token: "ayb_s_l"}}
	b := open(t, site, s)
	foreign := [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
		{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, {"Origin", "https://ayb.example.com.evil.example"},
	}
	own := [][]string{{}, {"Sec-Fetch-Site", "same-origin"}, {"Origin", site}, {"Sec-Fetch-Site", "none"}}
	for _, path := range []string{"/log_in", "/confirm/x", "/log_out", "/oauth/authorize"} {
		form := answered("authorize", "a/b") + "&username=alice"
		for _, h := range foreign {
			got := b.do("POST", path, form, append(h, "Cookie", "auth=a:t")...)
			if got.status != 403 || s.took() != "" || got.header.Get("Set-Cookie") != "" {
				t.Errorf("%s from %v: %d", path, h, got.status)
			}
		}
		for _, h := range own {
			if got := b.do("POST", path, form, append(h, "Cookie", "auth=a:t")...); got.status >= 400 || s.took() == "" {
				t.Errorf("%s from %v: %d", path, h, got.status)
			}
		}
	}
	b.host = "internal:5433" // a proxy that does not pass the host on
	if got := b.do("POST", "/log_in", "username=a", "Origin", site); got.status != 200 {
		t.Errorf("behind a proxy: %d", got.status)
	}
}

func TestHeadersOfPages(t *testing.T) {
	b := open(t, site, &services{})
	for _, target := range []string{"/log_in", "/confirm/x", "/nothing", "/oauth/authorize", "/assets/page.js"} {
		h := b.do("GET", target, "").header
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s %q", target, name, h.Get(name))
			}
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", target, csp)
		}
		if c := h.Get("Cache-Control"); c != "no-store" && target != "/assets/page.js" {
			t.Errorf("%s: %s", target, c)
		}
	}
}

// The policy forbids scripts and styles in pages, so none may have any.
func TestPagesHaveNoInlineCode(t *testing.T) {
	s := &services{databases: []string{"a/b"}}
	b := open(t, site, s)
	for _, target := range []string{"/log_in", "/confirm/x", "/log_out", "/oauth/authorize?" + asked + "&app_name=A"} {
		body := b.do("GET", target, "", "Cookie", "auth=a:t").body
		rest := strings.ReplaceAll(body, `<script src="/assets/page.js" defer></script>`, "")
		for _, bad := range []string{"<script", "<style", " style=", " onclick", " onload", "javascript:"} {
			if strings.Contains(rest, bad) {
				t.Errorf("%s has %s", target, bad)
			}
		}
	}
}

func TestOtherPaths(t *testing.T) {
	b := open(t, site, &services{})
	b.want(b.do("GET", "/nothing", ""), 404, "<title>Error - ayb</title>", "There is no such page.")
	b.want(b.do("GET", "/assets/../web.go", ""), 404)
	b.want(b.do("GET", "/assets/page.html", ""), 404)
	b.want(b.do("GET", "/confirm/", ""), 404)
	b.want(b.do("GET", "/confirm/a/b", ""), 404)
	got := b.do("DELETE", "/log_in", "")
	if got.status != 405 || got.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := b.do("POST", "/assets/page.css", ""); got.status != 405 || got.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := b.do("GET", "/assets/page.css", ""); got.header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(got.body, "body {") {
		t.Errorf("%v", got.header)
	}
}

// S20: a failure of ours is told without its cause, under a name in the log.
func TestFailuresAreLoggedS20(t *testing.T) {
	var log bytes.Buffer
	s := &services{err: io.ErrUnexpectedEOF}
	p, err := web.New(web.Config{PublicURL: site}, web.Deps{LogIns: s, Applications: s, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	got := browser{t, p, "ayb.example.com"}.do("POST", "/log_in", "username=a")
	_, rest, _ := strings.Cut(got.body, "<code>")
	id, _, _ := strings.Cut(rest, "</code>")
	if got.status != 500 || strings.Contains(got.body, "EOF") || len(id) != 12 || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "EOF") {
		t.Errorf("%d %s\nlog: %s", got.status, got.body, log.String())
	}
}
