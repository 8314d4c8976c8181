package querynode

import (
	"context"

	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

var _ nodeapi.DeletedDatabaseHandler = (*Node)(nil)

// SoftDeleteDatabase implements nodeapi.DeletedDatabaseHandler.
func (n *Node) SoftDeleteDatabase(_ context.Context, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Exclusive(func() error { return n.dir.SoftDelete(req.Path, req.Key) }, live(req.Path))
}

// UndeleteDatabase implements nodeapi.DeletedDatabaseHandler.
func (n *Node) UndeleteDatabase(_ context.Context, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Exclusive(func() error { return n.dir.Undelete(req.Path, req.Key) }, live(req.Path))
}

// PurgeDatabase implements nodeapi.DeletedDatabaseHandler. Soft-deleted files
// have no daemon.
func (n *Node) PurgeDatabase(_ context.Context, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.dir.Purge(req.Key)
}
