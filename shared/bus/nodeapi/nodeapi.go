// Package nodeapi is the contract between the control plane, the snapshotter
// and a query node: requests and answers, their subjects on the bus, and their
// wire forms.
//
// The contract is cut by noun, the same way on both sides. Callers use
// Queries, Imports, Databases, Versions, DeletedDatabases, Snapshots and
// Nodes, all but the last implemented by Client. A query node implements
// LinkHandler, DatabaseHandler, VersionHandler, DeletedDatabaseHandler and
// SnapshotHandler, and passes them to Serve. A method has the same name on both
// sides; the caller's also has the node.
//
// Queries, imports and exports travel on links as requests of the package
// daemonapi, which has their head.
//
// A query node trusts these messages: a process that may publish on its
// subjects has already checked permissions. The node checks none.
package nodeapi

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
)

// NodeID names a query node for as long as its data directory lives.
type NodeID string

// Done is an answer without content.
type Done struct{}

const (
	// filesTimeout bounds a call that changes files: daemons end first, and
	// replaced files are removed.
	filesTimeout = time.Minute
	// bulkTimeout bounds a call that moves all data of a database.
	bulkTimeout = 2 * time.Hour
)

// subject is the subject of a call to a node about a noun.
func subject(n NodeID, noun, verb string) string {
	return "ayb.v1.node." + string(n) + "." + noun + "." + verb
}

// call makes a call that takes at most timeout, or less when ctx ends first.
func call[Req, Resp any](ctx context.Context, c *Client, timeout time.Duration, subject string, req Req) (Resp, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return bus.Call[Req, Resp](ctx, c.calls, subject, req)
}
