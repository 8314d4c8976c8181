package cache

import (
	"context"
	"errors"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Accounts are the store's methods on accounts. No query needs them, so that
// accounts are not remembered. The limits that a query needs come with its
// database.
type Accounts interface {
	EntityBySlug(ctx context.Context, slug ayb.EntitySlug) (meta.Entity, error)
	Addresses(ctx context.Context, slug ayb.EntitySlug) ([]string, error)
	AccountLimits(ctx context.Context, id meta.EntityID) (limits.Values, error)
	Confirm(ctx context.Context, c meta.Confirmation) error
	UpdateProfile(ctx context.Context, id meta.EntityID, u meta.ProfileUpdate) error
	DeleteEntity(ctx context.Context, id meta.EntityID, now time.Time) (meta.DeletedEntity, error)
}

// EntityBySlug is the store's.
func (c *Cache) EntityBySlug(ctx context.Context, slug ayb.EntitySlug) (meta.Entity, error) {
	return c.store.EntityBySlug(ctx, slug)
}

// Addresses is the store's.
func (c *Cache) Addresses(ctx context.Context, slug ayb.EntitySlug) ([]string, error) {
	return c.store.Addresses(ctx, slug)
}

// AccountLimits is the store's.
func (c *Cache) AccountLimits(ctx context.Context, id meta.EntityID) (limits.Values, error) {
	return c.store.AccountLimits(ctx, id)
}

// Confirm is the store's.
func (c *Cache) Confirm(ctx context.Context, m meta.Confirmation) error {
	return c.store.Confirm(ctx, m)
}

// UpdateProfile is the store's.
func (c *Cache) UpdateProfile(ctx context.Context, id meta.EntityID, u meta.ProfileUpdate) error {
	return c.store.UpdateProfile(ctx, id, u)
}

// DeleteEntity is the store's, and forgets the tokens and databases of the
// account. It reads them beforehand as well: when the commit fails, the store
// does not return them, and the commit may still have happened.
func (c *Cache) DeleteEntity(ctx context.Context, id meta.EntityID, now time.Time) (meta.DeletedEntity, error) {
	tokens, err := c.store.TokensOf(ctx, id, now)
	if err != nil {
		return meta.DeletedEntity{}, err
	}
	owned, err := c.store.DatabasesOf(ctx, id)
	if err != nil {
		return meta.DeletedEntity{}, err
	}
	deleted, err := c.store.DeleteEntity(ctx, id, now)
	shorts := deleted.Tokens
	for _, t := range tokens {
		shorts = append(shorts, t.Short)
	}
	var paths []ayb.DatabasePath
	for _, d := range append(owned, deleted.Databases...) {
		paths = append(paths, d.Path)
	}
	peers := errors.Join(c.forgetTokens(shorts...), c.forgetDatabases(paths...))
	return deleted, changeError(err, peers)
}
