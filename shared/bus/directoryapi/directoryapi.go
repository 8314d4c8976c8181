// Package directoryapi is the list of databases and their nodes, which the control
// plane serves for other roles. It contains no permissions.
package directoryapi

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

const databasesSubject = "ayb.v1.directory.databases"

// ListRequest requests a page of the databases in the order of their numbers.
type ListRequest struct {
	After int64 `json:"after"` // number of the last database of the previous page; 0 for the first page
	Limit int   `json:"limit"`
}

// ListResponse is a page. More reports whether another page follows.
type ListResponse struct {
	Databases []Database `json:"databases"`
	More      bool       `json:"more"`
}

// Database is a database that is not deleted.
type Database struct {
	Number    int64            `json:"number"`
	Path      ayb.DatabasePath `json:"path"`
	Type      ayb.DatabaseType `json:"type"`
	Node      nodeapi.NodeID   `json:"node"` // empty before it has a node
	CreatedAt time.Time        `json:"created_at"`
}

// Directory lists databases.
type Directory interface {
	ListDatabases(ctx context.Context, req ListRequest) (ListResponse, error)
}

// Client calls the directory over the bus. It is safe for concurrent use.
type Client struct{ calls bus.Requester }

var _ Directory = (*Client)(nil)

// NewClient returns a client on a bus connection.
func NewClient(calls bus.Requester) *Client { return &Client{calls} }

// ListDatabases implements Directory.
func (c *Client) ListDatabases(ctx context.Context, req ListRequest) (ListResponse, error) {
	return bus.Call[ListRequest, ListResponse](ctx, c.calls, databasesSubject, req)
}

// Serve answers calls until stop is called. Several control planes may serve.
func Serve(r bus.Responder, d Directory) (stop func(), err error) {
	return r.Serve(bus.Service{
		Name: "ayb-directory", Version: "1.0.0", Description: "lists the databases and their nodes",
		Endpoints: []bus.Endpoint{{Name: "databases", Subject: databasesSubject, Handle: bus.Handle(d.ListDatabases)}},
	})
}
