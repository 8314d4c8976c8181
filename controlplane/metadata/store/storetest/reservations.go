package storetest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// N11: a path is reserved for a database that is being created. Its files are
// removed after the reservation has ended.
func reservation(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	taken := database(t, s, alice, "taken")
	_, err := s.ReserveDatabase(ctx, newDatabase(alice, "taken"), now, now.Add(claim))
	wantCode(t, err, errs.Conflict)
	_, err = s.ReserveDatabase(ctx, newDatabase(meta.Entity{ID: 999, Slug: "x"}, "d"), now, now.Add(claim))
	wantCode(t, err, errs.NotFound)

	d := newDatabase(alice, "d")
	r, err := s.ReserveDatabase(ctx, d, now, now.Add(claim))
	must(t, err)
	_, err = s.ReserveDatabase(ctx, d, now, now.Add(claim))
	wantCode(t, err, errs.Conflict)
	wantCode(t, s.CreateDatabase(ctx, d), errs.Conflict)
	wantCode(t, s.BeginRename(ctx, taken, "d", now, now.Add(claim)), errs.Conflict)
	if n, err := s.CountDatabases(ctx, alice); err != nil || n != (meta.DatabaseCounts{Live: 1, Reserved: 1}) {
		t.Errorf("owned %+v, %v", n, err)
	}
	wantCode(t, s.RenewReservation(ctx, meta.Reservation{ID: r.ID, Token: "guessed"}, now), errs.Conflict)
	release(t, s, meta.Reservation{ID: r.ID, Token: "guessed"}, now, false)
	must(t, s.RenewReservation(ctx, r, now.Add(2*claim)))
	if got, err := s.ClaimPurges(ctx, 9, now.Add(claim), now.Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("claimed %+v, %v", got, err)
	}
	must(t, s.CreateReserved(ctx, r, d, meta.Origin{Database: taken.ID, Path: taken.Path, At: now}))
	if _, err := s.DatabaseByPath(ctx, d.Path); err != nil {
		t.Error(err)
	}
	wantCode(t, s.CreateReserved(ctx, r, d, meta.Origin{}), errs.Conflict) // it was used
	release(t, s, r, now, false)
	if got := purgeNames(t, s); len(got) != 0 {
		t.Errorf("in the purge queue: %v", got)
	}

	e := newDatabase(alice, "e")
	r, err = s.ReserveDatabase(ctx, e, now, now.Add(claim))
	must(t, err)
	got, err := s.ClaimPurges(ctx, 9, now.Add(claim), now.Add(2*claim)) // the reservation was not renewed
	must(t, err)
	if len(got) != 1 || got[0].Path != e.Path || got[0].SoftDeleteKey != "" {
		t.Errorf("claimed %+v", got)
	}
	wantCode(t, s.RenewReservation(ctx, r, now.Add(time.Hour)), errs.Conflict)
	wantCode(t, s.CreateReserved(ctx, r, e, meta.Origin{}), errs.Conflict)
	missing(t, s, e.Path)
	must(t, s.CompletePurge(ctx, got[0].ID))

	r, err = s.ReserveDatabase(ctx, e, now, now.Add(time.Hour))
	must(t, err)
	release(t, s, r, now.Add(claim), true)
	if got, err := s.ClaimPurges(ctx, 9, now, now.Add(claim)); err != nil || len(got) != 0 {
		t.Errorf("claimed for the caller: %+v, %v", got, err)
	}
	if got, err := s.ClaimPurges(ctx, 9, now.Add(claim), now.Add(2*claim)); err != nil || len(got) != 1 {
		t.Errorf("after its release: %+v, %v", got, err)
	}
}

func release(t *testing.T, s *store.Store, r meta.Reservation, until time.Time, want bool) {
	t.Helper()
	if held, err := s.ReleaseReservation(t.Context(), r, until); err != nil || held != want {
		t.Errorf("released: %v, %v", held, err)
	}
}

