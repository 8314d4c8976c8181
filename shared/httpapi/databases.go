package httpapi

import (
	"context"
	"net/http"
	"strings"
)

// ForkDatabase makes a database of the caller's that is a copy of another; to
// is ENTITY/DATABASE.
func (c *Client) ForkDatabase(ctx context.Context, entity, database, to string) (Forked, error) {
	var out Forked
	err := c.postJSON(ctx, DatabasePath(entity, database, "fork"), http.StatusCreated, ToRequest{To: to}, &out)
	return out, err
}

// RenameDatabase gives a database another name of the same account; to is
// ENTITY/DATABASE. The old name leads to it until it is used again.
func (c *Client) RenameDatabase(ctx context.Context, entity, database, to string) error {
	return c.postJSON(ctx, DatabasePath(entity, database, "rename"), http.StatusOK, ToRequest{To: to}, nil)
}

// DeleteDatabase deletes a database; for some time UndeleteDatabase brings it
// back.
func (c *Client) DeleteDatabase(ctx context.Context, entity, database string) error {
	path := strings.TrimSuffix(DatabasePath(entity, database, ""), "/") // names are escaped: it is ours
	return c.do(ctx, call{method: http.MethodDelete, path: path, posture: bearer, long: true, success: http.StatusOK}, nil)
}

// UndeleteDatabase brings a deleted database back.
func (c *Client) UndeleteDatabase(ctx context.Context, entity, database string) error {
	return c.do(ctx, call{method: http.MethodPost, path: DatabasePath(entity, database, "undelete"),
		posture: bearer, long: true, success: http.StatusOK}, nil)
}
