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

// ending is a memory whose only account can be deleted.
type ending struct {
	*memory
	fail error // what a deletion says after it has happened
}

func (e *ending) TokensOf(context.Context, meta.EntityID, time.Time) ([]meta.APIToken, error) {
	return []meta.APIToken{{Short: "t"}}, nil
}

func (e *ending) DatabasesOf(context.Context, meta.EntityID) ([]meta.Database, error) {
	return []meta.Database{{Path: ayb.DatabasePath{Entity: "a", Database: "d"}}}, nil
}

func (e *ending) DeleteEntity(context.Context, meta.EntityID, time.Time) (meta.DeletedEntity, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.tokens)
	clear(e.databases)
	if e.fail != nil {
		return meta.DeletedEntity{}, e.fail
	}
	return meta.DeletedEntity{Tokens: []string{"t", "scoped"}}, nil
}

// heard is another control plane: what it was told.
type heard struct {
	shorts []string
	paths  []ayb.DatabasePath
}

func (h *heard) TokensChanged(shorts []string) error {
	h.shorts = append(h.shorts, shorts...)
	return nil
}

func (h *heard) DatabasesChanged(paths []ayb.DatabasePath) error {
	h.paths = append(h.paths, paths...)
	return nil
}

func (h *heard) Fresh() bool { return true }

// A deleted account is not remembered, here or elsewhere, also when it is not
// known whether the deletion was committed.
func TestDeletedAccountsAreForgotten(t *testing.T) {
	for _, fail := range []error{nil, errors.New("the connection was lost")} {
		others := &heard{}
		m := &ending{newMemory(), fail}
		m.tokens["scoped"] = meta.APIToken{Short: "scoped", Entity: 2}
		c, err := cache.New(cache.Config{Peers: others}, m)
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
			t.Errorf("a token of nobody: %+v, %v", tok, err)
		}
		if d, err := c.DatabaseByPath(t.Context(), path); !errs.Is(err, errs.NotFound) {
			t.Errorf("a database of nobody: %+v, %v", d, err)
		}
		if !slices.Contains(others.shorts, "t") || !slices.Contains(others.paths, path) || fail == nil && !slices.Contains(others.shorts, "scoped") {
			t.Errorf("others were told %v, %v", others.shorts, others.paths)
		}
	}
}

// cutOff are others that cannot be told of anything.
type cutOff struct{}

func (cutOff) TokensChanged([]string) error {
	return errs.E(errs.Unavailable, "cut off")
}

func (cutOff) DatabasesChanged([]ayb.DatabasePath) error {
	return errs.E(errs.Unavailable, "cut off")
}

func (cutOff) Fresh() bool { return false }

// Ruling 41: no change of rights succeeds while other control planes may still
// act on what was before, nor does its repetition, which finds nothing to do.
func TestChangesThatOthersDoNotKnowOfDoNotSucceed(t *testing.T) {
	m := &ending{memory: newMemory()}
	s := newShares()
	c, err := cache.New(cache.Config{Peers: cutOff{}}, m)
	if err != nil {
		t.Fatal(err)
	}
	sharing, ctx := newSharing(t, s, cutOff{}), t.Context()
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
		t.Errorf("a new database is nothing others remember otherwise: %v", err)
	}
}
