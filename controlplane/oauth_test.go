package controlplane_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane"
	"github.com/ayb-go/ayb/controlplane/identity/weblogin"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/shared/logging/loggingtest"
	"github.com/ayb-go/ayb/web"
)

// newPagedWorld is newWorld with the pages for people.
func newPagedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorldWith(t, func(d *controlplane.Deps) {
		d.Pages = func(api http.Handler, s *weblogin.Service) (http.Handler, error) {
			return web.New(web.Config{PublicURL: "https://ayb.example.com"}, web.Deps{API: api, Viewers: s, LogIns: s, Applications: s, Log: loggingtest.New(t)})
		}
	})
	w.server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return w
}

const (
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	callback = "https://app.example/cb"
	formType = "application/x-www-form-urlencoded"
)

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func asking(scope string) url.Values {
	return url.Values{
		"response_type": {"code"}, "redirect_uri": {callback}, "scope": {scope}, "state": {"st"}, "app_name": {"My App"},
		"code_challenge": {challenge()}, "code_challenge_method": {"S256"},
	}
}

// advance moves the clock.
func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// logIn logs a browser in by mail and returns its cookie.
func (w *world) logIn(entity, next string) (cookie string, last answer) {
	w.t.Helper()
	sent := len(w.mail.sent())
	if got := w.do("POST", "/log_in", url.Values{"username": {entity}, "next": {next}}.Encode(), "Content-Type", formType); got.status != 200 {
		w.t.Fatalf("log in: %d %s", got.status, got.body)
	}
	jobs := w.mail.sent()
	if len(jobs) != sent+1 {
		w.t.Fatalf("%d mails", len(jobs)-sent)
	}
	link, err := url.Parse(jobs[sent].ConfirmURL)
	if err != nil {
		w.t.Fatal(err)
	}
	last = w.do("POST", link.EscapedPath(), "")
	cookie, _, _ = strings.Cut(last.header.Get("Set-Cookie"), ";")
	return cookie, last
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)">`)

// consent opens the consent page and returns the fields of its form.
func (w *world) consent(cookie, scope string) url.Values {
	w.t.Helper()
	got := w.do("GET", "/oauth/authorize?"+asking(scope).Encode(), "", "Cookie", cookie)
	if got.status != 200 {
		w.t.Fatalf("consent: %d %v %s", got.status, got.header, got.body)
	}
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(got.body, -1) {
		form.Set(m[1], m[2])
	}
	return form
}

func (w *world) answerConsent(cookie string, form url.Values, action, database string) answer {
	w.t.Helper()
	form.Set("action", action)
	form.Set("database", database)
	return w.do("POST", "/oauth/authorize", form.Encode(), "Content-Type", formType, "Cookie", cookie)
}

// code passes the pages and returns an authorization code.
func (w *world) code(cookie, scope, database string) string {
	w.t.Helper()
	got := w.answerConsent(cookie, w.consent(cookie, scope), "authorize", database)
	to, err := url.Parse(got.header.Get("Location"))
	if err != nil || got.status != 302 || to.Host != "app.example" || to.Query().Get("state") != "st" {
		w.t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	return to.Query().Get("code")
}

func exchanging(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
}

func (w *world) exchange(form url.Values) answer {
	w.t.Helper()
	return w.do("POST", "/v1/oauth/token", form.Encode(), "Content-Type", formType)
}

// A6, S27: from the pages to a token with the rights that were granted.
func TestOAuthFlow(t *testing.T) {
	w := newPagedWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/Shop.sqlite")
	w.mustCreate(auth, "alice/other")
	cookie, last := w.logIn("Alice", "/oauth/authorize?x=y")
	if last.status != 303 || last.header.Get("Location") != "/oauth/authorize?x=y" { // U7
		t.Errorf("after the log-in: %d %v", last.status, last.header)
	}
	got := w.exchange(exchanging(w.code(cookie, "read-only", "alice/Shop.sqlite")))
	var token httpapi.OAuthToken
	if err := json.Unmarshal([]byte(got.body), &token); err != nil || got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	w.want(got, 200, `{"access_token":"`+token.AccessToken+`","token_type":"Bearer","database":"alice/Shop.sqlite","query_permission_level":"read-only","database_url":"https://ayb.example.com/v1/alice/Shop.sqlite"}`)
	if got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", got.header)
	}
	app := "Bearer " + token.AccessToken
	w.want(w.query(app, "alice/Shop.sqlite", "SELECT 1"), 200, empty)
	if q := w.node.Queries(); q[len(q)-1].Mode != ayb.QueryReadOnly {
		t.Errorf("mode %s", q[len(q)-1].Mode)
	}
	if got := w.query(app, "alice/other", "SELECT 1"); got.status != 403 {
		t.Errorf("another database: %d", got.status)
	}
	for _, tt := range []struct{ method, path string }{ // S2
		{"GET", "/v1/tokens"}, {"POST", "/v1/tokens"}, {"PATCH", "/v1/entity/alice"}, {"GET", "/v1/alice/Shop.sqlite/permissions"},
	} {
		if got := w.do(tt.method, tt.path, "", "Authorization", app); got.status != 403 {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, got.status, got.body)
		}
	}
	if got := w.do("GET", "/oauth/authorize?"+asking("read-only").Encode(), "", "Cookie", "auth=alice:"+token.AccessToken); got.status != 302 {
		t.Errorf("S2: the token of an application opens a session: %d", got.status)
	}
	if got := w.do("GET", "/v1/tokens", "", "Authorization", auth); !strings.Contains(got.body, `"scoped_database":"alice/Shop.sqlite","permission_level":"read-only","app_name":"My App"`) {
		t.Error(got.body)
	}
}

