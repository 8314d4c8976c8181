package cache_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/cache"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// deletable is a memory whose only account can be deleted.
type deletable struct {
	*memory
	fail error // returned by a deletion after it has happened
}

func (e *deletable) TokensOf(context.Context, meta.EntityID, time.Time) ([]meta.APIToken, error) {
	return []meta.APIToken{{Short: "t"}}, nil
}

func (e *deletable) DatabasesOf(context.Context, meta.EntityID) ([]meta.Database, error) {
	return []meta.Database{{Path: ayb.DatabasePath{Entity: "a", Database: "d"}}}, nil
}

func (e *deletable) DeleteEntity(context.Context, meta.EntityID, time.Time) (meta.DeletedEntity, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.tokens)
	clear(e.databases)
	if e.fail != nil {
		return meta.DeletedEntity{}, e.fail
	}
	return meta.DeletedEntity{Tokens: []string{"t", "scoped"}}, nil
}

// recorder is a peer that records the changes announced to it.
type recorder struct {
	shorts []string
	paths  []ayb.DatabasePath
}

func (h *recorder) TokensChanged(shorts []string) error {
	h.shorts = append(h.shorts, shorts...)
	return nil
}

func (h *recorder) DatabasesChanged(paths []ayb.DatabasePath) error {
	h.paths = append(h.paths, paths...)
	return nil
}

func (h *recorder) Fresh() bool { return true }

// A deleted account is forgotten here and by the peers, even if it is unknown
// whether the deletion was committed.
func TestDeletedAccountsAreForgotten(t *testing.T) {
	for _, fail := range []error{nil, errors.New("the connection was lost")} {
		peers := &recorder{}
		m := &deletable{newMemory(), fail}
		m.tokens["scoped"] = meta.APIToken{Short: "scoped", Entity: 2}
		c, err := cache.New(cache.Config{Peers: peers}, m)
		if err != nil {
			t.Fatal(err)
		}
		path := ayb.DatabasePath{Entity: "a", Database: "d"}
		if _, err := c.TokenByShort(t.Context(), "t"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DatabaseByPath(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DeleteEntity(t.Context(), 1, time.Now()); !errors.Is(err, fail) {
			t.Errorf("%v", err)
		}
		if tok, err := c.TokenByShort(t.Context(), "t"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a token of a deleted account: %+v, %v", tok, err)
		}
		if d, err := c.DatabaseByPath(t.Context(), path); !errs.Is(err, errs.NotFound) {
			t.Errorf("a database of a deleted account: %+v, %v", d, err)
		}
		if !slices.Contains(peers.shorts, "t") || !slices.Contains(peers.paths, path) || fail == nil && !slices.Contains(peers.shorts, "scoped") {
			t.Errorf("the peers were told of %v, %v", peers.shorts, peers.paths)
		}
	}
}

// unreachable are peers that no announcement reaches.
type unreachable struct{}

func (unreachable) TokensChanged([]string) error {
	return errs.E(errs.Unavailable, "unreachable")
}

func (unreachable) DatabasesChanged([]ayb.DatabasePath) error {
	return errs.E(errs.Unavailable, "unreachable")
}

func (unreachable) Fresh() bool { return false }

// A change of rights fails while a peer may still act on the old rights. So does
// its repetition, which finds nothing left to do.
func TestChangesUnknownToPeersFail(t *testing.T) {
	m := &deletable{memory: newMemory()}
	s := newShares()
	c, err := cache.New(cache.Config{Peers: unreachable{}}, m)
	if err != nil {
		t.Fatal(err)
	}
	sharing, ctx := newSharing(t, s, unreachable{}), t.Context()
	again := func() error {
		_, err := c.DeleteEntity(ctx, 1, time.Now())
		return err
	}
	for name, err := range map[string]error{
		"revoke a token":    c.RevokeToken(ctx, 1, "t", time.Unix(1, 0)),
		"grant":             sharing.SetGrant(ctx, shared, meta.Grant{Entity: 2, Database: 7, Level: ayb.ShareReadOnly}),
		"take a grant back": sharing.RemoveGrant(ctx, shared, 2),
		"public level":      sharing.SetPublicLevel(ctx, shared, ayb.PublicNone),
		"delete an account": again(),
	} {
		if !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(m.tokens) != 0 || len(m.databases) != 0 {
		t.Error("the changes were not made")
	}
	m.fail = errs.RecordNotFound("entity", "1")
	if err := again(); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a deletion repeated: %v", err)
	}
	if err := c.CreateDatabase(ctx, meta.Database{Path: ayb.DatabasePath{Entity: "a", Database: "new"}}); err != nil {
		t.Errorf("a new database needs no peer: %v", err)
	}
}
