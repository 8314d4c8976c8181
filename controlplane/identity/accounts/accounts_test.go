package accounts_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

var now = time.Date(2026, 3, 15, 16, 0, 0, 0, time.UTC)

// world is a fake of the store and the mailer.
type world struct {
	addresses map[ayb.EntitySlug][]string
	tokens    map[string]meta.APIToken
	revoked   []string
	sent      []mailapi.Job
	delivery  mailapi.Delivery
	mailError error
	storeErr  error
	confirmed []meta.Confirmation
	surplus   []string

	// stored are the tokens in the store behind the cache, asked the number of
	// reads from it, created and used the calls of the service.
	stored  map[string]meta.APIToken
	asked   int
	created []meta.APIToken
	used    []string
}

func (w *world) Addresses(_ context.Context, slug ayb.EntitySlug) ([]string, error) {
	known, ok := w.addresses[slug]
	if w.storeErr != nil {
		return nil, w.storeErr
	}
	if !ok {
		return nil, errs.RecordNotFound("entity", string(slug))
	}
	return known, nil
}

func (w *world) Confirm(_ context.Context, c meta.Confirmation) error {
	w.confirmed = append(w.confirmed, c)
	return w.storeErr
}

func (w *world) TokenByShort(_ context.Context, short string) (meta.APIToken, error) {
	t, ok := w.tokens[short]
	if !ok {
		return t, errs.RecordNotFound("api_token", short)
	}
	return t, nil
}

func (w *world) TokensOf(context.Context, meta.EntityID, time.Time) ([]meta.APIToken, error) {
	return nil, nil
}

func (w *world) TokensPage(context.Context, meta.EntityID, time.Time, string, int) ([]meta.APIToken, bool, error) {
	return nil, false, nil
}

func (w *world) SurplusLogins(context.Context, ayb.EntitySlug, string, time.Time) (meta.EntityID, []string, error) {
	return 7, w.surplus, nil
}

func (w *world) RevokeToken(_ context.Context, _ meta.EntityID, short string, _ time.Time) error {
	w.revoked = append(w.revoked, short)
	return nil
}

func (w *world) Send(_ context.Context, job mailapi.Job) (mailapi.Delivery, error) {
	if w.mailError != nil {
		return "", w.mailError
	}
	w.sent = append(w.sent, job)
	return w.delivery, nil
}

