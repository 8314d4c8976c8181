package cache_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/cache"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// memory is a store that counts its look-ups. loaded, when set, is called
// between reading a record and returning it.
type memory struct {
	cache.Store
	lookups atomic.Int64
	loaded  func()

	mu        sync.Mutex
	tokens    map[string]meta.APIToken
	databases map[ayb.DatabasePath]meta.Database
}

func newMemory() *memory {
	return &memory{
		tokens:    map[string]meta.APIToken{"t": {Short: "t", Entity: 1}},
		databases: map[ayb.DatabasePath]meta.Database{{Entity: "a", Database: "d"}: {ID: 1}},
	}
}

func (m *memory) TokenByShort(_ context.Context, short string) (meta.APIToken, error) {
	m.lookups.Add(1)
	m.mu.Lock()
	t, ok := m.tokens[short]
	m.mu.Unlock()
	if m.loaded != nil {
		m.loaded()
	}
	if !ok {
		return t, errs.RecordNotFound("api_token", short)
	}
	return t, nil
}

func (m *memory) DatabaseByPath(_ context.Context, path ayb.DatabasePath) (meta.Database, error) {
	m.lookups.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.databases[path]
	if !ok {
		return d, errs.RecordNotFound("database", path.String())
	}
	return d, nil
}

func (m *memory) RevokeToken(_ context.Context, _ meta.EntityID, short string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tokens[short]
	t.RevokedAt = now
	m.tokens[short] = t
	return nil
}

func (m *memory) CreateDatabase(_ context.Context, d meta.Database) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.databases[d.Path] = d
	return nil
}

func newCache(t *testing.T, m *memory, entries int) *cache.Cache {
	t.Helper()
	c, err := cache.New(cache.Config{Entries: entries}, m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// P4: a remembered record costs no look-up in the store.
func TestWarmLookupsAskNothing(t *testing.T) {
	m := newMemory()
	c, ctx := newCache(t, m, 0), t.Context()
	for range 10 {
		if tok, err := c.TokenByShort(ctx, "t"); err != nil || tok.Entity != 1 {
			t.Fatal(tok, err)
		}
		if d, err := c.DatabaseByPath(ctx, ayb.DatabasePath{Entity: "a", Database: "d"}); err != nil || d.ID != 1 {
			t.Fatal(d, err)
		}
	}
	if n := m.lookups.Load(); n != 2 {
		t.Errorf("%d look-ups", n)
	}
	c.InvalidateToken("t")
	c.InvalidateDatabase(ayb.DatabasePath{Entity: "a", Database: "d"})
	for range 2 {
		_, _ = c.TokenByShort(ctx, "t")
		_, _ = c.DatabaseByPath(ctx, ayb.DatabasePath{Entity: "a", Database: "d"})
	}
	if n := m.lookups.Load(); n != 4 {
		t.Errorf("%d look-ups after an invalidation", n)
	}
	c.InvalidateAll()
	_, _ = c.TokenByShort(ctx, "t")
	if n := m.lookups.Load(); n != 5 {
		t.Errorf("%d look-ups after forgetting everything", n)
	}
}

// A change that was not announced is seen after a minute: the control plane that
// made it may have been killed before the announcement.
func TestNothingIsRememberedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		c, ctx := newCache(t, m, 0), t.Context()
		path := ayb.DatabasePath{Entity: "a", Database: "d"}
		if tok, err := c.TokenByShort(ctx, "t"); err != nil || !tok.RevokedAt.IsZero() {
			t.Fatal(tok, err)
		}
		if d, err := c.DatabaseByPath(ctx, path); err != nil || d.ID != 1 {
			t.Fatal(d, err)
		}
		m.tokens["t"] = meta.APIToken{Short: "t", Entity: 1, RevokedAt: time.Unix(1, 0)}
		delete(m.databases, path)
		<-time.After(2 * time.Minute) // of the bubble's clock
		if tok, err := c.TokenByShort(ctx, "t"); err != nil || tok.RevokedAt.IsZero() {
			t.Errorf("a revoked token is remembered as good: %+v, %v", tok, err)
		}
		if d, err := c.DatabaseByPath(ctx, path); !errs.Is(err, errs.NotFound) {
			t.Errorf("a deleted database: %+v, %v", d, err)
		}
	})
}

func TestMissingIsNotRemembered(t *testing.T) {
	c, ctx := newCache(t, newMemory(), 0), t.Context()
	path := ayb.DatabasePath{Entity: "a", Database: "new"}
	if _, err := c.DatabaseByPath(ctx, path); !errs.Is(err, errs.NotFound) {
		t.Fatal(err)
	}
	if err := c.CreateDatabase(ctx, meta.Database{ID: 2, Path: path}); err != nil {
		t.Fatal(err)
	}
	if d, err := c.DatabaseByPath(ctx, path); err != nil || d.ID != 2 {
		t.Error(d, err)
	}
}

// A load that began before a change must not be remembered after it.
func TestLoadOverlappingAChange(t *testing.T) {
	m := newMemory()
	c, ctx := newCache(t, m, 0), t.Context()
	m.loaded = func() {
		m.loaded = nil
		if err := c.RevokeToken(ctx, 1, "t", time.Unix(1, 0)); err != nil {
			t.Error(err)
		}
	}
	if tok, err := c.TokenByShort(ctx, "t"); err != nil || !tok.RevokedAt.IsZero() {
		t.Fatalf("the load should have begun before the change: %+v, %v", tok, err)
	}
	if tok, err := c.TokenByShort(ctx, "t"); err != nil || tok.RevokedAt.IsZero() {
		t.Errorf("a revoked token is remembered as good: %+v, %v", tok, err)
	}
}

// A look-up that starts after a change has returned sees the change.
func TestNeverStaleUnderLoad(t *testing.T) {
	m := newMemory()
	c := newCache(t, m, 4)
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					_, _ = c.TokenByShort(context.Background(), fmt.Sprint("w", i%8))
				}
			}
		})
	}
	for w := range 8 {
		writers.Go(func() {
			short := fmt.Sprint("w", w)
			for i := 1; i <= 500; i++ {
				at := time.Unix(int64(i), 0)
				_ = c.RevokeToken(context.Background(), 1, short, at)
				if tok, err := c.TokenByShort(context.Background(), short); err != nil || !tok.RevokedAt.Equal(at) {
					t.Errorf("round %d saw %v, %v", i, tok.RevokedAt, err)
					return
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
}

func TestBounded(t *testing.T) {
	m := newMemory()
	for i := range 100 {
		m.tokens[fmt.Sprint(i)] = meta.APIToken{}
	}
	c := newCache(t, m, 10)
	for range 2 {
		for i := range 100 {
			if _, err := c.TokenByShort(t.Context(), fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := m.lookups.Load(); n != 200 {
		t.Errorf("%d look-ups: more than ten tokens were kept", n)
	}
	if _, err := cache.New(cache.Config{Entries: -1}, m); err == nil {
		t.Error("a negative size is accepted")
	}
}
