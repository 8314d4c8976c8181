package httpapi

import (
	"context"
	"net/http"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// Schema describes the tables and views of a database.
func (c *Client) Schema(ctx context.Context, entity, database string) (daemonapi.Schema, error) {
	var out daemonapi.Schema
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "schema"),
		auth: bearer, success: http.StatusOK}, &out)
	return out, err
}

// RunningQueries lists the running and waiting queries of a database, oldest first:
// all of them for a caller who may manage the database, otherwise the caller's own.
func (c *Client) RunningQueries(ctx context.Context, entity, database string) ([]daemonapi.RunningQuery, error) {
	var out daemonapi.Running
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "queries"),
		auth: bearer, success: http.StatusOK}, &out)
	return out.Queries, err
}

// CancelQuery cancels a running or waiting query, given by its id.
func (c *Client) CancelQuery(ctx context.Context, entity, database, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: RunningPath(entity, database, id),
		auth: bearer, success: http.StatusOK}, nil)
}

// Usage returns the usage and the limits of a database, for a caller who may manage it.
func (c *Client) Usage(ctx context.Context, entity, database string) (Usage, error) {
	var out Usage
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "usage"),
		auth: bearer, success: http.StatusOK}, &out)
	return out, err
}
