package cache

import (
	"context"
	"errors"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Accounts are the store's methods on accounts themselves.
type Accounts interface {
	UpdateProfile(ctx context.Context, id meta.EntityID, u meta.ProfileUpdate) error
	DeleteEntity(ctx context.Context, id meta.EntityID, now time.Time) (meta.DeletedEntity, error)
	// AccountLimits is not cached: those that every request needs come with
	// the database.
	AccountLimits(ctx context.Context, id meta.EntityID) (limits.Values, error)
}

// DeleteEntity is the store's; from its return on the account's tokens and
// databases are looked up anew, which finds none. What was known of it before
// counts too, for a failed commit may have happened.
func (c *Cache) DeleteEntity(ctx context.Context, id meta.EntityID, now time.Time) (meta.DeletedEntity, error) {
	tokens, err := c.Store.TokensOf(ctx, id, now)
	if err != nil {
		return meta.DeletedEntity{}, err
	}
	owned, err := c.Store.DatabasesOf(ctx, id)
	if err != nil {
		return meta.DeletedEntity{}, err
	}
	gone, err := c.Store.DeleteEntity(ctx, id, now)
	shorts := gone.Tokens
	for _, t := range tokens {
		shorts = append(shorts, t.Short)
	}
	var paths []ayb.DatabasePath
	for _, d := range append(owned, gone.Databases...) {
		paths = append(paths, d.Path)
	}
	told := errors.Join(c.forgetTokens(shorts...), c.forgetDatabases(paths...))
	return gone, changeError(err, told)
}
