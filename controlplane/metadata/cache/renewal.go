package cache

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Minting is what of the store makes tokens. Nothing of it is cached: what
// does not exist is not remembered, so that making it makes nothing untrue.
type Minting interface {
	CreateToken(ctx context.Context, t meta.APIToken) error
	InsertOAuthCode(ctx context.Context, c meta.OAuthCode) error
	OAuthCode(ctx context.Context, hash [32]byte) (meta.OAuthCode, error)
	UseOAuthCode(ctx context.Context, hash [32]byte, t meta.APIToken, now time.Time) error
	// TokensPage and SurplusLogins are not on the path of a query and pass
	// through.
	TokensPage(ctx context.Context, id meta.EntityID, now time.Time, after string, n int) (page []meta.APIToken, more bool, err error)
	SurplusLogins(ctx context.Context, slug ayb.EntitySlug, short string, now time.Time) (id meta.EntityID, shorts []string, err error)
}

// ReloadToken forgets a token and gives it as the store has it, for when what is
// remembered may have been overtaken by its use.
func (c *Cache) ReloadToken(ctx context.Context, short string) (meta.APIToken, error) {
	c.InvalidateToken(short)
	return c.TokenByShort(ctx, short)
}
