package cache

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/meta"
)

// Minting is what of the store makes tokens. Nothing of it is cached: what
// does not exist is not remembered, so that making it makes nothing untrue.
type Minting interface {
	CreateToken(ctx context.Context, t meta.APIToken) error
	InsertOAuthCode(ctx context.Context, c meta.OAuthCode) error
	OAuthCode(ctx context.Context, hash [32]byte) (meta.OAuthCode, error)
	UseOAuthCode(ctx context.Context, hash [32]byte, t meta.APIToken, now time.Time) error
}

// TokenAnew forgets a token and gives it as the store has it, for when what is
// remembered may have been overtaken by its use.
func (c *Cache) TokenAnew(ctx context.Context, short string) (meta.APIToken, error) {
	c.InvalidateToken(short)
	return c.TokenByShort(ctx, short)
}
