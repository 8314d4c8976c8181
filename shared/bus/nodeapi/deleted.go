package nodeapi

import (
	"context"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
)

// DeletedDatabases manages soft-deleted databases. Their files have a key in
// place of a path until they are restored or removed for good. A call happens
// completely or not at all, is durable on return, and may be repeated.
type DeletedDatabases interface {
	// SoftDeleteDatabase moves the files of a database from its path to the
	// key. Requests that run on the database end first. A path without files is
	// no error. Conflict when both have files.
	SoftDeleteDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error)
	// UndeleteDatabase moves the files back to the path. Conflict when the path
	// has files too, NotFound when neither has any.
	UndeleteDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error)
	// PurgeDatabase removes the files of the key for good. A missing key is no
	// error; the path is not used.
	PurgeDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error)
}

// DeletedDatabaseHandler is the node's side of DeletedDatabases.
type DeletedDatabaseHandler interface {
	SoftDeleteDatabase(ctx context.Context, req SoftDeleteRequest) (Done, error)
	UndeleteDatabase(ctx context.Context, req SoftDeleteRequest) (Done, error)
	PurgeDatabase(ctx context.Context, req SoftDeleteRequest) (Done, error)
}

// SoftDeleteRequest names a soft-deleted database.
type SoftDeleteRequest struct {
	// Path is the database that is deleted or restored.
	Path ayb.DatabasePath `json:"path"`
	// Key is chosen by the control plane: lower-case letters, digits, hyphens.
	Key string `json:"key"`
}

const deletedNoun = "deleted"

func deletedEndpoints(node NodeID, h DeletedDatabaseHandler) []bus.Endpoint {
	return []bus.Endpoint{
		endpoint(node, deletedNoun, "delete", bus.Handle(h.SoftDeleteDatabase)),
		endpoint(node, deletedNoun, "undelete", bus.Handle(h.UndeleteDatabase)),
		endpoint(node, deletedNoun, "purge", bus.Handle(h.PurgeDatabase)),
	}
}

var _ DeletedDatabases = (*Client)(nil)

// SoftDeleteDatabase implements DeletedDatabases.
func (c *Client) SoftDeleteDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error) {
	return call[SoftDeleteRequest, Done](ctx, c, filesTimeout, subject(node, deletedNoun, "delete"), req)
}

// UndeleteDatabase implements DeletedDatabases.
func (c *Client) UndeleteDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error) {
	return call[SoftDeleteRequest, Done](ctx, c, filesTimeout, subject(node, deletedNoun, "undelete"), req)
}

// PurgeDatabase implements DeletedDatabases.
func (c *Client) PurgeDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error) {
	return call[SoftDeleteRequest, Done](ctx, c, filesTimeout, subject(node, deletedNoun, "purge"), req)
}