// The token endpoint in both encodings, and its own shape of errors.
func TestOAuthTokenEndpoint(t *testing.T) {
	w := newPagedWorld(t)
	w.mustCreate(w.account("alice"), "alice/db")
	cookie, _ := w.logIn("alice", "")
	failure := func(code, text string) string {
		b, _ := json.Marshal(text)
		return `{"error":"` + code + `","error_description":` + string(b) + `}`
	}
	const bodyKind = "The body must be a form (application/x-www-form-urlencoded) or a JSON object"
	for _, tt := range []struct{ kind, body, code, text string }{
		{"application/json", `{"grant_type":"password"}`, "unsupported_grant_type", "Only grant_type=authorization_code is supported"},
		{"application/json", `{"grant_type":"authorization_code","code":"nonexistent","redirect_uri":"https://a.example","code_verifier":"x"}`, "invalid_grant", "Authorization code not found"},
		{"", `{"grant_type":"authorization_code","code":"nonexistent","redirect_uri":"https://a.example","code_verifier":"x"}`, "invalid_grant", "Authorization code not found"},
		{formType, "grant_type=authorization_code&code=nonexistent&redirect_uri=x&code_verifier=y", "invalid_grant", "Authorization code not found"},
		{formType + "; charset=utf-8", "grant_type=authorization_code&code=%27%20OR%201=1&redirect_uri=x&code_verifier=y", "invalid_grant", "Authorization code not found"},
		{formType, "grant_type=authorization_code&redirect_uri=x&code_verifier=y", "invalid_request", "The parameter code is missing"},
		{formType, "grant_type=authorization_code&code=a&code=b", "invalid_request", "A parameter is given more than once"},
		{formType, "grant_type=authorization_code&code=%ff", "invalid_request", "A parameter is not valid UTF-8"},
		{formType, "code=%zz", "invalid_request", "The body is not a valid form"},
		{"application/json", `[]`, "invalid_request", "The body must be a JSON object"},
		{"application/json", `{"grant_type":7}`, "unsupported_grant_type", "Only grant_type=authorization_code is supported"},
		{"application/json", ``, "invalid_request", "The body must be a JSON object"},
		{"text/plain", `grant_type=authorization_code`, "invalid_request", bodyKind},
		{"", ``, "invalid_request", bodyKind},
	} {
		got := w.do("POST", "/v1/oauth/token", tt.body, "Content-Type", tt.kind, "Origin", "https://app.example")
		w.want(got, 400, failure(tt.code, tt.text))
		if got.header.Get("Access-Control-Allow-Origin") != "https://app.example" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", got.header)
		}
	}
	if got := w.do("POST", "/v1/oauth/token", strings.Repeat("a", 1<<20), "Content-Type", formType); got.status != 413 || !strings.HasPrefix(got.body, `{"error":"invalid_request"`) {
		t.Errorf("a megabyte: %d %s", got.status, got.body)
	}
	preflight := w.do("OPTIONS", "/v1/oauth/token", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if preflight.status != 200 || preflight.header.Get("Access-Control-Allow-Headers") != "content-type" {
		t.Errorf("preflight: %d %v", preflight.status, preflight.header)
	}
	code := w.code(cookie, "read-write", "alice/db")
	asJSON, _ := json.Marshal(map[string]string{"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier})
	if got := w.do("POST", "/v1/oauth/token", string(asJSON), "Content-Type", "application/json", "Authorization", "Basic YTpi"); got.status != 200 || !strings.Contains(got.body, `"query_permission_level":"read-write"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	late := w.code(cookie, "read-only", "alice/db")
	w.advance(10 * time.Minute)
	w.want(w.exchange(exchanging(late)), 400, failure("invalid_grant", "Authorization code has expired"))
}

// S27: a code works once, and a failed check leaves it usable.
func TestOAuthCodeReplayS27(t *testing.T) {
	w := newPagedWorld(t)
	w.mustCreate(w.account("alice"), "alice/db")
	cookie, _ := w.logIn("alice", "")
	code := w.code(cookie, "read-only", "alice/db")
	wrong := exchanging(code)
	wrong.Set("code_verifier", strings.Repeat("a", 43))
	w.want(w.exchange(wrong), 400, `{"error":"invalid_grant","error_description":"PKCE verification failed"}`)
	got := w.exchange(exchanging(code))
	var token httpapi.OAuthToken
	if err := json.Unmarshal([]byte(got.body), &token); err != nil || got.status != 200 {
		t.Fatalf("a failed check has spent the code: %d %s", got.status, got.body)
	}
	app := "Bearer " + token.AccessToken
	used := `{"error":"invalid_grant","error_description":"Authorization code has already been used"}`
	w.want(w.exchange(wrong), 400, used)
	w.want(w.query(app, "alice/db", "SELECT 1"), 200, empty)
	w.want(w.exchange(exchanging(code)), 400, used)
	w.want(w.query(app, "alice/db", "SELECT 1"), 401, `{"type":"InvalidToken","message":"API token has been revoked"}`)
	w.want(w.exchange(exchanging(code)), 400, used)
}

// RFC 7009.
func TestOAuthRevoke(t *testing.T) {
	w := newPagedWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	cookie, _ := w.logIn("alice", "")
	var token httpapi.OAuthToken
	if err := json.Unmarshal([]byte(w.exchange(exchanging(w.code(cookie, "read-only", "alice/db"))).body), &token); err != nil {
		t.Fatal(err)
	}
	app := "Bearer " + token.AccessToken
	revoke := func(text string) answer {
		return w.do("POST", "/v1/oauth/revoke", url.Values{"token": {text}, "token_type_hint": {"access_token"}}.Encode(), "Content-Type", formType)
	}
	short := strings.Split(token.AccessToken, "_")[1]
	for _, text := range []string{"nonsense", token.AccessToken + "x", "ayb_" + short + "_x", short} {
		w.want(revoke(text), 200, `{}`)
	}
	w.want(w.query(app, "alice/db", "SELECT 1"), 200, empty)
	w.want(revoke(token.AccessToken), 200, `{}`)
	w.want(w.query(app, "alice/db", "SELECT 1"), 401, `{"type":"InvalidToken","message":"API token has been revoked"}`)
	w.want(revoke(token.AccessToken), 200, `{}`)
	w.want(revoke(""), 400, `{"error":"invalid_request","error_description":"The parameter token is missing"}`)
	w.want(w.query(auth, "alice/db", "SELECT 1"), 200, empty)
}

func TestOAuthMetadata(t *testing.T) {
	got := newPagedWorld(t).do("GET", "/.well-known/oauth-authorization-server", "", "Origin", "https://app.example")
	if got.status != 200 || !strings.HasPrefix(got.body, `{"issuer":"https://ayb.example.com","authorization_endpoint":"https://ayb.example.com/oauth/authorize"`) ||
		got.header.Get("Access-Control-Allow-Origin") != "https://app.example" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// S1: a session needs a valid token. The name in the cookie proves nothing.
func TestForgedCookieS1(t *testing.T) {
	w := newPagedWorld(t)
	victim, mallory := w.account("victim"), w.account("mallory")
	w.mustCreate(victim, "victim/secret")
	w.mustCreate(mallory, "mallory/own")
	cookie, _ := w.logIn("mallory", "")
	_, token, _ := strings.Cut(cookie, ":")
	form := w.consent(cookie, "read-only")
	for _, forged := range []string{
		"auth=victim:x", "auth=victim:", "auth=victim", "auth=victim:ayb_x_y", "auth=:x", "auth=victim:" + token + "x", "auth=victim:x:" + token,
		"auth=victim:x; auth=victim:" + token,
	} {
		got := w.answerConsent(forged, form, "authorize", "victim/secret")
		if got.status != 302 || !strings.HasPrefix(got.header.Get("Location"), "/log_in?") {
			t.Errorf("%s: %d %v", forged, got.status, got.header)
		}
	}
	// A cookie that names the victim over mallory's own token is mallory's.
	got := w.answerConsent("auth=victim:"+token, form, "authorize", "victim/secret")
	if got.status != 400 || got.header.Get("Location") != "" || !strings.Contains(got.body, "mallory can&#39;t give read-only access") {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
	got = w.answerConsent("auth=victim:"+token, form, "authorize", "victim/nothing")
	if got.status != 400 || !strings.Contains(got.body, "mallory can&#39;t give read-only access") {
		t.Errorf("a missing database is told apart: %d %s", got.status, got.body)
	}
	if got := w.answerConsent("auth=victim:"+token, form, "authorize", "mallory/own"); got.status != 302 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// S5: the fields of the form are checked again, and a denial redirects only to the
// registered place.
func TestAlteredFormsS5(t *testing.T) {
	w := newPagedWorld(t)
	w.mustCreate(w.account("alice"), "alice/db")
	cookie, _ := w.logIn("alice", "")
	for field, value := range map[string]string{
		"redirect_uri": "https://evil.example/cb", "requested_scope": "read-write", "state": "other", "app_name": "Bank",
		"code_challenge": strings.Repeat("A", 43), "ticket": "",
	} {
		for _, action := range []string{"authorize", "deny"} {
			form := w.consent(cookie, "read-only")
			form.Set(field, value)
			got := w.answerConsent(cookie, form, action, "alice/db")
			if got.status != 400 || got.header.Get("Location") != "" {
				t.Errorf("%s, %s: %d %v", field, action, got.status, got.header)
			}
		}
	}
	form := w.consent(cookie, "read-only")
	other, _ := w.logIn("alice", "")
	if got := w.answerConsent(other, form, "deny", ""); got.status != 400 {
		t.Errorf("the form of another session: %d", got.status)
	}
	got := w.answerConsent(cookie, form, "deny", "")
	if got.status != 302 || got.header.Get("Location") != callback+"?error=access_denied&state=st" {
		t.Errorf("%d %v", got.status, got.header)
	}
}

// U1: the consent page can create the database that it then grants.
func TestConsentCreatesDatabaseU1(t *testing.T) {
	w := newPagedWorld(t)
	w.account("alice")
	cookie, _ := w.logIn("alice", "")
	form := w.consent(cookie, "read-write")
	form.Set("new_database", "New.sqlite")
	got := w.answerConsent(cookie, form, "create", "")
	if got.status != 200 || !strings.Contains(got.body, `<option value="alice/New.sqlite" selected>`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if w.code(cookie, "read-write", "alice/New.sqlite") == "" {
		t.Error("no code for it")
	}
	again := w.answerConsent(cookie, form, "create", "")
	if again.status != 409 || !strings.Contains(again.body, "Database already exists") {
		t.Errorf("%d %s", again.status, again.body)
	}
	form.Set("new_database", "a/b")
	if got := w.answerConsent(cookie, form, "create", ""); got.status != 400 || !strings.Contains(got.body, "Only letters") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Shared databases can be granted, at the level of the account.
func TestConsentListsSharedDatabases(t *testing.T) {
	w := newPagedWorld(t)
	ann := w.account("ann")
	w.account("bob")
	w.mustCreate(ann, "ann/shared")
	w.mustCreate(ann, "ann/private")
	if got := w.do("POST", "/v1/ann/shared/share", "", "Authorization", ann, "entity-for-permission", "bob", "sharing-level", "read-only"); got.status != 204 {
		t.Fatalf("share: %d %s", got.status, got.body)
	}
	cookie, _ := w.logIn("bob", "")
	for scope, listed := range map[string]bool{"read-only": true, "read-write": false} {
		body := w.do("GET", "/oauth/authorize?"+asking(scope).Encode(), "", "Cookie", cookie).body
		if strings.Contains(body, `value="ann/shared"`) != listed || strings.Contains(body, "ann/private") {
			t.Errorf("%s: %s", scope, body)
		}
	}
	if got := w.answerConsent(cookie, w.consent(cookie, "read-write"), "authorize", "ann/shared"); got.status != 400 {
		t.Errorf("more than is held: %d", got.status)
	}
	var token httpapi.OAuthToken
	got := w.exchange(exchanging(w.code(cookie, "read-only", "ann/shared")))
	if err := json.Unmarshal([]byte(got.body), &token); err != nil {
		t.Fatal(got.body)
	}
	w.want(w.query("Bearer "+token.AccessToken, "ann/shared", "SELECT 1"), 200, empty)
	if got := w.do("POST", "/v1/ann/shared/share", "", "Authorization", ann, "entity-for-permission", "bob", "sharing-level", "no-access"); got.status != 204 {
		t.Fatalf("share: %d %s", got.status, got.body)
	}
	if got := w.query("Bearer "+token.AccessToken, "ann/shared", "SELECT 1"); got.status != 403 {
		t.Errorf("after the grant is gone: %d", got.status)
	}
}
