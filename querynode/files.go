package querynode

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// stagingLease is how long a version is kept after whoever fills it has last
	// asked for that.
	stagingLease = nodeapi.StagingLease
	// expiryInterval is how often those that have waited longer are looked for.
	expiryInterval = stagingLease / 8
)

var (
	_ nodeapi.VersionHandler         = (*Node)(nil)
	_ nodeapi.DeletedDatabaseHandler = (*Node)(nil)
)

func live(p ayb.DatabasePath) pool.InstanceKey { return pool.InstanceKey{DB: p} }

// StageVersion implements nodeapi.VersionHandler.
func (n *Node) StageVersion(_ context.Context, req nodeapi.StageRequest) (nodeapi.StageResponse, error) {
	version, err := req.Version, error(nil)
	if version == "" {
		if err := n.checkSpace(0); err != nil {
			return nodeapi.StageResponse{}, err
		}
		version, err = n.dir.Stage(req.Path)
	} else {
		err = n.dir.CheckStaged(req.Path, version)
	}
	if err != nil {
		return nodeapi.StageResponse{}, err
	}
	n.leases.renew(dbfile.StagedVersion{Path: req.Path, Version: version}, time.Now())
	return nodeapi.StageResponse{Version: version}, nil
}

// UnstageVersion implements nodeapi.VersionHandler.
func (n *Node) UnstageVersion(_ context.Context, req nodeapi.VersionRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.unstage(req)
}

func (n *Node) unstage(req nodeapi.VersionRequest) error {
	if req.Version == "" { // what is staged has a name; the live one is not ended for this
		return errs.E(errs.Invalid, "A version without a name cannot be removed")
	}
	return n.pool.Exclusive(func() error { return n.dropLeaseAfter(req, n.dir.Unstage(req.Path, req.Version)) },
		pool.InstanceKey{DB: req.Path, Version: req.Version})
}

// dropLeaseAfter forgets a version that is gone, or live.
func (n *Node) dropLeaseAfter(req nodeapi.VersionRequest, err error) error {
	if err == nil || errs.Is(err, errs.NotFound) {
		n.leases.drop(staged(req))
	}
	return err
}

// PublishVersion implements nodeapi.VersionHandler.
func (n *Node) PublishVersion(_ context.Context, req nodeapi.VersionRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Exclusive(func() error { return n.dropLeaseAfter(req, n.dir.Publish(req.Path, req.Version)) },
		live(req.Path), pool.InstanceKey{DB: req.Path, Version: req.Version})
}

// createFrom makes a staged version a database.
func (n *Node) createFrom(req nodeapi.VersionRequest) error {
	return n.pool.Exclusive(func() error { return n.dropLeaseAfter(req, n.dir.CreateFrom(req.Path, req.Version)) },
		live(req.Path), pool.InstanceKey{DB: req.Path, Version: req.Version})
}

// RenameDatabase implements nodeapi.DeletedDatabaseHandler.
func (n *Node) RenameDatabase(_ context.Context, req nodeapi.RenameRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Exclusive(func() error { return n.dir.Rename(req.From, req.To) }, live(req.From), live(req.To))
}

// SoftDeleteDatabase implements nodeapi.DeletedDatabaseHandler.
func (n *Node) SoftDeleteDatabase(_ context.Context, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Exclusive(func() error { return n.dir.SoftDelete(req.Path, req.Key) }, live(req.Path))
}

// UndeleteDatabase implements nodeapi.DeletedDatabaseHandler.
func (n *Node) UndeleteDatabase(_ context.Context, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Exclusive(func() error { return n.dir.Undelete(req.Path, req.Key) }, live(req.Path))
}

// PurgeDatabase implements nodeapi.DeletedDatabaseHandler. No daemon runs on soft-deleted files.
func (n *Node) PurgeDatabase(_ context.Context, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.dir.Purge(req.Key)
}

// removeExpiredVersions removes versions whose makers are gone, now and then, until ctx ends.
func (n *Node) removeExpiredVersions(ctx context.Context) {
	t := time.NewTicker(expiryInterval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			n.removeExpired(time.Now().Add(-stagingLease))
		}
	}
}

// removeExpired removes the versions that nobody has asked to be kept since a
// time.
func (n *Node) removeExpired(since time.Time) {
	for _, v := range n.leases.expired(since) {
		err := n.unstage(nodeapi.VersionRequest{Path: v.Path, Version: v.Version})
		if errs.Is(err, errs.Conflict) { // it was published
			n.leases.drop(v)
		} else if err != nil {
			n.deps.Log.Warn("staged version not removed", "db", v.Path.String(), "err", err)
		}
	}
}