func service(t *testing.T, w *world) *accounts.Accounts {
	t.Helper()
	a, err := accounts.New(
		accounts.Config{
			PublicURL: "https://ayb.example.com/",
			Login:     token.LoginConfig{Key: "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", TTL: time.Hour},
		},
		accounts.Deps{Identities: w, Tokens: w, Databases: w, UseTracker: w, Mail: w, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A16: addresses are validated; an accepted one cannot add a header or a
// recipient.
func TestParseAddress(t *testing.T) {
	long := strings.Repeat("a", 64)
	for in, want := range map[string]string{
		"alice@example.org":              "alice@example.org",
		"Alice.B+tag@Example.ORG":        "alice.b+tag@example.org",
		"root@localhost":                 "root@localhost",
		"o'hara_99%x@sub.ex-ample.org":   "o'hara_99%x@sub.ex-ample.org",
		long + "@example.org":            long + "@example.org",
		"a" + long + "@example.org":      "",
		"a@" + strings.Repeat("b.", 130): "",
		"":                               "",
		"alice":                          "",
		"@example.org":                   "",
		"alice@":                         "",
		"a@b@c":                          "",
		"alice@example.org\r\nBcc: x@y":  "",
		"alice@example.org\n":            "",
		"alice\x00@example.org":          "",
		" alice@example.org":             "",
		"alice@example.org, b@c.org":     "",
		"Alice <alice@example.org>":      "",
		"<alice@example.org>":            "",
		"alice(comment)@example.org":     "",
		`"alice b"@example.org`:          "",
		`"a\r\nb"@example.org`:           "",
		"alice@[127.0.0.1]":              "",
		"alice@example..org":             "",
		"alice@.example.org":             "",
		"alice@example.org.":             "",
		"alice@-example.org":             "",
		"alice@exam_ple.org":             "",
		"älice@example.org":              "",
		"\u212aate@example.org":          "", // a Kelvin sign folds to k
		"alice@exämple.org":              "",
		".alice@example.org":             "",
		"al..ice@example.org":            "",
	} {
		got, err := accounts.ParseAddress(in)
		if got != want || (err == nil) != (want != "") || err != nil && !errs.Is(err, errs.Registration) {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestReservedNames(t *testing.T) {
	must := "register log_in log_out confirm v1 health admin root www api support help blog news email contact about null " +
		"v2 metrics login logout signup oauth settings tokens explore docs assets static search new import export invite groups " +
		"embed openapi mcp .well-known robots favicon entity favicon.ico robots.txt " +
		"administrator system security abuse postmaster webmaster hostmaster noreply mailer billing staff official ayb sqlite duckdb postgres " +
		"mail smtp imap ftp app cdn status dev test staging nil none undefined true false nan me self anonymous"
	w := &world{delivery: mailapi.Delivered}
	a := service(t, w)
	for name := range strings.FieldsSeq(must) {
		for _, spelled := range []string{name, strings.ToUpper(name)} {
			_, err := a.Register(t.Context(), spelled, "x@example.org", "user")
			if want := "Username '" + name + "' is reserved and cannot be used"; !errs.Is(err, errs.Registration) || err.Error() != want {
				t.Errorf("%s: %v", spelled, err)
			}
		}
	}
	if len(w.sent) != 0 {
		t.Errorf("%d mails for reserved names", len(w.sent))
	}
	for name := range strings.FieldsSeq("alice bob123 my-company user_2024 testuser ValiDUSer445 e2e-first") {
		if _, err := a.Register(t.Context(), name, "x@example.org", "user"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRegister(t *testing.T) {
	known := map[ayb.EntitySlug][]string{"alice": {"alice@example.org", "a2@example.org"}, "bare": nil}
	tests := []struct {
		name, entity, address, kind string
		mail                        mailapi.Kind
		code                        errs.Code
	}{
		{"new", "Bob", "Bob@Example.org", "user", mailapi.KindRegistration, ""},
		{"new organization", "acme", "x@example.org", "organization", mailapi.KindRegistration, ""},
		{"own address again", "ALICE", "alice@example.org", "user", mailapi.KindLogin, ""},
		{"own second address", "alice", "a2@example.org", "user", mailapi.KindLogin, ""},
		{"other address", "alice", "mallory@example.org", "user", "", errs.Conflict},
		{"leftover without address", "bare", "x@example.org", "user", "", errs.Conflict},
		{"bad slug first", "a/b", "bad", "bad", "", errs.InvalidSlug},
		{"dots", "..", "x@example.org", "user", "", errs.InvalidSlug},
		{"address before type", "bob", "bad", "bad", "", errs.Registration},
		{"type before conflict", "alice", "mallory@example.org", "bot", "", errs.Invalid},
	}
	for _, tt := range tests {
		w := &world{addresses: known, delivery: mailapi.Queued}
		got, err := service(t, w).Register(t.Context(), tt.entity, tt.address, tt.kind)
		if errs.CodeOf(err) != tt.code {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.code != "" {
			if len(w.sent) != 0 {
				t.Errorf("%s: a mail was sent", tt.name)
			}
			continue
		}
		if len(w.sent) != 1 || got != mailapi.Queued {
			t.Fatalf("%s: %q, %d mails", tt.name, got, len(w.sent))
		}
		job := w.sent[0]
		link := "https://ayb.example.com/confirm/" + strings.ReplaceAll(job.Token, "=", "%3D")
		if job.Kind != tt.mail || job.To != strings.ToLower(tt.address) || job.ConfirmURL != link || job.ID == "" ||
			!job.CreatedAt.Equal(now) || !job.ExpiresAt.Equal(now.Add(time.Hour)) {
			t.Errorf("%s: %+v", tt.name, job)
		}
	}
}

// S14: a log-in to a name without an account looks like any other.
func TestLogIn(t *testing.T) {
	w := &world{addresses: map[ayb.EntitySlug][]string{"alice": {"alice@example.org", "a2@example.org"}, "bare": nil}, delivery: mailapi.Delivered}
	a := service(t, w)
	for _, name := range []string{"nobody", "bare", "../etc", ""} {
		if got, err := a.LogIn(t.Context(), name); got != mailapi.Delivered || err != nil || len(w.sent) != 0 {
			t.Errorf("%q: %q, %v, %d mails", name, got, err, len(w.sent))
		}
	}
	if got, err := a.LogIn(t.Context(), "Alice"); got != mailapi.Delivered || err != nil || len(w.sent) != 1 || w.sent[0].To != "alice@example.org" {
		t.Errorf("%q, %v, %+v", got, err, w.sent)
	}
	w.mailError = errs.E(errs.Unavailable, "no queue")
	if _, err := a.LogIn(t.Context(), "alice"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v", err)
	}
	w.storeErr = errs.E(errs.Unavailable, "no store")
	if _, err := a.LogIn(t.Context(), "alice"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v", err)
	}
}

func TestConfirm(t *testing.T) {
	w := &world{delivery: mailapi.Delivered}
	a := service(t, w)
	if _, err := a.Register(t.Context(), "Alice", "Alice@example.org", "organization"); err != nil {
		t.Fatal(err)
	}
	slug, text, err := a.Confirm(t.Context(), w.sent[0].Token)
	if err != nil || slug != "alice" {
		t.Fatal(slug, err)
	}
	api, err := token.ParseAPI(text)
	if err != nil {
		t.Fatal(err)
	}
	c := w.confirmed[0]
	if c.Slug != "alice" || c.Type != ayb.Organization || c.Address != "alice@example.org" || c.Short != api.Short ||
		c.Hash != api.Hash() || c.MailDigest == "" || !c.MailExpires.Equal(now.Add(time.Hour)) {
		t.Errorf("got %+v", c)
	}
	w.storeErr = errs.E(errs.InvalidToken, "spent")
	for _, text := range []string{w.sent[0].Token, w.sent[0].Token + "x", ""} {
		if _, _, err := a.Confirm(t.Context(), text); !errs.Is(err, errs.Invalid) || err.Error() != "Invalid or expired token" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	api, other := token.NewAPI(), token.NewAPI()
	good := meta.APIToken{Short: api.Short, Hash: api.Hash(), Entity: 1, Slug: "alice", Scope: &meta.Scope{Database: 5}}
	revoked, expired, fresh := good, good, good
	revoked.RevokedAt, expired.ExpiresAt, fresh.ExpiresAt = now, now, now.Add(time.Second)
	forged := token.API{Short: api.Short, Long: other.Long}
	tests := []struct {
		name, text, want string
		stored           meta.APIToken
	}{
		{"good", api.String(), "", good},
		{"not yet expired", api.String(), "", fresh},
		{"expired", api.String(), "API token has expired", expired},
		{"revoked", api.String(), "API token has been revoked", revoked},
		{"wrong secret", forged.String(), "Invalid API token", good},
		{"wrong secret of a revoked one", forged.String(), "Invalid API token", revoked},
		{"unknown", other.String(), "Invalid API token", good},
		{"appended", api.String() + "x", "Invalid API token", good},
		{"appended part", api.String() + "_x", "Invalid API token", good},
		{"other prefix, S26", "abc" + api.String()[3:], "Invalid API token", good},
		{"nonsense", "nonsense", "Invalid API token", good},
	}
	for _, tt := range tests {
		w := &world{tokens: map[string]meta.APIToken{tt.stored.Short: tt.stored}}
		got, err := service(t, w).Authenticate(t.Context(), tt.text)
		if tt.want == "" {
			if want := (authz.Actor{Entity: 1, Slug: "alice", Token: api.Short, Scope: good.Scope}); got != want || err != nil {
				t.Errorf("%s: %+v, %v", tt.name, got, err)
			}
			continue
		}
		if !errs.Is(err, errs.InvalidToken) || err.Error() != tt.want || !got.Anonymous() {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// S2: a scoped token lists no tokens and revokes only itself.
func TestScopedTokens(t *testing.T) {
	w := &world{}
	a := service(t, w)
	app := authz.Actor{Entity: 1, Token: "app", Scope: &meta.Scope{Database: 5}}
	if _, err := a.ListTokens(t.Context(), app); !errs.Is(err, errs.Hidden) {
		t.Errorf("list: %v", err)
	}
	if err := a.RevokeToken(t.Context(), app, "other"); !errs.Is(err, errs.Hidden) {
		t.Errorf("revoke another: %v", err)
	}
	if err := a.RevokeToken(t.Context(), app, "app"); err != nil || len(w.revoked) != 1 {
		t.Errorf("revoke itself: %v", err)
	}
}

func TestNewChecks(t *testing.T) {
	w := &world{}
	deps := accounts.Deps{Identities: w, Tokens: w, Databases: w, UseTracker: w, Mail: w, Now: time.Now}
	if _, err := accounts.New(accounts.Config{Login: token.LoginConfig{Key: "bad", TTL: time.Hour}}, deps); err == nil {
		t.Error("O3: a bad key is accepted")
	}
	if _, err := accounts.New(accounts.Config{}, accounts.Deps{}); err == nil {
		t.Error("missing dependencies are accepted")
	}
}
