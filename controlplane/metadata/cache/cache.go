// Package cache keeps recent look-ups of tokens, databases and grants in front
// of the metadata store, so that a query whose records are remembered asks the
// store nothing.
//
// A Cache stands in the place of the store: it has the methods of it that the
// services use, each written out. A method that changes a record forgets what
// the change makes untrue, here and in the other control planes, before it
// returns. A test compares the methods with those of the store, so that no
// change goes unnoticed.
//
// The cache decides nothing. It remembers a revoked or expired token like any
// other; the service that uses the token checks its times at every use. A
// record that was not found is not remembered.
package cache

import (
	"sync/atomic"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Store is the metadata store behind the cache. It is the sum of one interface
// per noun and has more than seven methods, because the cache stands for the
// whole store. The services have interfaces of their own.
type Store interface {
	Accounts
	Tokens
	Codes
	Databases
	Listings
	Grants
	Reservations
	PendingOperations
	SnapshotNotes
}

// Peers are the other control planes of the server.
type Peers interface {
	// TokensChanged and DatabasesChanged return when every peer has forgotten
	// these records or has stopped using what it remembers. Unavailable when a
	// peer cannot be reached and may still use them.
	TokensChanged(shorts []string) error
	DatabasesChanged(paths []ayb.DatabasePath) error
	// Fresh reports whether this process has received all changes of its
	// peers. While it has not, the cache looks everything up in the store.
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
	store     Store
	tokens    *lookup[string, meta.APIToken]
	databases *lookup[ayb.DatabasePath, record]
	grants    *lookup[grantKey, ayb.SharingLevel]
	records   atomic.Uint64
	peers     Peers
}

const defaultEntries = 10_000

// New returns a cache in front of a store. A negative size is an error.
func New(cfg Config, store Store) (*Cache, error) {
	if cfg.Entries == 0 {
		cfg.Entries = defaultEntries
	}
	tokens, err := newLookup(cfg.Entries, store.TokenByShort)
	if err != nil {
		return nil, err
	}
	c := &Cache{store: store, tokens: tokens, peers: cfg.Peers}
	if c.databases, err = newLookup(cfg.Entries, c.loadRecord); err != nil {
		return nil, err
	}
	c.grants, err = newLookup(cfg.Entries, c.loadGrant)
	return c, err
}

// fresh reports whether the memory may be used.
func (c *Cache) fresh() bool { return c.peers == nil || c.peers.Fresh() }

// forgetTokens forgets tokens here and in the peers. A method that changes a
// token calls it even if the store returned an error: a commit that failed may
// have happened.
func (c *Cache) forgetTokens(shorts ...string) error {
	for _, s := range shorts {
		c.InvalidateToken(s)
	}
	if c.peers == nil {
		return nil
	}
	return c.peers.TokensChanged(shorts)
}

// forgetDatabases is forgetTokens for databases and the grants on them.
func (c *Cache) forgetDatabases(paths ...ayb.DatabasePath) error {
	for _, p := range paths {
		c.InvalidateDatabase(p)
	}
	if c.peers == nil {
		return nil
	}
	return c.peers.DatabasesChanged(paths)
}

// changeError is the error of a change: err is the store's, peers that of
// telling the peers. A change that was made and is unknown to a peer is
// Unavailable. So is NotFound then: a repeated change finds nothing left to do,
// and succeeds only once the peers know of it.
func changeError(err, peers error) error {
	if peers != nil && (err == nil || errs.Is(err, errs.NotFound)) {
		return peers
	}
	return err
}

// InvalidateToken forgets a token that another process has changed.
func (c *Cache) InvalidateToken(short string) { c.tokens.invalidate(short) }

// InvalidateDatabase forgets a database, with all grants on it, that another
// process has changed.
func (c *Cache) InvalidateDatabase(path ayb.DatabasePath) { c.databases.invalidate(path) }

// InvalidateAll forgets everything, for when changes of other processes may
// have been missed.
func (c *Cache) InvalidateAll() {
	c.tokens.invalidateAll()
	c.databases.invalidateAll()
	c.grants.invalidateAll()
}
