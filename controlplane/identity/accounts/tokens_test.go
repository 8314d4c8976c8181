package accounts_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func (w *world) ReloadToken(_ context.Context, short string) (meta.APIToken, error) {
	w.asked++
	t, ok := w.stored[short]
	if !ok {
		return t, errs.RecordNotFound("api_token", short)
	}
	return t, nil
}

func (w *world) CreateToken(_ context.Context, t meta.APIToken) error {
	w.created = append(w.created, t)
	return w.storeErr
}

func (w *world) Track(t meta.APIToken, _ time.Time) { w.used = append(w.used, t.Short) }

// Level knows alice/shop.sqlite, which is alice's, and bob/data.sqlite, which
// bob shares with her for reading.
func (w *world) Level(_ context.Context, actor authz.Actor, entity, database string) (meta.Database, ayb.QueryLevel, error) {
	path := ayb.DatabasePath{Entity: ayb.FoldEntity(entity), Database: ayb.DatabaseSlug(database)}
	switch path.String() {
	case "alice/shop.sqlite":
		return meta.Database{ID: 7, Path: path}, ayb.QueryReadWrite, nil
	case "bob/data.sqlite":
		return meta.Database{ID: 8, Path: path}, ayb.QueryReadOnly, nil
	case "alice/missing":
		return meta.Database{}, "", errs.RecordNotFound("database", path.String())
	}
	return meta.Database{}, "", errs.E(errs.Hidden, "Authenticated entity %s can't access database %s", actor.Slug, path)
}

// S2: a limited token cannot create tokens, and a token never exceeds the rights
// of its account.
func TestCreateToken(t *testing.T) {
	alice := authz.Actor{Entity: 1, Slug: "alice", Token: "x"}
	scoped := alice
	scoped.Scope = &meta.Scope{Database: 7, Level: ayb.QueryReadWrite}
	const noLevel = "Authenticated entity alice can't make a "
	for _, tt := range []struct {
		name  string
		actor authz.Actor
		req   accounts.NewToken
		code  errs.Code
		text  string
	}{
		{"whole", alice, accounts.NewToken{}, "", ""},
		{"own, both levels", alice, accounts.NewToken{Database: "ALICE/shop.sqlite", Level: "read-write"}, "", "7 read-write"},
		{"least by default", alice, accounts.NewToken{Database: "alice/shop.sqlite"}, "", "7 read-only"},
		{"shared", alice, accounts.NewToken{Database: "bob/data.sqlite", Level: "read-only"}, "", "8 read-only"},
		{"shared, too much", alice, accounts.NewToken{Database: "bob/data.sqlite", Level: "read-write"}, errs.Forbidden, noLevel + "read-write token for database bob/data.sqlite"},
		{"hidden", alice, accounts.NewToken{Database: "Bob/secret"}, errs.Forbidden, noLevel + "read-only token for database bob/secret"},
		{"own, missing", alice, accounts.NewToken{Database: "alice/missing"}, errs.NotFound, ""},
		{"level alone", alice, accounts.NewToken{Level: "read-only"}, errs.Invalid, ""},
		{"unknown level", alice, accounts.NewToken{Database: "alice/shop.sqlite", Level: "manager"}, errs.Invalid, "Unknown value: manager; it can be read-only, read-write"},
		{"no path", alice, accounts.NewToken{Database: "shop.sqlite"}, errs.Invalid, ""},
		{"lifetime", alice, accounts.NewToken{ExpiresIn: "soon"}, errs.Invalid, ""},
		{"invisible name", alice, accounts.NewToken{Name: "a\u202eb"}, errs.Invalid, ""},
		{"by a scoped token", scoped, accounts.NewToken{}, errs.Hidden, ""},
		{"by a scoped token, its own scope", scoped, accounts.NewToken{Database: "alice/shop.sqlite"}, errs.Hidden, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{}
			got, text, err := service(t, w).CreateToken(t.Context(), tt.actor, tt.req)
			if errs.CodeOf(err) != tt.code {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				if tt.text != "" && errs.Public(err).Message != tt.text || len(w.created) != 0 || text != "" {
					t.Errorf("%v, created %v", err, w.created)
				}
				return
			}
			scope := ""
			if got.Scope != nil {
				scope = map[meta.DatabaseID]string{7: "7 ", 8: "8 "}[got.Scope.Database] + string(got.Scope.Level)
			}
			parsed, perr := token.ParseAPI(text)
			if scope != tt.text || len(w.created) != 1 || perr != nil || !parsed.Matches(w.created[0].Hash) || got.Short != parsed.Short || got.Entity != 1 {
				t.Errorf("scope %q, created %+v, %v", scope, w.created, perr)
			}
		})
	}
}

