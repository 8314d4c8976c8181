package databases

import (
	"context"
	"unicode/utf8"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Snapshot is a stored snapshot with its note.
type Snapshot struct {
	snapshotapi.Snapshot
	Message       string
	BeforeRestore bool
}

const (
	// maxMessage limits the message of a snapshot, in characters.
	maxMessage = 500
	// maxNotes limits the notes of a database. A note is kept even when its
	// snapshot is not listed: the snapshot may be moving to a new name, or the
	// list may be incomplete.
	maxNotes = 5000
)

// findManaged returns a database that the caller manages; doing is the verb of the
// refusal. Errors: NotFound for a missing database of the caller's own; Forbidden
// for one that is missing or that the caller does not manage.
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

// snapshotsOf returns the name of a database in calls to a snapshotter. The time of
// its creation excludes snapshots of an earlier database of that name.
func snapshotsOf(db meta.Database) snapshotapi.Database {
	return snapshotapi.Database{Path: db.Path, CreatedAt: db.CreatedAt}
}

// ListSnapshots lists the snapshots of a database, the newest first. Errors are
// those of findManaged, and ObjectStore.
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

// TakeSnapshot stores the present state with a message, which may be empty. Errors
// are those of findManaged; Invalid for the message; Conflict when the database
// was never written to; Snapshot and ObjectStore.
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

// takeSnapshot takes a snapshot and stores its note.
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
