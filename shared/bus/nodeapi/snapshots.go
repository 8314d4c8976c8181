package nodeapi

import (
	"context"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
)

// Snapshots copies databases to an object store and back. A call takes as long
// as the data needs; the caller watches whether the node is alive.
type Snapshots interface {
	// ListChangeTokens returns the change tokens of the node's databases. It
	// starts no daemon and opens no database.
	ListChangeTokens(ctx context.Context, node NodeID, req ChangeTokensRequest) (ChangeTokensResponse, error)
	// PrepareSnapshot copies a database, checks the copy, hashes and compresses
	// it. Errors: NotFound when the database was never written, Snapshot when
	// the check fails, Full, Timeout, Unavailable.
	PrepareSnapshot(ctx context.Context, node NodeID, req PrepareRequest) (PrepareResponse, error)
	// UploadSnapshot sends a prepared object. ObjectStore when the store
	// refuses it.
	UploadSnapshot(ctx context.Context, node NodeID, req UploadRequest) (UploadResponse, error)
	// ReleaseSnapshot removes a prepared object. An unknown handle is no error.
	ReleaseSnapshot(ctx context.Context, node NodeID, req ReleaseRequest) (Done, error)
	// FetchSnapshot loads an object into a staged version. Errors: NoSnapshot
	// when the object is missing, Snapshot when its content does not match its
	// id or fails the check, ObjectStore.
	FetchSnapshot(ctx context.Context, node NodeID, req FetchRequest) (FetchResponse, error)
}

// SnapshotHandler is the node's side of Snapshots.
type SnapshotHandler interface {
	ListChangeTokens(ctx context.Context, req ChangeTokensRequest) (ChangeTokensResponse, error)
	PrepareSnapshot(ctx context.Context, req PrepareRequest) (PrepareResponse, error)
	UploadSnapshot(ctx context.Context, req UploadRequest) (UploadResponse, error)
	ReleaseSnapshot(ctx context.Context, req ReleaseRequest) (Done, error)
	FetchSnapshot(ctx context.Context, req FetchRequest) (FetchResponse, error)
}

// ChangeTokensRequest asks for one page, in the order of paths.
type ChangeTokensRequest struct {
	After string `json:"after"` // path as text; empty for the first page
	Limit int    `json:"limit"`
}

// ChangeTokensResponse is one page.
type ChangeTokensResponse struct {
	Tokens []ChangeToken `json:"tokens"`
	More   bool          `json:"more"`
}

// ChangeToken is a text that differs after every commit to a database. It may
// also differ without one. It is empty while the database was never written.
type ChangeToken struct {
	Path  ayb.DatabasePath `json:"path"`
	Token string           `json:"token"`
}

// PrepareRequest names the database to copy.
type PrepareRequest struct {
	Path ayb.DatabasePath `json:"path"`
}

// PrepareResponse describes the prepared object. The node removes it when it is
// released, or when no upload of it has begun for ten minutes.
type PrepareResponse struct {
	Handle string `json:"handle"`
	ID     string `json:"id"` // BLAKE3-256 of the copy, 64 hex digits
	Bytes  int64  `json:"bytes"`
	Packed int64  `json:"packed"` // size of the object, compressed with zstd
	// ChangeToken is the database's token from before the copy.
	ChangeToken string `json:"change_token"`
}

// UploadRequest sends a prepared object to URLs that the caller has signed for
// this upload.
type UploadRequest struct {
	Handle string       `json:"handle"`
	Parts  []UploadPart `json:"parts"` // in order; together the complete object
}

// UploadPart is one PUT.
type UploadPart struct {
	URL  string `json:"url"`
	Size int64  `json:"size"` // bytes
}

// UploadResponse has the store's tag for each part.
type UploadResponse struct {
	ETags []string `json:"etags"`
}

// ReleaseRequest names a prepared object.
type ReleaseRequest struct {
	Handle string `json:"handle"`
}

// FetchRequest names an object and the staged version that it is loaded into.
// The node unpacks it, compares its hash with ID, and checks the database.
type FetchRequest struct {
	Path    ayb.DatabasePath `json:"path"`
	Version string           `json:"version"`
	URL     string           `json:"url"`
	ID      string           `json:"id"`
	// DatabaseBytes is the largest permitted size of the database; zero for the
	// limit that the node knows for it, or else for the node's own limit.
	DatabaseBytes int64 `json:"database_bytes,omitempty"`
}

// FetchResponse has the size of the database.
type FetchResponse struct {
	Bytes int64 `json:"bytes"`
}

const snapshotNoun = "snapshot"

func snapshotEndpoints(node NodeID, h SnapshotHandler) []bus.Endpoint {
	return []bus.Endpoint{
		endpoint(node, snapshotNoun, "change-tokens", bus.Handle(h.ListChangeTokens)),
		endpoint(node, snapshotNoun, "prepare", bus.Handle(h.PrepareSnapshot)),
		endpoint(node, snapshotNoun, "upload", bus.Handle(h.UploadSnapshot)),
		endpoint(node, snapshotNoun, "release", bus.Handle(h.ReleaseSnapshot)),
		endpoint(node, snapshotNoun, "fetch", bus.Handle(h.FetchSnapshot)),
	}
}

var _ Snapshots = (*Client)(nil)

// ListChangeTokens implements Snapshots.
func (c *Client) ListChangeTokens(ctx context.Context, node NodeID, req ChangeTokensRequest) (ChangeTokensResponse, error) {
	return call[ChangeTokensRequest, ChangeTokensResponse](ctx, c, filesTimeout, subject(node, snapshotNoun, "change-tokens"), req)
}

// PrepareSnapshot implements Snapshots.
func (c *Client) PrepareSnapshot(ctx context.Context, node NodeID, req PrepareRequest) (PrepareResponse, error) {
	return call[PrepareRequest, PrepareResponse](ctx, c, bulkTimeout, subject(node, snapshotNoun, "prepare"), req)
}

// UploadSnapshot implements Snapshots.
func (c *Client) UploadSnapshot(ctx context.Context, node NodeID, req UploadRequest) (UploadResponse, error) {
	return call[UploadRequest, UploadResponse](ctx, c, bulkTimeout, subject(node, snapshotNoun, "upload"), req)
}

// ReleaseSnapshot implements Snapshots.
func (c *Client) ReleaseSnapshot(ctx context.Context, node NodeID, req ReleaseRequest) (Done, error) {
	return call[ReleaseRequest, Done](ctx, c, filesTimeout, subject(node, snapshotNoun, "release"), req)
}

// FetchSnapshot implements Snapshots.
func (c *Client) FetchSnapshot(ctx context.Context, node NodeID, req FetchRequest) (FetchResponse, error) {
	return call[FetchRequest, FetchResponse](ctx, c, bulkTimeout, subject(node, snapshotNoun, "fetch"), req)
}