func TestCreateTokenWithNameAndEnd(t *testing.T) {
	w := &world{}
	got, _, err := service(t, w).CreateToken(t.Context(), authz.Actor{Entity: 1, Slug: "alice"}, accounts.NewToken{Name: "  Back up ✓ ", ExpiresIn: "30d"})
	if err != nil || got.Name != "Back up ✓" || !got.ExpiresAt.Equal(now.Add(30*24*time.Hour)) || got.Idle != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// S16: the log-in of a browser ends when it goes unused for 30 days. A cached end
// may be older than the last use.
func TestWebLoginsEndUnusedS16(t *testing.T) {
	w := &world{addresses: map[ayb.EntitySlug][]string{"alice": {"a@example.org"}}}
	a := service(t, w)
	if _, err := a.LogInWithNext(t.Context(), "alice", "/alice/shop.sqlite?x=1"); err != nil {
		t.Fatal(err)
	}
	s, err := a.ConfirmWebLogin(t.Context(), w.sent[0].Token)
	if err != nil || s.Next != "/alice/shop.sqlite?x=1" || s.Slug != "alice" {
		t.Fatalf("%+v, %v", s, err)
	}
	c := w.confirmed[0]
	if c.Idle != 30*24*time.Hour || !c.ExpiresAt.Equal(now.Add(c.Idle)) {
		t.Errorf("idle %v, until %v", c.Idle, c.ExpiresAt)
	}
	if _, _, err := a.Confirm(t.Context(), w.sent[0].Token); err != nil {
		t.Fatal(err)
	}
	if c := w.confirmed[1]; c.Idle != 0 || !c.ExpiresAt.IsZero() {
		t.Errorf("a token of a program ends: %+v", c)
	}

	// The next log-in revokes the surplus log-ins of the account.
	w.surplus = []string{"old", "older"}
	if _, _, err := a.Confirm(t.Context(), w.sent[0].Token); err != nil || !slices.Equal(w.revoked, w.surplus) {
		t.Errorf("ended %v, %v", w.revoked, err)
	}
	remembered := meta.APIToken{Short: c.Short, Hash: c.Hash, Entity: 1, Slug: "alice", Idle: c.Idle, ExpiresAt: now}
	w.tokens = map[string]meta.APIToken{c.Short: remembered}
	w.stored = map[string]meta.APIToken{c.Short: remembered}
	if _, err := a.Authenticate(t.Context(), s.Token); !errs.Is(err, errs.InvalidToken) || w.asked != 1 || len(w.used) != 0 {
		t.Errorf("unused for 30 days: %v, asked %d, used %v", err, w.asked, w.used)
	}
	prolonged := remembered
	prolonged.ExpiresAt = now.Add(time.Hour)
	w.stored[c.Short] = prolonged
	if actor, err := a.Authenticate(t.Context(), s.Token); err != nil || actor.Slug != "alice" || len(w.used) != 1 {
		t.Errorf("used meanwhile: %v", err)
	}
	asked := w.asked
	if _, err := a.Authenticate(t.Context(), s.Token+"x"); !errs.Is(err, errs.InvalidToken) || w.asked != asked || len(w.used) != 1 {
		t.Errorf("a wrong secret: %v, asked %d more, used %v", err, w.asked-asked, w.used)
	}
}

// RFC 7009: the holder of a token can revoke it; any other text is no error.
func TestRevokePresented(t *testing.T) {
	api := token.NewAPI()
	w := &world{tokens: map[string]meta.APIToken{api.Short: {
		Short: api.Short, Hash: api.Hash(), Entity: 1, Scope: &meta.Scope{Database: 7, Level: ayb.QueryReadOnly},
	}}}
	a := service(t, w)
	for _, text := range []string{"", "nonsense", "ayb_x_y", api.String() + "x", strings.Repeat("x", 10_000)} {
		if err := a.RevokePresented(t.Context(), text); err != nil || len(w.revoked) != 0 {
			t.Errorf("%.20q: %v, revoked %v", text, err, w.revoked)
		}
	}
	if err := a.RevokePresented(t.Context(), api.String()); err != nil || len(w.revoked) != 1 || w.revoked[0] != api.Short {
		t.Errorf("%v, revoked %v", err, w.revoked)
	}
}
