package oauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/oauth"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636

func challengeOf(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func request() httpapi.AuthorizeRequest {
	return httpapi.AuthorizeRequest{
		ResponseType: "code", RedirectURI: "https://app.example/cb", Scope: "read-only", State: "xyz",
		CodeChallenge: challengeOf(verifier), CodeChallengeMethod: "S256", AppName: "My App",
	}
}

// world is a fake store with databases and a clock. alice owns alice/shop.sqlite
// and reads bob/data.sqlite.
type world struct {
	mu      sync.Mutex
	now     time.Time
	codes   map[[32]byte]meta.OAuthCode
	revoked []string
	// racing runs once at the begin of UseOAuthCode, reading at the begin of
	// OAuthCode.
	racing, reading func()
}

func (w *world) InsertOAuthCode(_ context.Context, c meta.OAuthCode) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes[c.Hash] = c
	return nil
}

func (w *world) OAuthCode(_ context.Context, hash [32]byte) (meta.OAuthCode, error) {
	if f := w.reading; f != nil {
		w.reading = nil
		f()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.codes[hash]
	if !ok {
		return c, errs.E(errs.NotFound, "no code")
	}
	return c, nil
}

func (w *world) UseOAuthCode(_ context.Context, hash [32]byte, t meta.APIToken, now time.Time) error {
	if f := w.racing; f != nil {
		w.racing = nil
		f()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.codes[hash]
	if !c.UsedAt.IsZero() {
		return errs.E(errs.Conflict, "used")
	}
	c.UsedAt, c.Issued = now, t.Short
	w.codes[hash] = c
	return nil
}

func (w *world) RevokeToken(_ context.Context, _ meta.EntityID, short string, _ time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.Contains(w.revoked, short) {
		return errs.RecordNotFound("api_token", short)
	}
	w.revoked = append(w.revoked, short)
	return nil
}

func (w *world) Level(_ context.Context, a authz.Actor, entity, database string) (meta.Database, ayb.QueryLevel, error) {
	path := ayb.DatabasePath{Entity: ayb.FoldEntity(entity), Database: ayb.DatabaseSlug(database)}
	switch path.String() {
	case "alice/shop.sqlite":
		return meta.Database{ID: 7, Path: path}, ayb.QueryReadWrite, nil
	case "bob/data.sqlite":
		return meta.Database{ID: 8, Path: path}, ayb.QueryReadOnly, nil
	case "bob/forkable":
		return meta.Database{ID: 9, Path: path}, ayb.QueryNone, nil
	case "alice/missing":
		return meta.Database{}, "", errs.RecordNotFound("database", path.String())
	case "bob/broken":
		return meta.Database{}, "", errs.E(errs.Unavailable, "away")
	}
	return meta.Database{}, "", errs.E(errs.Hidden, "hidden")
}

func (w *world) Accessible(ctx context.Context, a authz.Actor, level ayb.QueryLevel) (out []meta.Database, _ error) {
	for _, p := range []string{"shop.sqlite", "data.sqlite"} {
		entity := map[string]string{"shop.sqlite": "alice", "data.sqlite": "bob"}[p]
		if d, l, _ := w.Level(ctx, a, entity, p); l.Covers(level) {
			out = append(out, d)
		}
	}
	return out, nil
}

var alice = authz.Actor{Entity: 1, Slug: "alice", Token: "login"}

func newWorld(t *testing.T) (*world, *oauth.Service) {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), codes: map[[32]byte]meta.OAuthCode{}}
	s, err := oauth.New(oauth.Config{Key: [32]byte{1}}, oauth.Deps{Store: w, Databases: w, Now: func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w, s
}

func check(t *testing.T, r httpapi.AuthorizeRequest) oauth.Request {
	t.Helper()
	checked, err := oauth.ParseRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	return checked
}

func TestCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*httpapi.AuthorizeRequest)
		want   httpapi.OAuthCode
	}{
		"good":                {func(*httpapi.AuthorizeRequest) {}, ""},
		"read-write":          {func(r *httpapi.AuthorizeRequest) { r.Scope = "read-write" }, ""},
		"no state":            {func(r *httpapi.AuthorizeRequest) { r.State = "" }, ""},
		"no response_type":    {func(r *httpapi.AuthorizeRequest) { r.ResponseType = "" }, "invalid_request"},
		"token":               {func(r *httpapi.AuthorizeRequest) { r.ResponseType = "token" }, "unsupported_response_type"},
		"no method":           {func(r *httpapi.AuthorizeRequest) { r.CodeChallengeMethod = "" }, "invalid_request"},
		"plain":               {func(r *httpapi.AuthorizeRequest) { r.CodeChallengeMethod = "plain" }, "invalid_request"},
		"no challenge":        {func(r *httpapi.AuthorizeRequest) { r.CodeChallenge = "" }, "invalid_request"},
		"short challenge":     {func(r *httpapi.AuthorizeRequest) { r.CodeChallenge = "abc" }, "invalid_request"},
		"padded challenge":    {func(r *httpapi.AuthorizeRequest) { r.CodeChallenge += "=" }, "invalid_request"},
		"broken challenge":    {func(r *httpapi.AuthorizeRequest) { r.CodeChallenge = "\n" + r.CodeChallenge }, "invalid_request"},
		"no redirect":         {func(r *httpapi.AuthorizeRequest) { r.RedirectURI = "" }, "invalid_request"},
		"bad redirect":        {func(r *httpapi.AuthorizeRequest) { r.RedirectURI = "http://evil.example" }, "invalid_request"},
		"no scope":            {func(r *httpapi.AuthorizeRequest) { r.Scope = "" }, "invalid_request"},
		"two scopes":          {func(r *httpapi.AuthorizeRequest) { r.Scope = "read-only read-write" }, "invalid_scope"},
		"manager":             {func(r *httpapi.AuthorizeRequest) { r.Scope = "manager" }, "invalid_scope"},
		"no name":             {func(r *httpapi.AuthorizeRequest) { r.AppName = "" }, "invalid_request"},
		"blank name":          {func(r *httpapi.AuthorizeRequest) { r.AppName = " " }, "invalid_request"},
		"misleading name":     {func(r *httpapi.AuthorizeRequest) { r.AppName = "a\u202eb" }, "invalid_request"},
		"long state":          {func(r *httpapi.AuthorizeRequest) { r.State = strings.Repeat("s", 2049) }, "invalid_request"},
		"type before method":  {func(r *httpapi.AuthorizeRequest) { r.ResponseType, r.Scope = "token", "x" }, "unsupported_response_type"},
		"redirect over scope": {func(r *httpapi.AuthorizeRequest) { r.RedirectURI, r.Scope = "x", "x" }, "invalid_request"},
	} {
		r := request()
		tt.change(&r)
		_, err := oauth.ParseRequest(r)
		if (err == nil) != (tt.want == "") || err != nil && (httpapi.OAuthCodeOf(err) != tt.want || !errs.Is(err, errs.Invalid)) {
			t.Errorf("%s: %v, %v", name, httpapi.OAuthCodeOf(err), err)
		}
	}
}

