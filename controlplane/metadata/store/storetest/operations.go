package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

const claim = time.Minute

// softDelete soft-deletes a database and completes the operation.
func softDelete(t *testing.T, s *store.Store, d meta.Database, at time.Time) {
	t.Helper()
	must(t, s.BeginDeletion(t.Context(), d, at, at.Add(claim)))
	must(t, s.CompleteOperation(t.Context(), meta.PendingOperation{Kind: meta.OperationDelete, Database: d}, at))
}

func missing(t *testing.T, s *store.Store, path ayb.DatabasePath) {
	t.Helper()
	_, err := s.DatabaseByPath(t.Context(), path)
	wantCode(t, err, errs.NotFound)
}

func purgeNames(t *testing.T, s *store.Store) (names []string) {
	t.Helper()
	all, err := s.PurgeQueue(t.Context(), 100)
	must(t, err)
	for _, d := range all {
		names = append(names, d.Path.String()+" "+d.SoftDeleteKey)
	}
	return names
}

func newDatabase(owner meta.Entity, name string) meta.Database {
	return meta.Database{Owner: owner.ID, Path: ayb.DatabasePath{Entity: owner.Slug, Database: ayb.DatabaseSlug(name)},
		Type: ayb.SQLite, Public: ayb.PublicNone, Node: "n1", CreatedAt: now}
}

