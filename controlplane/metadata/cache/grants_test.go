package cache_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/cache"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// shares is a memory with grants. granted, when set, is called between
// reading a grant and returning it.
type shares struct {
	*memory
	granted func()

	mu     sync.Mutex
	grants map[grantee]ayb.SharingLevel
	fail   error // of every change, after it has been made
}

type grantee struct {
	entity   meta.EntityID
	database meta.DatabaseID
}

func newShares() *shares {
	m := newMemory()
	m.databases[shared.Path] = shared
	return &shares{memory: m, grants: map[grantee]ayb.SharingLevel{}}
}

var shared = meta.Database{ID: 7, Owner: 1, Path: ayb.DatabasePath{Entity: "a", Database: "shared"}, Public: ayb.PublicNone}

func (s *shares) GrantOf(_ context.Context, entity meta.EntityID, database meta.DatabaseID) (ayb.SharingLevel, error) {
	s.lookups.Add(1)
	s.mu.Lock()
	level, ok := s.grants[grantee{entity, database}]
	s.mu.Unlock()
	if s.granted != nil {
		s.granted()
	}
	if !ok {
		level = ayb.ShareNone
	}
	return level, nil
}

func (s *shares) SetGrant(_ context.Context, g meta.Grant) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants[grantee{g.Entity, g.Database}] = g.Level
	return s.fail
}

func (s *shares) RemoveGrant(_ context.Context, entity meta.EntityID, database meta.DatabaseID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.grants, grantee{entity, database})
	return s.fail
}

func (s *shares) SetPublicLevel(_ context.Context, id meta.DatabaseID, level ayb.PublicLevel) error {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	for path, d := range s.databases {
		if d.ID == id {
			d.Public = level
			s.databases[path] = d
		}
	}
	return s.fail
}

func newSharing(t *testing.T, s *shares, peers cache.Peers) *cache.Cache {
	t.Helper()
	c, err := cache.New(cache.Config{Peers: peers}, s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantAccess(t *testing.T, c *cache.Cache, viewer meta.EntityID, grant ayb.SharingLevel, public ayb.PublicLevel) {
	t.Helper()
	got, err := c.DatabaseFor(context.Background(), shared.Path, viewer)
	if err != nil || got.Database.ID != 7 || got.Grant != grant || got.Database.Public != public {
		t.Errorf("viewer %d: got %+v, %v; want %s, %s", viewer, got, err, grant, public)
	}
}

// P4: the rights of a warm query cost no look-up, for any caller.
func TestWarmGrants(t *testing.T) {
	s := newShares()
	c := newSharing(t, s, nil)
	s.grants[grantee{2, 7}] = ayb.ShareReadWrite
	for range 10 {
		wantAccess(t, c, 0, ayb.ShareNone, ayb.PublicNone)
		wantAccess(t, c, 1, ayb.ShareNone, ayb.PublicNone)
		wantAccess(t, c, 2, ayb.ShareReadWrite, ayb.PublicNone)
		wantAccess(t, c, 3, ayb.ShareNone, ayb.PublicNone)
	}
	// One look-up of the database, and one for each account but the owner.
	if n := s.lookups.Load(); n != 3 {
		t.Errorf("%d look-ups", n)
	}
	if _, err := c.DatabaseFor(t.Context(), ayb.DatabasePath{Entity: "a", Database: "missing"}, 2); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
}

// A look-up that starts after a change sees the change, even if the change
// returned an error: the answer of the store may have been lost.
func TestChangesOfSharingAreSeen(t *testing.T) {
	for _, failure := range []error{nil, errors.New("the connection broke")} {
		s := newShares()
		s.fail = failure
		c, ctx := newSharing(t, s, nil), t.Context()
		wantAccess(t, c, 2, ayb.ShareNone, ayb.PublicNone)
		for _, level := range []ayb.SharingLevel{ayb.ShareManager, ayb.ShareReadOnly} {
			if err := c.SetGrant(ctx, shared, meta.Grant{Entity: 2, Database: 7, Level: level}); !errors.Is(err, failure) {
				t.Error(err)
			}
			wantAccess(t, c, 2, level, ayb.PublicNone)
		}
		if err := c.SetPublicLevel(ctx, shared, ayb.PublicFork); !errors.Is(err, failure) {
			t.Error(err)
		}
		wantAccess(t, c, 2, ayb.ShareReadOnly, ayb.PublicFork)
		if err := c.RemoveGrant(ctx, shared, 2); !errors.Is(err, failure) {
			t.Error(err)
		}
		wantAccess(t, c, 2, ayb.ShareNone, ayb.PublicFork)
	}
}

// A grant that was read before a change is not remembered after it.
func TestGrantOverlappingAChange(t *testing.T) {
	s := newShares()
	c := newSharing(t, s, nil)
	s.grants[grantee{2, 7}] = ayb.ShareManager
	s.granted = func() {
		s.granted = nil
		if err := c.RemoveGrant(context.Background(), shared, 2); err != nil {
			t.Error(err)
		}
	}
	wantAccess(t, c, 2, ayb.ShareManager, ayb.PublicNone) // it began before
	wantAccess(t, c, 2, ayb.ShareNone, ayb.PublicNone)
}

// Invalidating a database forgets the grants on it.
func TestInvalidationTakesGrants(t *testing.T) {
	s := newShares()
	c := newSharing(t, s, nil)
	for i, forget := range []func(){func() { c.InvalidateDatabase(shared.Path) }, c.InvalidateAll} {
		s.grants[grantee{2, 7}] = ayb.ShareManager
		c.InvalidateAll()
		wantAccess(t, c, 2, ayb.ShareManager, ayb.PublicNone)
		delete(s.grants, grantee{2, 7})
		wantAccess(t, c, 2, ayb.ShareManager, ayb.PublicNone) // from memory, or the test would prove nothing
		forget()
		wantAccess(t, c, 2, ayb.ShareNone, ayb.PublicNone)
		if t.Failed() {
			t.Fatalf("way %d of forgetting", i)
		}
	}
}

// counter is a peer that counts the changes announced to it.
type counter struct {
	told  int
	stale bool
}

func (o *counter) TokensChanged([]string) error              { o.told++; return nil }
func (o *counter) DatabasesChanged([]ayb.DatabasePath) error { o.told++; return nil }
func (o *counter) Fresh() bool                               { return !o.stale }

// The peers are told of each change of sharing. Without contact to them the memory
// is not used.
func TestPeersAreToldOfSharing(t *testing.T) {
	s, o := newShares(), &counter{}
	c, ctx := newSharing(t, s, o), t.Context()
	_ = c.SetGrant(ctx, shared, meta.Grant{Entity: 2, Database: 7, Level: ayb.ShareManager})
	_ = c.RemoveGrant(ctx, shared, 2)
	_ = c.SetPublicLevel(ctx, shared, ayb.PublicReadOnly)
	if o.told != 3 {
		t.Errorf("told of %d changes", o.told)
	}
	wantAccess(t, c, 2, ayb.ShareNone, ayb.PublicReadOnly)
	o.stale = true
	s.grants[grantee{2, 7}] = ayb.ShareReadOnly
	wantAccess(t, c, 2, ayb.ShareReadOnly, ayb.PublicReadOnly)
	before := s.lookups.Load()
	wantAccess(t, c, 2, ayb.ShareReadOnly, ayb.PublicReadOnly)
	if n := s.lookups.Load() - before; n != 2 {
		t.Errorf("%d look-ups without contact", n)
	}
}
