package httpapi

import (
	"context"
	"net/http"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// Schema tells what a database holds.
func (c *Client) Schema(ctx context.Context, entity, database string) (daemonapi.Schema, error) {
	var out daemonapi.Schema
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "schema"),
		posture: bearer, success: http.StatusOK}, &out)
	return out, err
}

// RunningQueries lists the queries that run on a database or wait to, oldest
// first: the caller's own, and everybody's for those who may manage it.
func (c *Client) RunningQueries(ctx context.Context, entity, database string) ([]daemonapi.RunningQuery, error) {
	var out daemonapi.Running
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "queries"),
		posture: bearer, success: http.StatusOK}, &out)
	return out.Queries, err
}

// CancelQuery stops a query that runs or waits, named by its id.
func (c *Client) CancelQuery(ctx context.Context, entity, database, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: RunningPath(entity, database, id),
		posture: bearer, success: http.StatusOK}, nil)
}

// Usage tells what a database uses and what limits it, to those who may
// manage it.
func (c *Client) Usage(ctx context.Context, entity, database string) (Usage, error) {
	var out Usage
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "usage"),
		posture: bearer, success: http.StatusOK}, &out)
	return out, err
}
