// Package cache keeps recent look-ups of tokens and databases in front of the
// metadata store, so that a warm query asks it nothing (P4). It has the same
// methods as the store and is used in its place: every change goes through it
// and removes what it makes untrue before it returns.
//
// It decides nothing: a revoked or expired token is cached like any other,
// and whoever uses it looks at its times at every use. Records that do not
// exist are not kept.
package cache

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Tokens is what is cached of the store's methods on tokens.
type Tokens interface {
	TokenByShort(ctx context.Context, short string) (meta.APIToken, error)
	TokensOf(ctx context.Context, id meta.EntityID, now time.Time) ([]meta.APIToken, error)
	RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error
}

// Databases is what is cached of the store's methods on databases.
type Databases interface {
	DatabaseByPath(ctx context.Context, path ayb.DatabasePath) (meta.Database, error)
	DatabasesOf(ctx context.Context, id meta.EntityID) ([]meta.Database, error)
	CreateDatabase(ctx context.Context, d meta.Database) error
	SetPublicLevel(ctx context.Context, id meta.DatabaseID, level ayb.PublicLevel) error
}

// Entities are the store's methods on entities; none is on the path of a
// query, so they pass through.
type Entities interface {
	EntityBySlug(ctx context.Context, slug ayb.EntitySlug) (meta.Entity, error)
	Addresses(ctx context.Context, slug ayb.EntitySlug) ([]string, error)
	Confirm(ctx context.Context, c meta.Confirmation) error
}

// Store is the metadata store behind the cache.
type Store interface {
	Tokens
	Databases
	Grants
	Minting
	Entities
	Accounts
	Making
	PendingOperations
	Names
	Notes
}

// Peers are the other control planes of the server.
type Peers interface {
	// TokensChanged and DatabasesChanged return when all of them have
	// forgotten these, or do not trust their memory. Unavailable when they
	// cannot be told and may go on using it.
	TokensChanged(shorts []string) error
	DatabasesChanged(paths []ayb.DatabasePath) error
	// Fresh is false while this process may not have heard what others have
	// changed; what it remembers is then not used.
	Fresh() bool
}

// Config bounds the cache.
type Config struct {
	// Entries is how many tokens, how many databases, and how many grants are
	// kept. Zero means 10 000.
	Entries int
	// Peers is nil for the only control plane of a server.
	Peers Peers
}

// Cache is a store with a memory. It may be used concurrently.
type Cache struct {
	Store
	tokens    *lookup[string, meta.APIToken]
	databases *lookup[ayb.DatabasePath, record]
	grants    *lookup[grantKey, ayb.SharingLevel]
	records   atomic.Uint64
	others    Peers
}

const defaultEntries = 10_000

// New puts a cache in front of a store.
func New(cfg Config, store Store) (*Cache, error) {
	if cfg.Entries == 0 {
		cfg.Entries = defaultEntries
	}
	tokens, err := newLookup(cfg.Entries, store.TokenByShort)
	if err != nil {
		return nil, err
	}
	c := &Cache{Store: store, tokens: tokens, others: cfg.Peers}
	if c.databases, err = newLookup(cfg.Entries, c.loadRecord); err != nil {
		return nil, err
	}
	c.grants, err = newLookup(cfg.Entries, c.loadGrant)
	return c, err
}

// TokenByShort is the store's, from memory when it can be.
func (c *Cache) TokenByShort(ctx context.Context, short string) (meta.APIToken, error) {
	if !c.fresh() {
		return c.Store.TokenByShort(ctx, short)
	}
	return c.tokens.get(ctx, short)
}

// DatabaseByPath is the store's, from memory when it can be.
func (c *Cache) DatabaseByPath(ctx context.Context, path ayb.DatabasePath) (meta.Database, error) {
	if !c.fresh() {
		return c.Store.DatabaseByPath(ctx, path)
	}
	r, err := c.databases.get(ctx, path)
	return r.Database, err
}

// RevokeToken is the store's; from its return on the token is looked up anew.
// That holds when it fails too: a failed commit may have happened. Like every
// change it is Unavailable, although it was made, when other control planes
// cannot be told of it and may not know.
func (c *Cache) RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error {
	err := c.Store.RevokeToken(ctx, id, short, now)
	return changeError(err, c.forgetTokens(short))
}

// CreateDatabase is the store's; from its return on the path is looked up
// anew. A missing database is never remembered, so that it does not matter
// whether the others know of it.
func (c *Cache) CreateDatabase(ctx context.Context, d meta.Database) error {
	err := c.Store.CreateDatabase(ctx, d)
	c.InvalidateDatabase(d.Path)
	return err
}

// changeError is what a change came to: told is how telling of it went. A change
// that finds nothing left to do is a repeated one, and has been told of only if
// that has worked now.
func changeError(err, told error) error {
	if told != nil && (err == nil || errs.Is(err, errs.NotFound)) {
		return told
	}
	return err
}

// fresh tells whether what is remembered may be used.
func (c *Cache) fresh() bool { return c.others == nil || c.others.Fresh() }

// forgetTokens and forgetDatabases forget what a change made here has made
// untrue, here and in the other control planes. Every method that changes
// something calls one of them, whether the store has failed or not.
func (c *Cache) forgetTokens(shorts ...string) error {
	for _, s := range shorts {
		c.InvalidateToken(s)
	}
	if c.others == nil {
		return nil
	}
	return c.others.TokensChanged(shorts)
}

func (c *Cache) forgetDatabases(paths ...ayb.DatabasePath) error {
	for _, p := range paths {
		c.InvalidateDatabase(p)
	}
	if c.others == nil {
		return nil
	}
	return c.others.DatabasesChanged(paths)
}

// InvalidateToken forgets a token, for changes made elsewhere.
func (c *Cache) InvalidateToken(short string) { c.tokens.invalidate(short) }

// InvalidateDatabase forgets a database with all grants on it, for changes
// made elsewhere.
func (c *Cache) InvalidateDatabase(path ayb.DatabasePath) { c.databases.invalidate(path) }

// InvalidateAll forgets everything, for when changes may have been missed.
func (c *Cache) InvalidateAll() {
	c.tokens.invalidateAll()
	c.databases.invalidateAll()
	c.grants.invalidateAll()
}
