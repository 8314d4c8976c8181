package nodeapi

import (
	"context"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/mux"
)

// Local is what a query node does for calls about its databases.
type Local interface {
	// Create is Databases.CreateDatabase on this node.
	Create(ctx context.Context, req CreateRequest) (CreateResponse, error)
	// Discard is Databases.DiscardDatabase on this node.
	Discard(ctx context.Context, req DeleteRequest) (DeleteResponse, error)
	// Delete is Databases.DeleteDatabase on this node.
	Delete(ctx context.Context, req DeleteDatabaseRequest) (DeleteDatabaseResponse, error)
	// Usage is Databases.DatabaseUsage on this node.
	Usage(ctx context.Context, req UsageRequest) (UsageResponse, error)
	// Accept takes a new link with queries.
	Accept(link mux.Link) bus.Peer
}

// Serve answers for a node until stop is called.
func Serve(r bus.Responder, node NodeID, local Local) (stop func(), err error) {
	return r.Serve(bus.Service{
		Name: "ayb-querynode", Version: "1.0.0", Description: "runs SQL on the databases of node " + string(node),
		Endpoints: []bus.Endpoint{
			{Name: "query", Subject: querySubject(node), Link: local.Accept},
			{Name: "create", Subject: databaseSubject(node, "create"), Handle: bus.Handle(local.Create)},
			{Name: "discard", Subject: databaseSubject(node, "discard"), Handle: bus.Handle(local.Discard)},
			{Name: "delete", Subject: databaseSubject(node, "delete"), Handle: bus.Handle(local.Delete)},
			{Name: "usage", Subject: databaseSubject(node, "usage"), Handle: bus.Handle(local.Usage)},
		},
	})
}
