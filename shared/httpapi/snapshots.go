package httpapi

import (
	"context"
	"net/http"

	"github.com/ayb-go/ayb/shared/errs"
)

// Snapshots lists the stored snapshots of a database, the newest first.
func (c *Client) Snapshots(ctx context.Context, entity, database string) ([]Snapshot, error) {
	var out Snapshots
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "list_snapshots"),
		auth: bearer, long: true, success: http.StatusOK}, &out)
	return out.Snapshots, err
}

// TakeSnapshot stores the current state of a database. The message may be empty.
func (c *Client) TakeSnapshot(ctx context.Context, entity, database, message string) (SnapshotTaken, error) {
	var out SnapshotTaken
	err := c.postJSON(ctx, DatabasePath(entity, database, "snapshots"), http.StatusCreated, TakeSnapshotRequest{Message: message}, &out)
	return out, err
}

// RestoreSnapshot restores a database to a snapshot, or creates a new one from it. The
// error is NoSnapshot for an unknown id. Without To, the body is the bare id, which
// older servers understand.
func (c *Client) RestoreSnapshot(ctx context.Context, entity, database string, r RestoreRequest) error {
	if r.To == "" {
		return c.do(ctx, call{method: http.MethodPost, path: DatabasePath(entity, database, "restore_snapshot"),
			auth: bearer, body: []byte(r.SnapshotID), long: true, success: http.StatusOK}, nil)
	}
	return c.postJSON(ctx, DatabasePath(entity, database, "restore_snapshot"), http.StatusOK, r, nil)
}

// postJSON makes a long call with a JSON body.
func (c *Client) postJSON(ctx context.Context, path string, success int, in, out any) error {
	body, err := Marshal(in)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "The request could not be encoded")
	}
	return c.do(ctx, call{method: http.MethodPost, path: path, auth: bearer, body: body, json: true, long: true, success: success}, out)
}
