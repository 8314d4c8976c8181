package controlplane

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/databases/placement"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/directoryapi"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// maxPage is the most databases of one answer, so that it fits into a message.
const maxPage = 1000

var _ directoryapi.Directory = (*ControlPlane)(nil)

// ListDatabases implements directoryapi.Directory. The node of a database is empty
// when it is unknown; see placement.Locate.
func (c *ControlPlane) ListDatabases(ctx context.Context, req directoryapi.ListRequest) (directoryapi.ListResponse, error) {
	n := min(req.Limit, maxPage)
	if n <= 0 {
		n = maxPage
	}
	found, err := c.store.DatabasesAfter(ctx, meta.DatabaseID(req.After), n+1)
	if err != nil {
		return directoryapi.ListResponse{}, err
	}
	out := directoryapi.ListResponse{More: len(found) > n}
	place := placement.New(c.deps.Nodes)
	for _, d := range found[:min(n, len(found))] {
		node, err := place.Locate(d)
		if err != nil { // the caller leaves this database out
			node = nodeapi.NodeID("")
		}
		out.Databases = append(out.Databases, directoryapi.Database{
			Number: int64(d.ID), Path: d.Path, Type: d.Type, Node: node, CreatedAt: d.CreatedAt})
	}
	return out, nil
}
