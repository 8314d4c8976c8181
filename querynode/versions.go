package querynode

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// stagingLease is how long a version is kept after the last StageVersion
	// for it.
	stagingLease = nodeapi.StagingLease
	// expiryInterval is the interval between searches for expired leases.
	expiryInterval = stagingLease / 8
)

var _ nodeapi.VersionHandler = (*Node)(nil)

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
	if req.Version == "" { // an empty version would name the live one
		return errs.E(errs.Invalid, "The request names no version")
	}
	return n.pool.Exclusive(func() error { return n.dropLeaseAfter(req, n.dir.Unstage(req.Path, req.Version)) },
		pool.InstanceKey{DB: req.Path, Version: req.Version})
}

// dropLeaseAfter drops the lease of a version that is removed or live.
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

// removeExpiredVersions removes versions with an expired lease, until ctx ends.
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

// removeExpired removes the versions whose lease was last renewed before a
// time.
func (n *Node) removeExpired(since time.Time) {
	for _, v := range n.leases.expired(since) {
		err := n.unstage(nodeapi.VersionRequest{Path: v.Path, Version: v.Version})
		if errs.Is(err, errs.Conflict) { // it was published
			n.leases.drop(v)
		} else if err != nil {
			n.deps.Log.Warn("could not remove a staged version", "db", v.Path.String(), "err", err)
		}
	}
}
