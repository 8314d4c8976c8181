package querynode

import (
	"context"

	"github.com/ayb-go/ayb/querynode/engine/kind"
	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

var _ nodeapi.DatabaseHandler = (*Node)(nil)

// live is the key of the daemon of a live version.
func live(p ayb.DatabasePath) pool.InstanceKey { return pool.InstanceKey{DB: p} }

// CreateDatabase implements nodeapi.DatabaseHandler.
func (n *Node) CreateDatabase(_ context.Context, req nodeapi.CreateRequest) (nodeapi.Done, error) {
	if !kind.Known(req.Type) {
		return nodeapi.Done{}, errs.E(errs.Unsupported, "This server cannot host %s databases", req.Type)
	}
	if req.Version != "" {
		return nodeapi.Done{}, n.createFrom(nodeapi.VersionRequest{Path: req.Path, Version: req.Version})
	}
	if err := n.checkSpace(0); err != nil {
		return nodeapi.Done{}, err
	}
	return nodeapi.Done{}, n.dir.Create(req.Path)
}

// createFrom makes a staged version the first live version of a database.
func (n *Node) createFrom(req nodeapi.VersionRequest) error {
	return n.pool.Exclusive(func() error { return n.dropLeaseAfter(req, n.dir.CreateFrom(req.Path, req.Version)) },
		live(req.Path), pool.InstanceKey{DB: req.Path, Version: req.Version})
}

// DiscardDatabase implements nodeapi.DatabaseHandler.
func (n *Node) DiscardDatabase(_ context.Context, req nodeapi.DiscardRequest) (nodeapi.Done, error) {
	err := n.pool.Exclusive(func() error { return n.dir.Discard(req.Path) }, live(req.Path))
	if err != nil {
		return nodeapi.Done{}, err
	}
	return nodeapi.Done{}, nil
}

// RenameDatabase implements nodeapi.DatabaseHandler.
func (n *Node) RenameDatabase(_ context.Context, req nodeapi.RenameRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Exclusive(func() error { return n.dir.Rename(req.From, req.To) }, live(req.From), live(req.To))
}

// DeleteDatabase implements nodeapi.DatabaseHandler.
func (n *Node) DeleteDatabase(_ context.Context, req nodeapi.DeleteRequest) (nodeapi.Done, error) {
	err := n.pool.Exclusive(func() error { return n.dir.Remove(req.Path) }, live(req.Path))
	if err != nil {
		return nodeapi.Done{}, err
	}
	return nodeapi.Done{}, nil
}

// DatabaseUsage implements nodeapi.DatabaseHandler.
func (n *Node) DatabaseUsage(_ context.Context, req nodeapi.UsageRequest) (nodeapi.UsageResponse, error) {
	size, err := n.dir.Size(req.Path)
	if err != nil {
		return nodeapi.UsageResponse{}, err
	}
	return nodeapi.UsageResponse{DatabaseBytes: size.Database, WALBytes: size.WAL, Requests: n.pool.Requests(req.Path)}, nil
}
