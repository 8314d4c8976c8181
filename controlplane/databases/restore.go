package databases

import (
	"context"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// idLength is the length of a snapshot's id, in hexadecimal digits.
const idLength = 64

// Restore replaces the state of a database by that of a snapshot, or makes a new
// database from the snapshot when to is not empty. In place, the snapshot is
// fetched and checked first. Then writers are blocked, the present state is kept
// as a snapshot, and one swap on the node makes the restored state live. After an
// error the database is unchanged, unless the node did not answer to the swap.
//
// The id may be shortened to a prefix that is unique among the snapshots of the
// database. Errors are those of findManaged; NoSnapshot for an id that is
// malformed or not stored; Invalid for an ambiguous prefix; those of Create for a
// new database; Conflict while the database is being replaced; Snapshot when the
// snapshot or the present state is damaged; TooLarge for a snapshot that is larger
// than the database may be; ObjectStore.
func (d *Databases) Restore(ctx context.Context, actor authz.Actor, entity, database, id, to string) error {
	db, _, err := d.findManaged(ctx, actor, authz.RestoreSnapshot, entity, database, manageSnapshots)
	if err != nil {
		return err
	}
	if id, err = d.snapshotID(ctx, db, id); err != nil {
		return err
	}
	if to != "" {
		return d.restoreTo(ctx, actor, db, id, to)
	}
	ctx, end := d.beginJob(ctx, actor, db, "restore")
	defer end()
	err = d.replaceState(ctx, db, d.loadSnapshot(db, db.Path, id, d.limitsOf(db)), func(ctx context.Context) (func(), error) {
		now, _, err := d.findManaged(ctx, actor, authz.RestoreSnapshot, entity, database, manageSnapshots)
		if err := checkUnchanged(db, now, err); err != nil {
			return nil, err
		}
		open, err := d.barriers.blockWrites(ctx, db.ID)
		if err != nil {
			return nil, err
		}
		if err := d.keepPresentState(ctx, db); err != nil {
			open()
			return nil, err
		}
		return open, nil
	})
	return d.explainFailure(ctx, db, err)
}

// shortID is the least number of digits of a shortened id.
const shortID = 4

// snapshotID completes a shortened id. It returns only well-formed ids, because an
// id becomes part of the name of an object.
func (d *Databases) snapshotID(ctx context.Context, db meta.Database, text string) (string, error) {
	unknown := errs.E(errs.NoSnapshot, "No snapshot has this id")
	switch {
	case !isHex(text) || text == "" || len(text) > idLength:
		return "", unknown
	case len(text) == idLength:
		return text, nil
	case len(text) < shortID:
		return "", errs.E(errs.Invalid, "The id of a snapshot can be shortened to %d digits or more, and %s has %d", shortID, text, len(text))
	}
	listed, err := d.deps.Snapshots.ListSnapshots(ctx, snapshotapi.ListRequest{Database: snapshotsOf(db)})
	if err != nil {
		return "", err
	}
	var found []string
	for _, s := range listed.Snapshots {
		if strings.HasPrefix(s.ID, text) {
			found = append(found, s.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", unknown
	case 1:
		return found[0], nil
	}
	const most = 5
	named := strings.Join(found[:min(most, len(found))], ", ")
	if len(found) > most {
		named += " and others"
	}
	return "", errs.E(errs.Invalid, "%d snapshots have an id that begins with %s: %s; write more of it", len(found), text, named)
}

// isHex reports whether all characters are lower-case hexadecimal digits.
func isHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// keepPresentState takes a snapshot of the state that a restore replaces.
func (d *Databases) keepPresentState(ctx context.Context, db meta.Database) error {
	_, err := d.takeSnapshot(ctx, db, meta.SnapshotNote{BeforeRestore: true})
	switch {
	case errs.Is(err, errs.NotFound): // nothing was ever written
		return nil
	case errs.Is(err, errs.Snapshot):
		return errs.Wrap(errs.Snapshot, err, "The present state of %s can't be kept, so nothing was restored; restore the snapshot into a new database instead. %s", db.Path, errs.Public(err).Message)
	}
	return err
}

// loadSnapshot fills a staged version from a snapshot. The node refuses a snapshot
// that is larger than the target may be as it arrives; the size that it reports is
// checked again here.
func (d *Databases) loadSnapshot(of meta.Database, target ayb.DatabasePath, id string, e limits.Effective) fill {
	most := e.Value(limits.DatabaseBytes)
	return func(ctx context.Context, node nodeapi.NodeID, version string) error {
		loaded, err := d.deps.Snapshots.LoadSnapshot(ctx, snapshotapi.LoadRequest{
			Source: snapshotsOf(of), ID: id, Target: target, Node: node, Version: version, DatabaseBytes: most})
		if err == nil && most > 0 && loaded.Bytes > most {
			err = errs.E(errs.TooLarge, "The snapshot has %d bytes, and the database may have %d %s", loaded.Bytes, most, limits.DatabaseBytes.Hint())
		}
		return err
	}
}

func (d *Databases) restoreTo(ctx context.Context, actor authz.Actor, db meta.Database, id, to string) error {
	made, err := d.checkTarget(ctx, actor, db, to)
	if err != nil {
		return err
	}
	most, err := d.ownerLimits(ctx, made.Owner)
	if err != nil {
		return err
	}
	leave, err := d.admitAccount(made.Owner, most)
	if err != nil {
		return err
	}
	defer leave()
	ctx, end := d.beginJob(ctx, actor, made, "restore into a new database")
	defer end()
	fetch := d.loadSnapshot(db, made.Path, id, most)
	_, err = d.createFromData(ctx, made, meta.Origin{}, func(ctx context.Context, node nodeapi.NodeID, version string) error {
		if err := fetch(ctx, node, version); err != nil {
			return err
		}
		_, _, err := d.findManaged(ctx, actor, authz.RestoreSnapshot, string(db.Path.Entity), string(db.Path.Database), manageSnapshots)
		return err
	})
	return cancelCause(ctx, err)
}