// reservationRace: of several calls at the same time that create, reserve or rename
// to one name, one succeeds.
func reservationRace(t *testing.T, s *store.Store) {
	alice := entity(t, s, "alice")
	var won atomic.Int32
	var racers sync.WaitGroup
	for i := range 12 {
		d := database(t, s, alice, string(rune('a'+i)))
		racers.Go(func() {
			ctx := context.Background()
			var err error
			switch i % 3 {
			case 0:
				err = s.BeginRename(ctx, d, "prize", now, now.Add(claim))
			case 1:
				err = s.CreateDatabase(ctx, newDatabase(alice, "prize"))
			case 2:
				_, err = s.ReserveDatabase(ctx, newDatabase(alice, "prize"), now, now.Add(claim))
			}
			if err == nil {
				won.Add(1)
			} else if !errs.Is(err, errs.Conflict) {
				t.Error(err)
			}
		})
	}
	racers.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d calls got the name", n)
	}
}

func lineage(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob := entity(t, s, "alice"), entity(t, s, "bob")
	source := database(t, s, alice, "source")
	fork := func(owner meta.Entity, name string) meta.Database {
		t.Helper()
		d := newDatabase(owner, name)
		r, err := s.ReserveDatabase(ctx, d, now, now.Add(claim))
		must(t, err)
		must(t, s.CreateReserved(ctx, r, d, meta.Origin{Database: source.ID, Path: source.Path, At: now}))
		got, err := s.DatabaseByPath(ctx, d.Path)
		must(t, err)
		return got
	}
	own, his := fork(alice, "own"), fork(bob, "his")
	must(t, s.SetGrant(ctx, meta.Grant{Entity: bob.ID, Database: own.ID, Level: ayb.ShareReadOnly, CreatedAt: now}))
	from, forks, err := s.Lineage(ctx, source.ID, bob.ID)
	must(t, err)
	if len(from) != 0 || !slices.Equal(forks, []meta.Access{{Database: his, Grant: ayb.ShareNone}, {Database: own, Grant: ayb.ShareReadOnly}}) {
		t.Errorf("%+v, %+v", from, forks)
	}
	from, forks, err = s.Lineage(ctx, his.ID, 0)
	must(t, err)
	if len(forks) != 0 || !slices.Equal(from, []meta.Access{{Database: source, Grant: ayb.ShareNone}}) {
		t.Errorf("%+v, %+v", from, forks)
	}
	softDelete(t, s, own, now)
	softDelete(t, s, source, now)
	if from, forks, err = s.Lineage(ctx, his.ID, bob.ID); err != nil || len(from)+len(forks) != 0 {
		t.Errorf("of a deleted database: %+v, %+v, %v", from, forks, err)
	}
	if _, forks, err = s.Lineage(ctx, source.ID, bob.ID); err != nil || len(forks) != 1 {
		t.Errorf("a deleted fork: %+v, %v", forks, err)
	}
	_, _, err = s.PurgeDeleted(ctx, now, now, 9)
	must(t, err)
	if got, err := s.DatabaseByPath(ctx, his.Path); err != nil || got != his {
		t.Errorf("the fork of one that is gone: %+v, %v", got, err)
	}
}

