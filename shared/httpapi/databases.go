package httpapi

import (
	"context"
	"net/http"
	"strings"
)

// ForkDatabase copies a database to a new one of the caller; to is ENTITY/DATABASE.
func (c *Client) ForkDatabase(ctx context.Context, entity, database, to string) (Forked, error) {
	var out Forked
	err := c.postJSON(ctx, DatabasePath(entity, database, "fork"), http.StatusCreated, ToRequest{To: to}, &out)
	return out, err
}

// RenameDatabase renames a database within its account; to is ENTITY/DATABASE. The old
// name leads to the database until it is used again.
func (c *Client) RenameDatabase(ctx context.Context, entity, database, to string) error {
	return c.postJSON(ctx, DatabasePath(entity, database, "rename"), http.StatusOK, ToRequest{To: to}, nil)
}

// DeleteDatabase deletes a database. UndeleteDatabase can restore it for some time.
func (c *Client) DeleteDatabase(ctx context.Context, entity, database string) error {
	path := strings.TrimSuffix(DatabasePath(entity, database, ""), "/") // names are escaped, so the slash is the last of the path
	return c.do(ctx, call{method: http.MethodDelete, path: path, auth: bearer, long: true, success: http.StatusOK}, nil)
}

// UndeleteDatabase restores a deleted database.
func (c *Client) UndeleteDatabase(ctx context.Context, entity, database string) error {
	return c.do(ctx, call{method: http.MethodPost, path: DatabasePath(entity, database, "undelete"),
		auth: bearer, long: true, success: http.StatusOK}, nil)
}
