package databases

import (
	"context"
	"unicode/utf8"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Snapshot is a stored snapshot with what was noted of it.
type Snapshot struct {
	snapshotapi.Snapshot
	Message       string
	BeforeRestore bool
}

const (
	// maxMessage is how long the message of a snapshot may be, in characters.
	maxMessage = 500
	// maxNotes is how many snapshots of a database something is known of. What
	// is not listed keeps its note: it may be on its way to a new name, or the
	// list may not be whole.
	maxNotes = 5000
)

// findManaged finds a database that the caller manages. doing says in the refusal
// what they may not do. Errors: NotFound for a missing database of the caller's
// own, Forbidden for every other that is missing or not managed (S22).
func (d *Databases) findManaged(ctx context.Context, actor authz.Actor, op authz.Operation, entity, database, doing string) (meta.Database, authz.Rights, error) {
	if err := authz.CheckScope(actor, op); err != nil {
		return meta.Database{}, authz.Rights{}, err
	}
	path := pathOf(entity, database)
	db, rights, err := d.resolve(ctx, actor, path)
	if err == nil && !rights.Manage {
		err = errs.E(errs.Forbidden, "Authenticated entity %s can't %s %s", actor.Slug, doing, path)
	}
	return db, rights, err
}

const manageSnapshots = "manage snapshots on database"

// snapshotsOf names a database to a snapshotter.
func snapshotsOf(db meta.Database) snapshotapi.Database {
	return snapshotapi.Database{Path: db.Path, CreatedAt: db.CreatedAt}
}

// ListSnapshots lists the snapshots of a database, the newest first. Errors are
// those of managed and ObjectStore.
func (d *Databases) ListSnapshots(ctx context.Context, actor authz.Actor, entity, database string) ([]Snapshot, error) {
	db, _, err := d.findManaged(ctx, actor, authz.ListSnapshots, entity, database, manageSnapshots)
	if err != nil {
		return nil, err
	}
	listed, err := d.deps.Snapshots.ListSnapshots(ctx, snapshotapi.ListRequest{Database: snapshotsOf(db)})
	if err != nil {
		return nil, err
	}
	notes, err := d.deps.Store.Notes.SnapshotNotes(ctx, db.ID)
	if err != nil {
		return nil, err
	}
	noted := map[string]meta.SnapshotNote{}
	for _, n := range notes {
		noted[n.ID] = n
	}
	out := make([]Snapshot, 0, len(listed.Snapshots))
	for _, s := range listed.Snapshots {
		n := noted[s.ID]
		out = append(out, Snapshot{Snapshot: s, Message: n.Message, BeforeRestore: n.BeforeRestore})
	}
	return out, nil
}

// TakeSnapshot stores the present state, with a message for people that may be
// empty. Errors are those of managed; Invalid for the message; Conflict when
// nothing was ever written; Snapshot and ObjectStore.
func (d *Databases) TakeSnapshot(ctx context.Context, actor authz.Actor, entity, database, message string) (snapshotapi.TakeResponse, error) {
	var taken snapshotapi.TakeResponse
	db, _, err := d.findManaged(ctx, actor, authz.TakeSnapshot, entity, database, manageSnapshots)
	if err != nil {
		return taken, err
	}
	if !utf8.ValidString(message) || utf8.RuneCountInString(message) > maxMessage {
		return taken, errs.E(errs.Invalid, "The message of a snapshot is text of at most %d characters", maxMessage)
	}
	taken, err = d.takeSnapshot(ctx, db, meta.SnapshotNote{Message: message})
	if errs.Is(err, errs.NotFound) {
		err = errs.Wrap(errs.Conflict, err, "Nothing was ever written to %s, so there is nothing to keep", db.Path)
	}
	return taken, err
}

// takeSnapshot takes a snapshot and notes what is to be known of it.
func (d *Databases) takeSnapshot(ctx context.Context, db meta.Database, note meta.SnapshotNote) (snapshotapi.TakeResponse, error) {
	node, err := d.locate(db)
	if err != nil {
		return snapshotapi.TakeResponse{}, err
	}
	taken, err := d.deps.Snapshots.TakeSnapshot(ctx, snapshotapi.TakeRequest{Database: snapshotsOf(db), Node: node})
	if err != nil || note == (meta.SnapshotNote{}) {
		return taken, err
	}
	note.ID, note.CreatedAt = taken.ID, d.deps.Now()
	return taken, d.deps.Store.Notes.NoteSnapshot(ctx, db.ID, note, maxNotes)
}
