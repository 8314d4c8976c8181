package nodeapi

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
)

// StagingLease is how long a node keeps a staged version after the last
// StageVersion for it.
const StagingLease = 2 * time.Minute

// Versions prepares the next state of a database, while the live one serves. A
// staged version is a directory beside the live one. Data reaches it by an
// import of a complete database file or by FetchSnapshot. The caller renews its
// lease with StageVersion; the node removes it when the lease ends, and when the
// node starts. A call happens completely or not at all, is durable on return,
// and may be repeated. Requests that run on the versions concerned end first.
type Versions interface {
	// StageVersion makes an empty version, or renews the lease of one for
	// StagingLease. For a renewal: NotFound when the version is missing,
	// Conflict when it is live.
	StageVersion(ctx context.Context, node NodeID, req StageRequest) (StageResponse, error)
	// UnstageVersion removes a staged version. A missing one is no error.
	UnstageVersion(ctx context.Context, node NodeID, req VersionRequest) (Done, error)
	// PublishVersion makes a staged version the live one and removes the
	// previous one. NotFound when it is missing. No error when it is live.
	PublishVersion(ctx context.Context, node NodeID, req VersionRequest) (Done, error)
}

// VersionHandler is the node's side of Versions.
type VersionHandler interface {
	StageVersion(ctx context.Context, req StageRequest) (StageResponse, error)
	UnstageVersion(ctx context.Context, req VersionRequest) (Done, error)
	PublishVersion(ctx context.Context, req VersionRequest) (Done, error)
}

// StageRequest asks for a new version, or for a longer lease of one. The
// database need not exist.
type StageRequest struct {
	Path ayb.DatabasePath `json:"path"`
	// Version is the version whose lease is renewed; empty for a new one.
	Version string `json:"version,omitempty"`
}

// StageResponse names the version.
type StageResponse struct {
	Version string `json:"version"`
}

// VersionRequest names a version of a database.
type VersionRequest struct {
	Path    ayb.DatabasePath `json:"path"`
	Version string           `json:"version"`
}

const versionNoun = "version"

func versionEndpoints(node NodeID, h VersionHandler) []bus.Endpoint {
	return []bus.Endpoint{
		endpoint(node, versionNoun, "stage", bus.Handle(h.StageVersion)),
		endpoint(node, versionNoun, "unstage", bus.Handle(h.UnstageVersion)),
		endpoint(node, versionNoun, "publish", bus.Handle(h.PublishVersion)),
	}
}

var _ Versions = (*Client)(nil)

// StageVersion implements Versions.
func (c *Client) StageVersion(ctx context.Context, node NodeID, req StageRequest) (StageResponse, error) {
	return call[StageRequest, StageResponse](ctx, c, filesTimeout, subject(node, versionNoun, "stage"), req)
}

// UnstageVersion implements Versions.
func (c *Client) UnstageVersion(ctx context.Context, node NodeID, req VersionRequest) (Done, error) {
	return call[VersionRequest, Done](ctx, c, filesTimeout, subject(node, versionNoun, "unstage"), req)
}

// PublishVersion implements Versions.
func (c *Client) PublishVersion(ctx context.Context, node NodeID, req VersionRequest) (Done, error) {
	return call[VersionRequest, Done](ctx, c, filesTimeout, subject(node, versionNoun, "publish"), req)
}