func TestAsk(t *testing.T) {
	_, s := newWorld(t)
	for scope, want := range map[string][]string{"read-only": {"alice/shop.sqlite", "bob/data.sqlite"}, "read-write": {"alice/shop.sqlite"}} {
		r := request()
		r.Scope = scope
		c, err := s.PrepareConsent(t.Context(), alice, check(t, r))
		if err != nil || !slices.Equal(c.Databases, want) || c.AppName != "My App" || c.Entity != "alice" || c.RedirectOrigin != "https://app.example" || c.Level != scope {
			t.Errorf("%+v, %v", c, err)
		}
	}
	scoped := alice
	scoped.Scope = &meta.Scope{Database: 7, Level: ayb.QueryReadWrite}
	if _, err := s.PrepareConsent(t.Context(), scoped, check(t, request())); !errs.Is(err, errs.Hidden) { // S2
		t.Errorf("a scoped token is asked: %v", err)
	}
}

// S5: an answer is accepted only with the same request, from the same log-in, and
// in time.
func TestTicketsS5(t *testing.T) {
	w, s := newWorld(t)
	asked := check(t, request())
	c, err := s.PrepareConsent(t.Context(), alice, asked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Grant(t.Context(), alice, asked, c.Ticket, "alice/shop.sqlite"); err != nil {
		t.Fatal(err)
	}
	changed := func(f func(*httpapi.AuthorizeRequest)) oauth.Request {
		r := request()
		f(&r)
		return check(t, r)
	}
	mallory := authz.Actor{Entity: 2, Slug: "mallory", Token: "other"}
	otherLogin := alice
	otherLogin.Token = "other"
	scoped := alice
	scoped.Scope = &meta.Scope{Database: 7, Level: ayb.QueryReadWrite}
	for name, tt := range map[string]struct {
		actor  authz.Actor
		r      oauth.Request
		ticket string
	}{
		"redirect":      {alice, changed(func(r *httpapi.AuthorizeRequest) { r.RedirectURI = "https://evil.example/cb" }), c.Ticket},
		"scope":         {alice, changed(func(r *httpapi.AuthorizeRequest) { r.Scope = "read-write" }), c.Ticket},
		"challenge":     {alice, changed(func(r *httpapi.AuthorizeRequest) { r.CodeChallenge = challengeOf("x") }), c.Ticket},
		"state":         {alice, changed(func(r *httpapi.AuthorizeRequest) { r.State = "abc" }), c.Ticket},
		"app":           {alice, changed(func(r *httpapi.AuthorizeRequest) { r.AppName = "Bank" }), c.Ticket},
		"moved border":  {alice, changed(func(r *httpapi.AuthorizeRequest) { r.State, r.AppName = "xy", "zMy App" }), c.Ticket},
		"other account": {mallory, asked, c.Ticket},
		"other log-in":  {otherLogin, asked, c.Ticket},
		"scoped token":  {scoped, asked, c.Ticket},
		"nobody":        {authz.Actor{}, asked, c.Ticket},
		"no ticket":     {alice, asked, ""},
		"garbage":       {alice, asked, "AAAA"},
		"cut":           {alice, asked, c.Ticket[:len(c.Ticket)-1]},
		"longer life":   {alice, asked, "Z" + c.Ticket[1:]},
	} {
		before := len(w.codes)
		if _, err := s.Grant(t.Context(), tt.actor, tt.r, tt.ticket, "alice/shop.sqlite"); err == nil || len(w.codes) != before {
			t.Errorf("%s: granted", name)
		}
		if _, err := s.Deny(tt.actor, tt.r, tt.ticket); err == nil {
			t.Errorf("%s: redirected by a denial", name)
		}
	}
	w.now = w.now.Add(time.Hour)
	if _, err := s.Deny(alice, asked, c.Ticket); !errs.Is(err, errs.Invalid) {
		t.Errorf("after its life: %v", err)
	}
}

func TestDeny(t *testing.T) {
	_, s := newWorld(t)
	asked := check(t, request())
	c, _ := s.PrepareConsent(t.Context(), alice, asked)
	got, err := s.Deny(alice, asked, c.Ticket)
	if err != nil || got != "https://app.example/cb?error=access_denied&state=xyz" {
		t.Errorf("%s, %v", got, err)
	}
}

// The user must have the level that the application gets. A missing database
// looks like a forbidden one.
func TestGrantOnlyWhatIsHeld(t *testing.T) {
	w, s := newWorld(t)
	for _, tt := range []struct {
		scope, database string
		code            errs.Code
		oauth           httpapi.OAuthCode
	}{
		{"read-only", "alice/shop.sqlite", "", ""},
		{"read-write", "ALICE/shop.sqlite", "", ""},
		{"read-only", "bob/data.sqlite", "", ""},
		{"read-write", "bob/data.sqlite", errs.Forbidden, "access_denied"},
		{"read-only", "bob/forkable", errs.Forbidden, "access_denied"},
		{"read-only", "bob/secret", errs.Forbidden, "access_denied"},
		{"read-only", "alice/missing", errs.Forbidden, "access_denied"},
		{"read-only", "bob/broken", errs.Unavailable, "temporarily_unavailable"},
		{"read-only", "", errs.Invalid, "invalid_request"},
		{"read-only", "shop.sqlite", errs.Invalid, "invalid_request"},
	} {
		r := request()
		r.Scope = tt.scope
		asked := check(t, r)
		c, _ := s.PrepareConsent(t.Context(), alice, asked)
		before := len(w.codes)
		_, err := s.Grant(t.Context(), alice, asked, c.Ticket, tt.database)
		if errs.CodeOf(err) != tt.code || err != nil && httpapi.OAuthCodeOf(err) != tt.oauth || (len(w.codes) > before) != (err == nil) {
			t.Errorf("%s on %s: %v", tt.scope, tt.database, err)
		}
	}
}

// grant returns a code for alice/shop.sqlite.
func grant(t *testing.T, s *oauth.Service) string {
	t.Helper()
	asked := check(t, request())
	c, err := s.PrepareConsent(t.Context(), alice, asked)
	if err != nil {
		t.Fatal(err)
	}
	location, err := s.Grant(t.Context(), alice, asked, c.Ticket, "alice/shop.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil || u.Query().Get("state") != "xyz" || len(u.Query().Get("code")) != 43 {
		t.Fatalf("%s, %v", location, err)
	}
	return u.Query().Get("code")
}

func exchange(code string) httpapi.OAuthTokenRequest {
	return httpapi.OAuthTokenRequest{GrantType: "authorization_code", Code: code, RedirectURI: "https://app.example/cb", CodeVerifier: verifier}
}

// S27: a code is stored as a hash, belongs to one request, ends, and is used once.
// A failed check leaves it usable.
func TestExchangeS27(t *testing.T) {
	w, s := newWorld(t)
	code := grant(t, s)
	for hash, c := range w.codes {
		if hash == [32]byte([]byte(code)[:32]) || c.Scope.Database != 7 || c.Scope.Level != ayb.QueryReadOnly || !c.ExpiresAt.Equal(w.now.Add(10*time.Minute)) {
			t.Errorf("stored %+v", c)
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*httpapi.OAuthTokenRequest)
		code   httpapi.OAuthCode
		text   string
	}{
		{"other grant, all else wrong", func(r *httpapi.OAuthTokenRequest) { *r = httpapi.OAuthTokenRequest{GrantType: "password"} }, "unsupported_grant_type", "Only grant_type=authorization_code is supported"},
		{"no code", func(r *httpapi.OAuthTokenRequest) { r.Code = "" }, "invalid_request", "The parameter code is missing"},
		{"no verifier", func(r *httpapi.OAuthTokenRequest) { r.CodeVerifier = "" }, "invalid_request", "The parameter code_verifier is missing"},
		{"unknown", func(r *httpapi.OAuthTokenRequest) { r.Code = "nonexistent" }, "invalid_grant", "Authorization code not found"},
		{"altered", func(r *httpapi.OAuthTokenRequest) { r.Code += "A" }, "invalid_grant", "Authorization code not found"},
		{"redirect", func(r *httpapi.OAuthTokenRequest) { r.RedirectURI += "/"; r.CodeVerifier = "x" }, "invalid_grant", "redirect_uri does not match"},
		{"case of redirect", func(r *httpapi.OAuthTokenRequest) { r.RedirectURI = "https://APP.example/cb" }, "invalid_grant", "redirect_uri does not match"},
		{"verifier", func(r *httpapi.OAuthTokenRequest) { r.CodeVerifier = strings.Repeat("a", 43) }, "invalid_grant", "PKCE verification failed"},
		{"challenge as verifier", func(r *httpapi.OAuthTokenRequest) { r.CodeVerifier = challengeOf(verifier) }, "invalid_grant", "PKCE verification failed"},
		{"huge verifier", func(r *httpapi.OAuthTokenRequest) { r.CodeVerifier = strings.Repeat("a", 1<<20) }, "invalid_grant", "PKCE verification failed"},
	} {
		r := exchange(code)
		tt.change(&r)
		_, err := s.Exchange(t.Context(), r)
		if httpapi.OAuthCodeOf(err) != tt.code || errs.Public(err).Message != tt.text {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	got, err := s.Exchange(t.Context(), exchange(code))
	if err != nil || !strings.HasPrefix(got.Token, "ayb_") || got.Level != ayb.QueryReadOnly || got.Database.String() != "alice/shop.sqlite" {
		t.Fatalf("%+v, %v", got, err)
	}
	late := grant(t, s)
	w.now = w.now.Add(10 * time.Minute)
	r := exchange(late)
	r.CodeVerifier = "wrong"
	if _, err := s.Exchange(t.Context(), r); errs.Public(err).Message != "Authorization code has expired" {
		t.Errorf("late: %v", err)
	}
}

// A second attempt with the right verifier means that the code has leaked. One
// with a wrong verifier proves nothing.
func TestReplayRevokes(t *testing.T) {
	w, s := newWorld(t)
	code := grant(t, s)
	got, err := s.Exchange(t.Context(), exchange(code))
	if err != nil {
		t.Fatal(err)
	}
	short := strings.Split(got.Token, "_")[1]
	for name, change := range map[string]func(*httpapi.OAuthTokenRequest){
		"verifier": func(r *httpapi.OAuthTokenRequest) { r.CodeVerifier = strings.Repeat("a", 43) },
		"redirect": func(r *httpapi.OAuthTokenRequest) { r.RedirectURI = "https://evil.example/" },
	} {
		r := exchange(code)
		change(&r)
		if _, err := s.Exchange(t.Context(), r); httpapi.OAuthCodeOf(err) != "invalid_grant" || len(w.revoked) != 0 {
			t.Errorf("%s: %v, revoked %v", name, err, w.revoked)
		}
	}
	w.now = w.now.Add(time.Hour) // also when the code has ended meanwhile
	for range 2 {
		_, err := s.Exchange(t.Context(), exchange(code))
		if errs.Public(err).Message != "Authorization code has already been used" || !slices.Equal(w.revoked, []string{short}) {
			t.Errorf("%v, revoked %v, issued %s", err, w.revoked, short)
		}
	}
}

// Of two concurrent attempts one succeeds and keeps its token. The other gets an
// error that says so.
func TestRaceOfTwoExchanges(t *testing.T) {
	for when, want := range map[string]httpapi.OAuthCode{"after both have read": "server_error", "before the slower one reads": "invalid_grant"} {
		w, s := newWorld(t)
		code := grant(t, s)
		var inner oauth.IssuedToken
		faster := func() {
			w.now = w.now.Add(time.Millisecond)
			var err error
			if inner, err = s.Exchange(context.WithoutCancel(t.Context()), exchange(code)); err != nil {
				t.Errorf("the faster one: %v", err)
			}
		}
		if want == "server_error" {
			w.racing = faster
		} else {
			w.reading = faster
		}
		_, err := s.Exchange(t.Context(), exchange(code))
		if httpapi.OAuthCodeOf(err) != want || inner.Token == "" || len(w.revoked) != 0 {
			t.Errorf("%s: %v, revoked %v", when, err, w.revoked)
		}
	}
}
