package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// deleteAccountWith creates an account with databases and deletes it.
func deleteAccountWith(t *testing.T, s *store.Store, slug string, names ...string) {
	t.Helper()
	e := entity(t, s, slug)
	for _, n := range names {
		must(t, s.CreateDatabase(t.Context(), meta.Database{
			Owner: e.ID, Path: ayb.DatabasePath{Entity: e.Slug, Database: ayb.DatabaseSlug(n)},
			Type: ayb.SQLite, Public: ayb.PublicNone, Node: "n1", CreatedAt: now,
		}))
	}
	gone, err := s.DeleteEntity(t.Context(), e.ID, now)
	must(t, err)
	if len(gone.Databases) != len(names) {
		t.Fatalf("deleted %+v", gone)
	}
}

// A15: one server at a time claims the files of a database, and the path is free
// once they are removed.
func purgesClaimed(t *testing.T, s *store.Store) {
	ctx := t.Context()
	deleteAccountWith(t, s, "alice", "a", "b", "c")
	path := ayb.DatabasePath{Entity: "alice", Database: "a"}
	wantCode(t, s.CheckPathFree(ctx, path), errs.Conflict)
	must(t, s.CheckPathFree(ctx, ayb.DatabasePath{Entity: "alice", Database: "d"}))
	claim := func(n int, at time.Time) []string {
		t.Helper()
		got, err := s.ClaimPurges(ctx, n, at, at.Add(time.Minute))
		must(t, err)
		var names []string
		for _, d := range got {
			if d.Node != "n1" || d.Type != ayb.SQLite || d.Path.Entity != "alice" {
				t.Errorf("claimed %+v", d)
			}
			names = append(names, string(d.Path.Database))
		}
		return names
	}
	if got := claim(2, now); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("first claim %v", got)
	}
	if got := claim(2, now.Add(30*time.Second)); !slices.Equal(got, []string{"c"}) {
		t.Errorf("second claim %v", got)
	}
	if got := claim(9, now.Add(59*time.Second)); len(got) != 0 {
		t.Errorf("third claim %v", got)
	}
	if got := claim(9, now.Add(time.Minute)); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("claim after the end of the first %v", got)
	}
	first, err := s.PurgeQueue(ctx, 1)
	must(t, err)
	must(t, s.PostponePurge(ctx, first[0].ID, now.Add(70*time.Second)))
	if got := claim(1, now.Add(70*time.Second)); !slices.Equal(got, []string{"a"}) {
		t.Errorf("claim after a postponement %v", got)
	}
	must(t, s.PostponePurge(ctx, 1<<40, now))

	// The name of the account is free at once, the path of the database later.
	e := meta.Confirmation{Slug: "alice", Type: ayb.Organization, Address: "other@example.org",
		MailDigest: "again", MailExpires: now.Add(time.Hour), MailIssued: now, Short: "again", Now: now}
	must(t, s.Confirm(ctx, e))
	anew, err := s.EntityBySlug(ctx, "alice")
	must(t, err)
	d := meta.Database{Owner: anew.ID, Path: path, Type: ayb.SQLite, Public: ayb.PublicNone, Node: "n2", CreatedAt: now}
	wantCode(t, s.CreateDatabase(ctx, d), errs.Conflict)
	all, err := s.PurgeQueue(ctx, 10)
	must(t, err)
	for _, one := range all {
		must(t, s.CompletePurge(ctx, one.ID))
	}
	must(t, s.CheckPathFree(ctx, path))
	must(t, s.CreateDatabase(ctx, d))
	if got := claim(9, now.Add(time.Hour)); len(got) != 0 {
		t.Errorf("claimed %v after all purges were complete", got)
	}
}

// purgeRace: of many servers that claim at the same time, one gets each purge.
func purgeRace(t *testing.T, s *store.Store) {
	names := make([]string, 24)
	for i := range names {
		names[i] = string(rune('a' + i))
	}
	deleteAccountWith(t, s, "alice", names...)
	var (
		mu      sync.Mutex
		claimed []string
		racers  sync.WaitGroup
	)
	for range 6 {
		racers.Go(func() {
			for {
				got, err := s.ClaimPurges(t.Context(), 3, now, now.Add(time.Minute))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, d := range got {
					claimed = append(claimed, string(d.Path.Database))
				}
				done := len(claimed) >= len(names)
				mu.Unlock()
				if done {
					return
				}
			}
		})
	}
	racers.Wait()
	slices.Sort(claimed)
	if !slices.Equal(claimed, names) {
		t.Errorf("claimed %v", claimed)
	}
}
