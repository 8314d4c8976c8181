package accounts

import (
	"context"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Authenticate returns the actor of an API token. It compares the expiry with
// the clock on every use, so that a cached token does not outlive its end.
//
// A malformed token, an unknown one and one with a wrong secret get the same
// InvalidToken, so that the answer does not reveal which tokens exist.
func (a *Accounts) Authenticate(ctx context.Context, text string) (authz.Actor, error) {
	presented, err := token.ParseAPI(text)
	if err != nil {
		return authz.Actor{}, err
	}
	stored, err := a.deps.Tokens.TokenByShort(ctx, presented.Short)
	if err == nil && stored.Idle > 0 && presented.Matches(stored.Hash) && a.expired(stored) {
		// Every use prolongs such a token; the cached record may be too old.
		stored, err = a.deps.Tokens.ReloadToken(ctx, presented.Short)
	}
	switch {
	case errs.Is(err, errs.NotFound):
		return authz.Actor{}, token.ErrInvalidAPI()
	case err != nil:
		return authz.Actor{}, err
	case !presented.Matches(stored.Hash):
		return authz.Actor{}, token.ErrInvalidAPI()
	case !stored.RevokedAt.IsZero():
		return authz.Actor{}, errs.E(errs.InvalidToken, "API token has been revoked")
	case a.expired(stored):
		return authz.Actor{}, errs.E(errs.InvalidToken, "API token has expired")
	}
	a.deps.UseTracker.Track(stored, a.deps.Now())
	return authz.Actor{Entity: stored.Entity, Slug: stored.Slug, Token: stored.Short, Scope: stored.Scope}, nil
}

func (a *Accounts) expired(t meta.APIToken) bool {
	return !t.ExpiresAt.IsZero() && !a.deps.Now().Before(t.ExpiresAt)
}

// ListTokens returns the valid tokens of the caller, newest first.
func (a *Accounts) ListTokens(ctx context.Context, actor authz.Actor) ([]meta.APIToken, error) {
	if err := authz.CheckScope(actor, authz.ListTokens); err != nil {
		return nil, err
	}
	return a.deps.Tokens.TokensOf(ctx, actor.Entity, a.deps.Now())
}

// ListTokensPage returns at most n tokens of ListTokens that follow the token
// with the short half after, and reports whether there are more. Invalid when the
// caller has no token after.
func (a *Accounts) ListTokensPage(ctx context.Context, actor authz.Actor, after string, n int) (page []meta.APIToken, more bool, err error) {
	if err := authz.CheckScope(actor, authz.ListTokens); err != nil {
		return nil, false, err
	}
	return a.deps.Tokens.TokensPage(ctx, actor.Entity, a.deps.Now(), after, n)
}

// NewToken is a request for a token, as the caller wrote it. Empty fields were
// not given.
type NewToken struct {
	// Database is entity/database for a limited token; empty for one that
	// stands for the account.
	Database string
	// Level is the highest level of a limited token; read-only if empty.
	Level string
	// ExpiresIn is a lifetime for token.ParseLifetime; empty for no end.
	ExpiresIn string
	Name      string
}

// CreateToken makes an API token for the caller's account, or one limited to a
// database on which the caller has the level. The second result is the token
// itself; it cannot be read again later.
//
// Errors: Hidden when the caller's own token is limited, since a limited token
// must not widen its rights; Invalid for bad fields; Forbidden when the account
// has reached its number of tokens; NotFound for a missing database of the
// caller's own. Forbidden for every other database that is missing or on which
// the caller lacks the level, so that the answer does not reveal which exist.
func (a *Accounts) CreateToken(ctx context.Context, actor authz.Actor, req NewToken) (meta.APIToken, string, error) {
	if err := authz.CheckScope(actor, authz.CreateToken); err != nil {
		return meta.APIToken{}, "", err
	}
	api := token.NewAPI()
	t := meta.APIToken{Short: api.Short, Hash: api.Hash(), Entity: actor.Entity, Slug: actor.Slug, CreatedAt: a.deps.Now()}
	if req.Name != "" {
		name, err := token.CheckName(req.Name)
		if err != nil {
			return meta.APIToken{}, "", err
		}
		t.Name = name
	}
	if req.ExpiresIn != "" {
		life, err := token.ParseLifetime(req.ExpiresIn)
		if err != nil {
			return meta.APIToken{}, "", err
		}
		t.ExpiresAt = t.CreatedAt.Add(life)
	}
	scope, err := a.scope(ctx, actor, req)
	if err != nil {
		return meta.APIToken{}, "", err
	}
	t.Scope = scope
	if err := a.deps.Tokens.CreateToken(ctx, t); err != nil {
		return meta.APIToken{}, "", err
	}
	return t, api.String(), nil
}

// scope returns the limits of a new token, or nil for a token without limits.
func (a *Accounts) scope(ctx context.Context, actor authz.Actor, req NewToken) (*meta.Scope, error) {
	switch {
	case req.Database == "" && req.Level == "":
		return nil, nil
	case req.Database == "":
		return nil, errs.E(errs.Invalid, "A level needs a database: a token for a whole account can't be limited to one")
	case req.Level == "":
		req.Level = string(ayb.QueryReadOnly)
	}
	level, err := ayb.ParseQueryLevel(req.Level)
	if err != nil {
		return nil, err
	}
	entity, name, ok := strings.Cut(req.Database, "/")
	if !ok {
		return nil, errs.E(errs.Invalid, "The database must be written as entity/database")
	}
	path := ayb.DatabasePath{Entity: ayb.FoldEntity(entity), Database: ayb.DatabaseSlug(name)}
	db, has, err := a.deps.Databases.Level(ctx, actor, entity, name)
	if errs.Is(err, errs.Hidden) || err == nil && !has.Covers(level) {
		return nil, errs.E(errs.Forbidden, "Authenticated entity %s can't make a %s token for database %s", actor.Slug, level, path)
	}
	if err != nil {
		return nil, err
	}
	return &meta.Scope{Database: db.ID, Path: db.Path, Level: level}, nil
}

// RevokeToken revokes a token of the caller, which may be the presented one.
// NotFound for a token of another account.
func (a *Accounts) RevokeToken(ctx context.Context, actor authz.Actor, short string) error {
	if err := authz.MayRevoke(actor, short); err != nil {
		return err
	}
	return a.deps.Tokens.RevokeToken(ctx, actor.Entity, short, a.deps.Now())
}

// RevokePresented revokes the token that is given in full (RFC 7009). An invalid
// token is no error. A token that is revoked already is revoked again, so that
// success always means that every control plane refuses it.
func (a *Accounts) RevokePresented(ctx context.Context, text string) error {
	presented, err := token.ParseAPI(text)
	if err != nil {
		return nil
	}
	stored, err := a.deps.Tokens.TokenByShort(ctx, presented.Short)
	if err == nil && presented.Matches(stored.Hash) {
		err = a.deps.Tokens.RevokeToken(ctx, stored.Entity, stored.Short, a.deps.Now())
	}
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}
