package nodeapi

import (
	"context"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
)

// Databases manages the live databases of a node. A call that changes a
// database happens completely or not at all, is durable on return, and may be
// repeated. Requests that run on the database end first, with an error. All
// calls are Unavailable when the node does not answer.
type Databases interface {
	// CreateDatabase makes the directories of a database. A database that
	// already has directories is no error: the metadata of the control plane
	// decides which databases exist. Unsupported for an engine that the node
	// does not have. With a version, Conflict when the path has another live
	// version.
	CreateDatabase(ctx context.Context, node NodeID, req CreateRequest) (Done, error)
	// DiscardDatabase undoes the creation of a database that was never
	// written. Conflict when it was; the database then stays.
	DiscardDatabase(ctx context.Context, node NodeID, req DiscardRequest) (Done, error)
	// RenameDatabase moves a database to another path. Conflict when that path
	// has files, NotFound when neither path has any.
	RenameDatabase(ctx context.Context, node NodeID, req RenameRequest) (Done, error)
	// DeleteDatabase removes a database for good. A missing one is no error.
	DeleteDatabase(ctx context.Context, node NodeID, req DeleteRequest) (Done, error)
	// DatabaseUsage measures a database and starts nothing. Engine when the
	// node does not have the database.
	DatabaseUsage(ctx context.Context, node NodeID, req UsageRequest) (UsageResponse, error)
}

// DatabaseHandler is the node's side of Databases.
type DatabaseHandler interface {
	CreateDatabase(ctx context.Context, req CreateRequest) (Done, error)
	DiscardDatabase(ctx context.Context, req DiscardRequest) (Done, error)
	RenameDatabase(ctx context.Context, req RenameRequest) (Done, error)
	DeleteDatabase(ctx context.Context, req DeleteRequest) (Done, error)
	DatabaseUsage(ctx context.Context, req UsageRequest) (UsageResponse, error)
}

// CreateRequest names a new database.
type CreateRequest struct {
	Path ayb.DatabasePath `json:"path"`
	Type ayb.DatabaseType `json:"type"`
	// Version is the staged version that becomes the live one; empty for an
	// empty database.
	Version string `json:"version,omitempty"`
}

// DiscardRequest names a database that was created on the node and then could
// not be recorded.
type DiscardRequest struct {
	Path ayb.DatabasePath `json:"path"`
}

// RenameRequest names the present and the next path of a database.
type RenameRequest struct {
	From ayb.DatabasePath `json:"from"`
	To   ayb.DatabasePath `json:"to"`
}

// DeleteRequest names a database to remove with everything in it.
type DeleteRequest struct {
	Path ayb.DatabasePath `json:"path"`
}

// UsageRequest names a database to measure.
type UsageRequest struct {
	Path ayb.DatabasePath `json:"path"`
}

// UsageResponse is the present use of a database.
type UsageResponse struct {
	// DatabaseBytes and WALBytes are the sizes of the file and of its log.
	DatabaseBytes int64 `json:"database_bytes"`
	WALBytes      int64 `json:"wal_bytes"`
	// Requests is the number of requests that run or wait.
	Requests int `json:"requests"`
}

const databaseNoun = "database"

func databaseEndpoints(node NodeID, h DatabaseHandler) []bus.Endpoint {
	return []bus.Endpoint{
		endpoint(node, databaseNoun, "create", bus.Handle(h.CreateDatabase)),
		endpoint(node, databaseNoun, "discard", bus.Handle(h.DiscardDatabase)),
		endpoint(node, databaseNoun, "rename", bus.Handle(h.RenameDatabase)),
		endpoint(node, databaseNoun, "delete", bus.Handle(h.DeleteDatabase)),
		endpoint(node, databaseNoun, "usage", bus.Handle(h.DatabaseUsage)),
	}
}

var _ Databases = (*Client)(nil)

// CreateDatabase implements Databases.
func (c *Client) CreateDatabase(ctx context.Context, node NodeID, req CreateRequest) (Done, error) {
	return bus.Call[CreateRequest, Done](ctx, c.calls, subject(node, databaseNoun, "create"), req)
}

// DiscardDatabase implements Databases.
func (c *Client) DiscardDatabase(ctx context.Context, node NodeID, req DiscardRequest) (Done, error) {
	return bus.Call[DiscardRequest, Done](ctx, c.calls, subject(node, databaseNoun, "discard"), req)
}

// RenameDatabase implements Databases.
func (c *Client) RenameDatabase(ctx context.Context, node NodeID, req RenameRequest) (Done, error) {
	return call[RenameRequest, Done](ctx, c, filesTimeout, subject(node, databaseNoun, "rename"), req)
}

// DeleteDatabase implements Databases.
func (c *Client) DeleteDatabase(ctx context.Context, node NodeID, req DeleteRequest) (Done, error) {
	return bus.Call[DeleteRequest, Done](ctx, c.calls, subject(node, databaseNoun, "delete"), req)
}

// DatabaseUsage implements Databases.
func (c *Client) DatabaseUsage(ctx context.Context, node NodeID, req UsageRequest) (UsageResponse, error) {
	return bus.Call[UsageRequest, UsageResponse](ctx, c.calls, subject(node, databaseNoun, "usage"), req)
}
