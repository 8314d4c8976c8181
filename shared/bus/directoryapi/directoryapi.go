// Package directoryapi is what other roles may ask the control plane: which
// databases there are and where. Nothing about who may do what is told.
package directoryapi

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

const databasesSubject = "ayb.v1.directory.databases"

// ListRequest asks for a part of the databases, in the order of their
// numbers.
type ListRequest struct {
	After int64 `json:"after"` // number of the last one known; 0 is the beginning
	Limit int   `json:"limit"`
}

// ListResponse is that part.
type ListResponse struct {
	Databases []Database `json:"databases"`
	More      bool       `json:"more"`
}

// Database is a database that exists and is not deleted.
type Database struct {
	Number    int64            `json:"number"`
	Path      ayb.DatabasePath `json:"path"`
	Type      ayb.DatabaseType `json:"type"`
	Node      nodeapi.NodeID   `json:"node"` // empty for one without a node yet
	CreatedAt time.Time        `json:"created_at"`
}

// Directory tells which databases there are.
type Directory interface {
	ListDatabases(ctx context.Context, req ListRequest) (ListResponse, error)
}

// Client asks over the bus. It is safe for concurrent use.
type Client struct{ calls bus.Requester }

var _ Directory = (*Client)(nil)

// NewClient makes a client on a bus connection.
func NewClient(calls bus.Requester) *Client { return &Client{calls} }

// ListDatabases implements Directory.
func (c *Client) ListDatabases(ctx context.Context, req ListRequest) (ListResponse, error) {
	return bus.Call[ListRequest, ListResponse](ctx, c.calls, databasesSubject, req)
}

// Serve answers until stop is called. Several control planes may serve.
func Serve(r bus.Responder, d Directory) (stop func(), err error) {
	return r.Serve(bus.Service{
		Name: "ayb-directory", Version: "1.0.0", Description: "lists the databases and their nodes",
		Endpoints: []bus.Endpoint{{Name: "databases", Subject: databasesSubject, Handle: bus.Handle(d.ListDatabases)}},
	})
}
