package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const asked = "response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=read-only&state=x%26y&code_challenge=CC&code_challenge_method=S256"

func TestConsentPage(t *testing.T) {
	s := &services{databases: []string{"alice/shop.sqlite", "bob/Data.sqlite"}}
	b := open(t, site, s)
	got := b.request("GET", "/oauth/authorize?"+asked+"&app_name=My+%3Cb%3EApp", "", "Cookie", "auth=mallory:ayb_s_l")
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
	if got := b.request("GET", "/oauth/authorize?"+asked+"&client_id=app-1", "", "Cookie", "auth=a:t"); got.status != 200 || s.request.AppName != "app-1" { // an application without a name
		t.Errorf("%d, app %q", got.status, s.request.AppName)
	}
	if b.request("GET", "/oauth/authorize?"+asked+"&client_id=app-1&app_name=App", "", "Cookie", "auth=a:t"); s.request.AppName != "App" {
		t.Errorf("app %q", s.request.AppName)
	}
	got = b.request("GET", "/oauth/authorize?"+strings.Replace(asked, "https%3A%2F%2Fapp.example", "http%3A%2F%2F%5B%3A%3A1%5D%3A3000", 1), "", "Cookie", "auth=a:t")
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' http:;") {
		t.Errorf("policy %s", csp)
	}
	if got := b.request("GET", "/oauth/authorize?"+asked+"&scope=read-write", "", "Cookie", "auth=a:t"); got.status != 400 {
		t.Errorf("two scopes: %d", got.status)
	}
	s.err = httpapi.OAuthError(httpapi.OAuthInvalidScope, errs.E(errs.Invalid, "bad scope"))
	got = b.request("GET", "/oauth/authorize?"+asked, "", "Cookie", "auth=a:t")
	b.want(got, 400, "<title>Authorization Error - ayb</title>", "bad scope", "<code>invalid_scope</code>")
	if got.header.Get("Location") != "" {
		t.Error("an error redirects")
	}
}

// U5, U7: a browser without a log-in is sent to the log-in page and comes back.
func TestLogInDetour(t *testing.T) {
	s := &services{}
	b := open(t, site, s)
	for _, cookie := range []string{"", "auth=", "auth=alice", "auth=alice:", "other=alice:ayb_s_l"} {
		got := b.request("GET", "/oauth/authorize?"+asked+"&app_name=App", "", "Cookie", cookie)
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
	s.err = errs.E(errs.Hidden, "limited") // S2: the token of an application is no log-in
	if got := b.request("POST", "/oauth/authorize", answered("authorize", "alice/shop.sqlite"), "Cookie", "auth=a:t"); got.status != 302 || !strings.HasPrefix(got.header.Get("Location"), "/log_in?next=%2Foauth%2Fauthorize%3F") {
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
		got := b.request("POST", "/oauth/authorize", answered(action, "alice/shop.sqlite"), "Cookie", cookie)
		if got.status != 302 || got.header.Get("Location") != to || s.request != want || s.token != "ayb_s_l" || s.ticket != "T" {
			t.Errorf("%s: %d %v, %+v", action, got.status, got.header, s)
		}
	}
	s.takeCalls()
	for _, action := range []string{"", "Authorize", "yes"} {
		b.want(b.request("POST", "/oauth/authorize", answered(action, "alice/shop.sqlite"), "Cookie", cookie), 400, "<title>Authorization Error - ayb</title>")
	}
	if got := s.takeCalls(); got != "" {
		t.Errorf("calls: %s", got)
	}
	s.err = httpapi.OAuthError(httpapi.OAuthAccessDenied, errs.E(errs.Forbidden, "not yours"))
	b.want(b.request("POST", "/oauth/authorize", answered("authorize", "bob/x"), "Cookie", cookie), 400, "not yours", "access_denied")
}

// U1: a database created here keeps its spelling and is selected at once.
func TestCreateDatabaseU1(t *testing.T) {
	s := &services{databases: []string{"alice/a"}}
	b := open(t, site, s)
	got := b.request("POST", "/oauth/authorize", answered("create", ""), "Cookie", "auth=a:t")
	b.want(got, 200, `<option value="alice/New.sqlite" selected>alice/New.sqlite</option>`, `<option value="alice/a">`)
	if !strings.Contains(got.header.Get("Content-Security-Policy"), "https://app.example") {
		t.Error("the policy of the page blocks the redirect to the application")
	}
	for code, status := range map[errs.Code]int{errs.Conflict: 409, errs.InvalidSlug: 400, errs.Forbidden: 403} {
		s.err = errs.E(code, "no such luck")
		b.want(b.request("POST", "/oauth/authorize", answered("create", ""), "Cookie", "auth=a:t"), status, "no such luck", `id="authorize-btn"`)
	}
}