// snapshotTasks: snapshots follow their database through renames.
func snapshotTasks(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	d := database(t, s, alice, "a")
	to := func(name ayb.DatabaseSlug) {
		t.Helper()
		must(t, s.BeginRename(ctx, d, name, now, now.Add(claim)))
		must(t, s.CompleteOperation(ctx, meta.PendingOperation{Kind: meta.OperationRename, Database: d, To: name}, now))
		d.Path.Database = name
	}
	claimed := func(at time.Time) []meta.SnapshotTask {
		t.Helper()
		got, err := s.ClaimSnapshotTasks(ctx, 9, at, at.Add(claim))
		must(t, err)
		return got
	}
	to("b")
	got := claimed(now)
	if len(got) != 1 || got[0].From.Database != "a" || got[0].To != d.Path || got[0].Database != d.ID || !got[0].Before.Equal(now) || !got[0].Since.Equal(d.CreatedAt) {
		t.Fatalf("got %+v", got)
	}
	if again := claimed(now); len(again) != 0 {
		t.Errorf("claimed twice: %+v", again)
	}
	// Another database may not get a name under which there are snapshots.
	other := database(t, s, alice, "other")
	wantCode(t, s.BeginRename(ctx, other, "a", now, now.Add(claim)), errs.Conflict)
	// It is renamed again while they are moved.
	to("c")
	must(t, s.CompleteSnapshotTask(ctx, got[0], now.Add(time.Second)))
	must(t, s.CompleteSnapshotTask(ctx, meta.SnapshotTask{ID: got[0].ID}, now))
	got = claimed(now.Add(claim))
	if len(got) != 2 || got[0].From.Database != "b" || got[1].From.Database != "b" || got[1].To.Database != "c" || !got[1].Before.Equal(now.Add(time.Second)) {
		t.Errorf("got %+v", got)
	}
	must(t, s.PostponeSnapshotTask(ctx, got[0].ID, now.Add(2*time.Hour)))
	must(t, s.CompleteSnapshotTask(ctx, got[1], now))
	softDelete(t, s, d, now)
	if got = claimed(now.Add(3 * time.Hour)); len(got) != 0 {
		t.Errorf("of a deleted database: %+v", got)
	}
	m, err := s.BeginUndeletion(ctx, alice.ID, d.Path, now, now.Add(claim))
	must(t, err)
	must(t, s.CompleteOperation(ctx, m, now))
	if got = claimed(now.Add(time.Hour)); len(got) != 0 {
		t.Errorf("before its time: %+v", got)
	}
	if got = claimed(now.Add(2 * time.Hour)); len(got) != 1 || got[0].To.Database != "c" {
		t.Errorf("got %+v", got)
	}
}

func snapshotNotes(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	d := database(t, s, alice, "d")
	for _, n := range []meta.SnapshotNote{
		{ID: "b", BeforeRestore: true, CreatedAt: now}, {ID: "a", Message: "before", CreatedAt: now},
		{ID: "b", Message: "mine", CreatedAt: now.Add(time.Hour)}, {ID: "a", BeforeRestore: true, CreatedAt: now.Add(time.Hour)},
		{ID: "a", Message: "after", CreatedAt: now.Add(2 * time.Hour)}, {ID: "c", CreatedAt: now},
	} {
		must(t, s.NoteSnapshot(ctx, d.ID, n, 9))
	}
	other := database(t, s, alice, "other")
	must(t, s.NoteSnapshot(ctx, other.ID, meta.SnapshotNote{ID: "old", CreatedAt: now.Add(-time.Hour)}, 9))
	wantNotes := func(id meta.DatabaseID, want ...meta.SnapshotNote) {
		t.Helper()
		if got, err := s.SnapshotNotes(ctx, id); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	a := meta.SnapshotNote{ID: "a", Message: "before", BeforeRestore: true, CreatedAt: now.Add(2 * time.Hour)}
	b := meta.SnapshotNote{ID: "b", Message: "mine", BeforeRestore: true, CreatedAt: now.Add(time.Hour)}
	c := meta.SnapshotNote{ID: "c", CreatedAt: now}
	e := meta.SnapshotNote{ID: "e", CreatedAt: now.Add(3 * time.Hour)}
	wantNotes(d.ID, a, b, c)
	must(t, s.NoteSnapshot(ctx, d.ID, e, 3))
	wantNotes(d.ID, a, b, e)
	must(t, s.NoteSnapshot(ctx, d.ID, e, 2))
	wantNotes(d.ID, a, e)
	wantNotes(other.ID, meta.SnapshotNote{ID: "old", CreatedAt: now.Add(-time.Hour)})
	wantCode(t, s.NoteSnapshot(ctx, 999, c, 9), errs.NotFound)
}
