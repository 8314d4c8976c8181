package cache

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Tokens are the store's methods on API tokens. TokenByShort, which every
// request with a token needs, is remembered.
type Tokens interface {
	TokenByShort(ctx context.Context, short string) (meta.APIToken, error)
	TokensOf(ctx context.Context, id meta.EntityID, now time.Time) ([]meta.APIToken, error)
	TokensPage(ctx context.Context, id meta.EntityID, now time.Time, after string, n int) (page []meta.APIToken, more bool, err error)
	SurplusLogins(ctx context.Context, slug ayb.EntitySlug, short string, now time.Time) (id meta.EntityID, shorts []string, err error)
	CreateToken(ctx context.Context, t meta.APIToken) error
	RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error
}

// TokenByShort is the store's, from memory if possible.
func (c *Cache) TokenByShort(ctx context.Context, short string) (meta.APIToken, error) {
	if !c.fresh() {
		return c.store.TokenByShort(ctx, short)
	}
	return c.tokens.get(ctx, short)
}

// ReloadToken returns a token as it is in the store. A remembered token may be
// older than its last use, which moves its end.
func (c *Cache) ReloadToken(ctx context.Context, short string) (meta.APIToken, error) {
	c.InvalidateToken(short)
	return c.TokenByShort(ctx, short)
}

// TokensOf is the store's.
func (c *Cache) TokensOf(ctx context.Context, id meta.EntityID, now time.Time) ([]meta.APIToken, error) {
	return c.store.TokensOf(ctx, id, now)
}

// TokensPage is the store's.
func (c *Cache) TokensPage(ctx context.Context, id meta.EntityID, now time.Time, after string, n int) (page []meta.APIToken, more bool, err error) {
	return c.store.TokensPage(ctx, id, now, after, n)
}

// SurplusLogins is the store's.
func (c *Cache) SurplusLogins(ctx context.Context, slug ayb.EntitySlug, short string, now time.Time) (id meta.EntityID, shorts []string, err error) {
	return c.store.SurplusLogins(ctx, slug, short, now)
}

// CreateToken is the store's.
func (c *Cache) CreateToken(ctx context.Context, t meta.APIToken) error {
	return c.store.CreateToken(ctx, t)
}

// RevokeToken is the store's, and forgets the token. Like every change it
// returns Unavailable, although it was made, when a peer may not know of it.
func (c *Cache) RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error {
	err := c.store.RevokeToken(ctx, id, short, now)
	return changeError(err, c.forgetTokens(short))
}

// Codes are the store's methods on OAuth authorization codes. Each code is
// looked up once or twice, so that codes are not remembered.
type Codes interface {
	InsertOAuthCode(ctx context.Context, c meta.OAuthCode) error
	OAuthCode(ctx context.Context, hash [32]byte) (meta.OAuthCode, error)
	UseOAuthCode(ctx context.Context, hash [32]byte, t meta.APIToken, now time.Time) error
}

// InsertOAuthCode is the store's.
func (c *Cache) InsertOAuthCode(ctx context.Context, code meta.OAuthCode) error {
	return c.store.InsertOAuthCode(ctx, code)
}

// OAuthCode is the store's.
func (c *Cache) OAuthCode(ctx context.Context, hash [32]byte) (meta.OAuthCode, error) {
	return c.store.OAuthCode(ctx, hash)
}

// UseOAuthCode is the store's.
func (c *Cache) UseOAuthCode(ctx context.Context, hash [32]byte, t meta.APIToken, now time.Time) error {
	return c.store.UseOAuthCode(ctx, hash, t, now)
}