// deletion: a soft-deleted database is not found, keeps its grants and tokens, and
// frees its name when the operation is complete.
func deletion(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob := entity(t, s, "alice"), entity(t, s, "bob")
	d := database(t, s, alice, "shop")
	must(t, s.SetGrant(ctx, meta.Grant{Entity: bob.ID, Database: d.ID, Level: ayb.ShareManager, CreatedAt: now}))
	must(t, s.CreateToken(ctx, meta.APIToken{Short: "app", Entity: bob.ID, Scope: &meta.Scope{Database: d.ID, Level: ayb.QueryReadOnly}, CreatedAt: now}))
	must(t, s.BeginDeletion(ctx, d, now, now.Add(claim)))
	missing(t, s, d.Path)
	wantCode(t, s.BeginDeletion(ctx, d, now, now.Add(claim)), errs.NotFound)
	wantCode(t, s.CheckPathFree(ctx, d.Path), errs.Conflict)
	wantCode(t, s.CreateDatabase(ctx, newDatabase(alice, "shop")), errs.Conflict)
	_, err := s.ReserveDatabase(ctx, newDatabase(alice, "shop"), now, now.Add(claim))
	wantCode(t, err, errs.Conflict)
	for range 2 { // it may be repeated
		must(t, s.CompleteOperation(ctx, meta.PendingOperation{Kind: meta.OperationDelete, Database: d}, now))
	}
	missing(t, s, d.Path)
	for name, list := range map[string]func() (int, error){
		"of":     func() (int, error) { l, err := s.DatabasesOf(ctx, alice.ID); return len(l), err },
		"for":    func() (int, error) { l, err := s.DatabasesFor(ctx, alice.ID, bob.ID); return len(l), err },
		"shared": func() (int, error) { l, err := s.SharedWith(ctx, bob.ID); return len(l), err },
		"after":  func() (int, error) { l, err := s.DatabasesAfter(ctx, 0, 9); return len(l), err },
	} {
		if n, err := list(); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	if tok, err := s.TokenByShort(ctx, "app"); err != nil || tok.Scope.Path != d.Path {
		t.Errorf("token %+v, %v", tok, err)
	}
	if g, err := s.GrantsOn(ctx, d.ID); err != nil || len(g) != 1 {
		t.Errorf("grants %v, %v", g, err)
	}
	must(t, s.CreateDatabase(ctx, newDatabase(alice, "shop"))) // the name is free
	list, err := s.DeletedOf(ctx, alice.ID)
	must(t, err)
	if len(list) != 1 || list[0].Database != d || !list[0].At.Equal(now) {
		t.Errorf("deleted %+v", list)
	}
	if n, err := s.CountDatabases(ctx, alice); err != nil || n != (meta.DatabaseCounts{Live: 1, Deleted: 1}) {
		t.Errorf("owned %+v, %v", n, err)
	}
}

func undeletion(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	first := database(t, s, alice, "shop")
	_, err := s.BeginUndeletion(ctx, alice.ID, first.Path, now, now.Add(claim))
	wantCode(t, err, errs.NotFound)
	must(t, s.BeginDeletion(ctx, first, now, now.Add(claim)))
	_, err = s.BeginUndeletion(ctx, alice.ID, first.Path, now, now.Add(claim))
	wantCode(t, err, errs.Conflict) // its deletion is pending
	must(t, s.CompleteOperation(ctx, meta.PendingOperation{Kind: meta.OperationDelete, Database: first}, now))
	second := database(t, s, alice, "shop")
	_, err = s.BeginUndeletion(ctx, alice.ID, first.Path, now, now.Add(claim))
	wantCode(t, err, errs.Conflict) // the name is taken
	softDelete(t, s, second, now.Add(time.Second))

	m, err := s.BeginUndeletion(ctx, alice.ID, first.Path, now, now.Add(claim))
	must(t, err)
	if m != (meta.PendingOperation{Kind: meta.OperationUndelete, Database: second}) {
		t.Errorf("another database than the last one: %+v", m)
	}
	missing(t, s, first.Path)
	wantCode(t, s.CreateDatabase(ctx, newDatabase(alice, "shop")), errs.Conflict)
	_, err = s.BeginUndeletion(ctx, alice.ID, first.Path, now, now.Add(claim))
	wantCode(t, err, errs.Conflict) // the undeletion is claimed
	again, err := s.BeginUndeletion(ctx, alice.ID, first.Path, now.Add(claim), now.Add(2*claim))
	must(t, err)
	if again != m {
		t.Errorf("started again: %+v", again)
	}
	must(t, s.CancelOperation(ctx, m))
	missing(t, s, first.Path)
	m, err = s.BeginUndeletion(ctx, alice.ID, first.Path, now, now.Add(claim))
	must(t, err)
	for range 2 {
		must(t, s.CompleteOperation(ctx, m, now))
	}
	if got, err := s.DatabaseByPath(ctx, first.Path); err != nil || got != second {
		t.Errorf("got %+v, %v", got, err)
	}
	must(t, s.CancelOperation(ctx, m)) // it is complete, and that is no error
	if got, err := s.DatabaseByPath(ctx, first.Path); err != nil || got != second {
		t.Errorf("got %+v, %v", got, err)
	}
}

// rename: the old name resolves to the database until it is used again.
func rename(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	d, other := database(t, s, alice, "old"), database(t, s, alice, "other")
	at := func(name string) ayb.DatabasePath {
		return ayb.DatabasePath{Entity: "alice", Database: ayb.DatabaseSlug(name)}
	}
	wantCode(t, s.BeginRename(ctx, d, "other", now, now.Add(claim)), errs.Conflict)
	softDelete(t, s, other, now)
	wantCode(t, s.BeginRename(ctx, d, "other", now, now.Add(claim)), errs.Conflict) // it has snapshots of its own
	must(t, s.BeginRename(ctx, d, "new", now, now.Add(claim)))
	wantCode(t, s.BeginRename(ctx, d, "newer", now, now.Add(claim)), errs.Conflict)
	wantCode(t, s.BeginDeletion(ctx, d, now, now.Add(claim)), errs.Conflict)
	wantCode(t, s.CreateDatabase(ctx, newDatabase(alice, "new")), errs.Conflict)
	moving := d
	moving.Pending = true
	if got, err := s.DatabaseByPath(ctx, d.Path); err != nil || got != moving {
		t.Errorf("pending: %+v, %v", got, err)
	}
	must(t, s.CancelOperation(ctx, meta.PendingOperation{Kind: meta.OperationRename, Database: d, To: "new"}))
	if got, err := s.DatabaseByPath(ctx, d.Path); err != nil || got != d {
		t.Errorf("canceled: %+v, %v", got, err)
	}
	must(t, s.BeginRename(ctx, d, "new", now, now.Add(claim)))
	for range 2 {
		must(t, s.CompleteOperation(ctx, meta.PendingOperation{Kind: meta.OperationRename, Database: d, To: "new"}, now))
	}
	missing(t, s, d.Path)
	renamed := d
	renamed.Path = at("new")
	if got, err := s.DatabaseByPath(ctx, renamed.Path); err != nil || got != renamed {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := s.ResolveRenamed(ctx, at("old")); err != nil || got != at("new") {
		t.Errorf("the old name resolves to %v, %v", got, err)
	}
	_, err := s.ResolveRenamed(ctx, at("never"))
	wantCode(t, err, errs.NotFound)
	// After a second rename both old names resolve to the newest.
	must(t, s.BeginRename(ctx, renamed, "newest", now, now.Add(claim)))
	must(t, s.CompleteOperation(ctx, meta.PendingOperation{Kind: meta.OperationRename, Database: renamed, To: "newest"}, now))
	for _, name := range []string{"old", "new"} {
		if got, err := s.ResolveRenamed(ctx, at(name)); err != nil || got != at("newest") {
			t.Errorf("%s resolves to %v, %v", name, got, err)
		}
	}
	must(t, s.CreateDatabase(ctx, newDatabase(alice, "old")))
	reused, err := s.DatabaseByPath(ctx, at("old"))
	must(t, err)
	softDelete(t, s, reused, now)
	_, err = s.ResolveRenamed(ctx, at("old"))
	wantCode(t, err, errs.NotFound)
	newest, err := s.DatabaseByPath(ctx, at("newest"))
	must(t, err)
	softDelete(t, s, newest, now)
	_, err = s.ResolveRenamed(ctx, at("new"))
	wantCode(t, err, errs.NotFound) // it is deleted
}

func operationsClaimed(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	a, b := database(t, s, alice, "a"), database(t, s, alice, "b")
	must(t, s.BeginDeletion(ctx, a, now, now.Add(claim)))
	must(t, s.BeginRename(ctx, b, "c", now, now.Add(2*claim)))
	for _, step := range []struct {
		at   time.Duration
		want []meta.PendingOperation
	}{
		{0, nil}, {claim, []meta.PendingOperation{{Kind: meta.OperationDelete, Database: a}}}, {claim, nil},
		{2 * claim, []meta.PendingOperation{{Kind: meta.OperationDelete, Database: a}, {Kind: meta.OperationRename, Database: b, To: "c"}}},
	} {
		got, err := s.ClaimOperations(ctx, 9, now.Add(step.at), now.Add(step.at+claim))
		must(t, err)
		if !slices.Equal(got, step.want) {
			t.Errorf("after %v: %+v, want %+v", step.at, got, step.want)
		}
	}
	must(t, s.PostponeOperation(ctx, a.ID, now))
	must(t, s.PostponeOperation(ctx, 999, now))
	if got, err := s.ClaimOperations(ctx, 9, now, now.Add(claim)); err != nil || len(got) != 1 || got[0].Database != a {
		t.Errorf("postponed: %+v, %v", got, err)
	}
}

// purgeDeleted: a database is purged after its time, and a database that has its
// name now stays.
func purgeDeleted(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob := entity(t, s, "alice"), entity(t, s, "bob")
	first := database(t, s, alice, "shop")
	must(t, s.SetGrant(ctx, meta.Grant{Entity: bob.ID, Database: first.ID, Level: ayb.ShareManager, CreatedAt: now}))
	must(t, s.CreateToken(ctx, meta.APIToken{Short: "app", Entity: bob.ID, Scope: &meta.Scope{Database: first.ID, Level: ayb.QueryReadOnly}, CreatedAt: now}))
	must(t, s.NoteSnapshot(ctx, first.ID, meta.SnapshotNote{ID: "x", CreatedAt: now}, 9))
	must(t, s.BeginRename(ctx, first, "store", now, now.Add(claim)))
	must(t, s.CompleteOperation(ctx, meta.PendingOperation{Kind: meta.OperationRename, Database: first, To: "store"}, now))
	first.Path.Database = "store"
	softDelete(t, s, first, now)
	second := database(t, s, alice, "store")
	third := database(t, s, alice, "else")
	softDelete(t, s, third, now.Add(time.Hour))
	moving := database(t, s, alice, "moving")
	must(t, s.BeginDeletion(ctx, moving, now, now.Add(claim)))

	n, tokens, err := s.PurgeDeleted(ctx, now, now.Add(24*time.Hour), 10)
	if err != nil || n != 1 || !slices.Equal(tokens, []string{"app"}) {
		t.Errorf("%d, %v, %v", n, tokens, err)
	}
	n, _, err = s.PurgeDeleted(ctx, now.Add(time.Hour), now.Add(24*time.Hour), 10)
	if err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	if got, want := purgeNames(t, s), []string{fmt.Sprint("alice/store ", first.ID), fmt.Sprint("alice/else ", third.ID)}; !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	if got, err := s.DatabaseByPath(ctx, second.Path); err != nil || got != second {
		t.Errorf("the other one: %+v, %v", got, err)
	}
	_, err = s.TokenByShort(ctx, "app")
	wantCode(t, err, errs.NotFound)
	got, err := s.ClaimSnapshotTasks(ctx, 9, now, now.Add(claim))
	must(t, err)
	var told []string
	for _, e := range got {
		told = append(told, fmt.Sprintf("%s %v %d", e.From, e.Before.Sub(now), e.Database))
	}
	// Snapshots under the old name are removed. Snapshots from after the deletion
	// stay if another database has used the name since.
	if want := []string{"alice/shop 0s 0", "alice/store 0s 0", "alice/else 24h0m0s 0"}; !slices.Equal(told, want) {
		t.Errorf("snapshots %v, want %v", told, want)
	}
}

// accountWithPendingOperations: the deletion of an account queues all places where
// files may be. Files with a pending operation wait for the end of its claim.
func accountWithPendingOperations(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	live, deleted, moving, renamed := database(t, s, alice, "live"), database(t, s, alice, "deleted"), database(t, s, alice, "moving"), database(t, s, alice, "renamed")
	softDelete(t, s, deleted, now)
	must(t, s.BeginDeletion(ctx, moving, now, now.Add(claim)))
	must(t, s.BeginRename(ctx, renamed, "new", now, now.Add(claim)))
	r, err := s.ReserveDatabase(ctx, newDatabase(alice, "made"), now, now.Add(claim))
	must(t, err)
	gone, err := s.DeleteEntity(ctx, alice.ID, now)
	must(t, err)
	if len(gone.Databases) != 4 {
		t.Errorf("gone %+v", gone)
	}
	wantCode(t, s.CreateReserved(ctx, r, newDatabase(alice, "made"), meta.Origin{}), errs.NotFound)
	at := func(when time.Time) (names []string) {
		t.Helper()
		all, err := s.ClaimPurges(ctx, 100, when, when.Add(time.Hour))
		must(t, err)
		for _, d := range all {
			names = append(names, string(d.Path.Database)+" "+d.SoftDeleteKey)
		}
		slices.Sort(names)
		return names
	}
	if got, want := at(now), []string{fmt.Sprint("deleted ", deleted.ID), "live "}; !slices.Equal(got, want) {
		t.Errorf("at once %v, want %v", got, want)
	}
	if got, want := at(now.Add(claim)), []string{"made ", "moving ", fmt.Sprint("moving ", moving.ID), "new ", "renamed "}; !slices.Equal(got, want) {
		t.Errorf("later %v, want %v", got, want)
	}
	if e, err := s.ClaimSnapshotTasks(ctx, 9, now, now.Add(claim)); err != nil || len(e) != 4 {
		t.Errorf("snapshots %+v, %v", e, err)
	}
	_ = live
}

func directory(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	var want []meta.Database
	for i := range 5 {
		want = append(want, database(t, s, alice, fmt.Sprint("d", i)))
	}
	must(t, s.BeginRename(ctx, want[1], "x", now, now.Add(claim)))
	want = slices.Delete(want, 1, 2)
	var got []meta.Database
	for after := meta.DatabaseID(0); ; {
		page, err := s.DatabasesAfter(ctx, after, 2)
		must(t, err)
		if len(page) == 0 {
			break
		}
		got, after = append(got, page...), page[len(page)-1].ID
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
