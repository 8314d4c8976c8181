package nodeapi

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
)

const (
	// filesTimeout is how long a change of files may take: daemons are ended
	// before, and what is replaced is removed.
	filesTimeout = time.Minute
	// bulkTimeout is how long a call that moves a whole database may take.
	bulkTimeout = 2 * time.Hour
)

// StageVersion implements Files.
func (c *Client) StageVersion(ctx context.Context, node NodeID, req StageRequest) (StageResponse, error) {
	return within[StageRequest, StageResponse](ctx, c, filesTimeout, databaseSubject(node, "stage"), req)
}

// UnstageVersion implements Files.
func (c *Client) UnstageVersion(ctx context.Context, node NodeID, req VersionRequest) (Done, error) {
	return within[VersionRequest, Done](ctx, c, filesTimeout, databaseSubject(node, "unstage"), req)
}

// PublishVersion implements Files.
func (c *Client) PublishVersion(ctx context.Context, node NodeID, req VersionRequest) (Done, error) {
	return within[VersionRequest, Done](ctx, c, filesTimeout, databaseSubject(node, "publish"), req)
}

// RenameDatabase implements Files.
func (c *Client) RenameDatabase(ctx context.Context, node NodeID, req RenameRequest) (Done, error) {
	return within[RenameRequest, Done](ctx, c, filesTimeout, databaseSubject(node, "rename"), req)
}

// SoftDeleteDatabase implements Files.
func (c *Client) SoftDeleteDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error) {
	return within[SoftDeleteRequest, Done](ctx, c, filesTimeout, databaseSubject(node, "softdelete"), req)
}

// UndeleteDatabase implements Files.
func (c *Client) UndeleteDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error) {
	return within[SoftDeleteRequest, Done](ctx, c, filesTimeout, databaseSubject(node, "undelete"), req)
}

// PurgeDatabase implements Files.
func (c *Client) PurgeDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error) {
	return within[SoftDeleteRequest, Done](ctx, c, filesTimeout, databaseSubject(node, "purge"), req)
}

// DatabaseMarks implements Snapshots.
func (c *Client) DatabaseMarks(ctx context.Context, node NodeID, req MarksRequest) (MarksResponse, error) {
	return within[MarksRequest, MarksResponse](ctx, c, filesTimeout, databaseSubject(node, "marks"), req)
}

// PrepareSnapshot implements Snapshots.
func (c *Client) PrepareSnapshot(ctx context.Context, node NodeID, req PrepareRequest) (PrepareResponse, error) {
	return within[PrepareRequest, PrepareResponse](ctx, c, bulkTimeout, databaseSubject(node, "prepare"), req)
}

// UploadSnapshot implements Snapshots.
func (c *Client) UploadSnapshot(ctx context.Context, node NodeID, req UploadRequest) (UploadResponse, error) {
	return within[UploadRequest, UploadResponse](ctx, c, bulkTimeout, databaseSubject(node, "upload"), req)
}

// ReleaseSnapshot implements Snapshots.
func (c *Client) ReleaseSnapshot(ctx context.Context, node NodeID, req ReleaseRequest) (Done, error) {
	return within[ReleaseRequest, Done](ctx, c, filesTimeout, databaseSubject(node, "release"), req)
}

// FetchSnapshot implements Snapshots.
func (c *Client) FetchSnapshot(ctx context.Context, node NodeID, req FetchRequest) (FetchResponse, error) {
	return within[FetchRequest, FetchResponse](ctx, c, bulkTimeout, databaseSubject(node, "fetch"), req)
}

// within makes a call that may take so long, or as long as ctx lets it.
func within[Req, Resp any](ctx context.Context, c *Client, longest time.Duration, subject string, req Req) (Resp, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	return bus.Call[Req, Resp](ctx, c.calls, subject, req)
}
