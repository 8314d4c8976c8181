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

// Authenticate tells who presents an API token. Its times are looked at on
// every use, so that what a cache answers is never accepted for too long.
//
// A text that is no token, an unknown one and a wrong secret get the same
// InvalidToken (S14).
func (a *Accounts) Authenticate(ctx context.Context, text string) (authz.Actor, error) {
	presented, err := token.ParseAPI(text)
	if err != nil {
		return authz.Actor{}, err
	}
	stored, err := a.deps.Tokens.TokenByShort(ctx, presented.Short)
	if err == nil && stored.Idle > 0 && presented.Matches(stored.Hash) && a.expired(stored) {
		// Use prolongs it, and what is remembered may be older than that.
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

// ListTokens gives the caller's tokens that still hold, newest first.
func (a *Accounts) ListTokens(ctx context.Context, actor authz.Actor) ([]meta.APIToken, error) {
	if err := authz.CheckScope(actor, authz.ListTokens); err != nil {
		return nil, err
	}
	return a.deps.Tokens.TokensOf(ctx, actor.Entity, a.deps.Now())
}

// ListTokensPage is ListTokens, at most n of those after a short half, and whether
// there are more. Invalid for a short half that is none of the caller's.
func (a *Accounts) ListTokensPage(ctx context.Context, actor authz.Actor, after string, n int) (page []meta.APIToken, more bool, err error) {
	if err := authz.CheckScope(actor, authz.ListTokens); err != nil {
		return nil, false, err
	}
	return a.deps.Tokens.TokensPage(ctx, actor.Entity, a.deps.Now(), after, n)
}

// NewToken is what a caller asks for, as it was typed. Empty fields were not
// given.
type NewToken struct {
	// Database is entity/database, for a token that is limited to one.
	Database string
	// Level is the most that a limited token may do; read-only if empty.
	Level string
	// ExpiresIn is as token.ParseLifetime wants it; empty for no end.
	ExpiresIn string
	Name      string
}

// CreateToken makes an API token for the caller's account, whole or limited to
// a database on which the caller has the level. The second value is the token
// itself, which is told only here.
//
// Errors: Hidden when the caller's own token is limited (S2); Invalid for
// fields that make no sense; Forbidden when the account has as many tokens as it
// may; NotFound for a missing database of the caller's
// own; Forbidden for every other database that is missing or on which the
// caller does not have the level (S22).
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

// scope checks what a new token shall be limited to; nil for nothing.
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

// RevokeToken revokes one of the caller's own tokens, also the one in use.
// NotFound for any other.
func (a *Accounts) RevokeToken(ctx context.Context, actor authz.Actor, short string) error {
	if err := authz.MayRevoke(actor, short); err != nil {
		return err
	}
	return a.deps.Tokens.RevokeToken(ctx, actor.Entity, short, a.deps.Now())
}

// RevokePresented revokes a token for whoever has it whole (RFC 7009). A text
// that is no valid token is nobody's, and that is no error. A token that is
// revoked already is revoked again, so that success means in every case that
// it is refused everywhere.
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
