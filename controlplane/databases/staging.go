package databases

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases/reconcile"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// reservationTime is the lease of the path of a database that is being
	// created, and of a staged version; both are renewed every renewInterval. The
	// path that a killed server has reserved is free when the lease ends.
	reservationTime = nodeapi.StagingLease
	renewInterval   = reservationTime / 4
	// finishTimeout limits the last steps of a creation or replacement, which are
	// carried out even after the caller has gone.
	finishTimeout = 2 * time.Minute
)

// fill writes the data of a database into a staged version.
type fill func(ctx context.Context, node nodeapi.NodeID, version string) error

// errNoData is the error of a fill whose source is empty.
var errNoData = errors.New("the source has no data")

// errDryRun is the error of a fill that was a dry run.
var errDryRun = errors.New("this was a dry run")

// createFromData creates a database from data. Its path is reserved first, by an
// entry in the purge queue. The record of the database replaces that entry in one
// transaction; otherwise the entry has the files removed. So a crash leaves
// neither files without a record nor a record without files.
func (d *Databases) createFromData(ctx context.Context, made meta.Database, from meta.Origin, with fill) (meta.Database, error) {
	made, kept, err := d.reserve(ctx, made)
	if err != nil {
		return meta.Database{}, err
	}
	making, stop := d.keepReservation(ctx, kept)
	err = d.createFiles(making, made, with)
	if cause := context.Cause(making); err != nil && cause != nil && errs.Is(cause, errs.Conflict) {
		err = cause // the reservation was lost
	}
	stop()
	if err == nil {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
		defer cancel()
		made.CreatedAt = d.deps.Now()
		err = d.deps.Store.Creation.CreateReserved(ending, kept, made, from)
	}
	if err != nil {
		d.releaseReservation(ctx, made, kept)
		return meta.Database{}, err
	}
	return made, nil
}

// reserve picks a node and reserves the path.
func (d *Databases) reserve(ctx context.Context, made meta.Database) (meta.Database, meta.Reservation, error) {
	unlock := d.creating.Lock(made.Owner)
	defer unlock()
	if err := d.checkNameAndCount(ctx, made); err != nil {
		return made, meta.Reservation{}, err
	}
	node, err := d.place.Pick(made.Type)
	if err != nil {
		return made, meta.Reservation{}, err
	}
	made.Node = meta.NodeID(node)
	now := d.deps.Now()
	kept, err := d.deps.Store.Creation.ReserveDatabase(ctx, made, now, now.Add(reservationTime))
	return made, kept, err
}

// keepReservation renews a reservation until stop is called. When the reservation
// is lost, the context kept ends, with the reason as its cause.
func (d *Databases) keepReservation(ctx context.Context, r meta.Reservation) (kept context.Context, stop func()) {
	kept, cancel := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		tick := time.NewTicker(renewInterval)
		defer tick.Stop()
		for {
			select {
			case <-kept.Done():
				return
			case <-tick.C:
			}
			err := d.deps.Store.Creation.RenewReservation(kept, r, d.deps.Now().Add(reservationTime))
			if errs.Is(err, errs.Conflict) { // any other failure leaves time for the next try
				cancel(err)
			}
		}
	})
	return kept, func() {
		cancel(nil)
		renewing.Wait()
	}
}

// stageVersion stages a version and renews its lease until leave is called.
func (d *Databases) stageVersion(ctx context.Context, node nodeapi.NodeID, path ayb.DatabasePath) (version string, leave func(), err error) {
	staged, err := d.deps.Versions.StageVersion(ctx, node, nodeapi.StageRequest{Path: path})
	if err != nil {
		return "", nil, err
	}
	keeping, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var keeper sync.WaitGroup
	keeper.Go(func() {
		tick := time.NewTicker(renewInterval)
		defer tick.Stop()
		for {
			select {
			case <-keeping.Done():
				return
			case <-tick.C:
			}
			// The next use of the version reports that it is gone.
			_, _ = d.deps.Versions.StageVersion(keeping, node, nodeapi.StageRequest{Path: path, Version: staged.Version})
		}
	})
	return staged.Version, func() { cancel(); keeper.Wait() }, nil
}

// createFiles fills a version and makes it the files of a new database.
func (d *Databases) createFiles(ctx context.Context, made meta.Database, with fill) error {
	node := nodeapi.NodeID(made.Node)
	version, leave, err := d.stageVersion(ctx, node, made.Path)
	if err != nil {
		return err
	}
	defer leave()
	err = with(ctx, node, version)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	if errors.Is(err, errNoData) {
		_, err = d.deps.Versions.UnstageVersion(ctx, node, nodeapi.VersionRequest{Path: made.Path, Version: version})
		version = ""
	}
	if err != nil {
		return err
	}
	_, err = d.deps.Files.CreateDatabase(ctx, node, nodeapi.CreateRequest{Path: made.Path, Type: made.Type, Version: version})
	return err
}

// releaseReservation has the files of a failed creation removed, which frees the
// name.
func (d *Databases) releaseReservation(ctx context.Context, made meta.Database, r meta.Reservation) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	// After an error here the lease of the reservation ends, with the same effect
	// later.
	theirs, err := d.deps.Store.Creation.ReleaseReservation(ctx, r, d.deps.Now().Add(reconcile.PurgeLease))
	if err == nil && theirs {
		d.deps.Purges.TryNow(ctx, meta.PurgeTask{ID: r.ID, Path: made.Path, Type: made.Type, Node: made.Node})
	}
}

// replaceState replaces the state of a database. ready is called when the new
// state is complete and checked, and its done once that state is live; ready may
// be nil.
func (d *Databases) replaceState(ctx context.Context, db meta.Database, with fill, ready func(ctx context.Context) (done func(), err error)) error {
	leave, err := d.barriers.beginReplace(db.ID)
	if err != nil {
		return err
	}
	defer leave()
	node, err := d.locate(db)
	if err != nil {
		return err
	}
	version, away, err := d.stageVersion(ctx, node, db.Path)
	if err != nil {
		return err
	}
	defer away()
	next := nodeapi.VersionRequest{Path: db.Path, Version: version}
	if err = with(ctx, node, version); err == nil && ready != nil {
		var done func()
		if done, err = ready(ctx); err == nil {
			defer done()
		}
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	if err == nil {
		if err = d.publish(ending, node, next); reconcile.OutcomeUnknown(err) {
			return err // it may be live, so it must stay
		}
	}
	if err != nil {
		// After an error here the node removes the version when its lease ends.
		_, _ = d.deps.Versions.UnstageVersion(ending, node, next)
	}
	return err
}

// publish makes a version live. The call is repeated while the node does not
// answer, because it may have published the version. NotFound means that the node
// was restarted before, and has removed the version.
func (d *Databases) publish(ctx context.Context, node nodeapi.NodeID, next nodeapi.VersionRequest) error {
	for wait := time.Second; ; wait *= 2 {
		_, err := d.deps.Versions.PublishVersion(ctx, node, next)
		if errs.Is(err, errs.NotFound) {
			return errs.Wrap(errs.Unavailable, err, "The new state of %s was lost before it could take the place of the present one; nothing has changed; try again", next.Path)
		}
		if !reconcile.OutcomeUnknown(err) || wait > 16*time.Second {
			return err
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return err
		}
	}
}

// ownerLimits returns the limits of a new database of an account.
func (d *Databases) ownerLimits(ctx context.Context, owner meta.EntityID) (limits.Effective, error) {
	account, err := d.deps.Store.Accounts.AccountLimits(ctx, owner)
	return limits.Resolve(d.cfg.Limits, &limits.Overrides{Account: account}), err
}
