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

const databasesSubject = "ayb.v1.control.databases"

// DatabasesRequest asks for a part of the databases, in the order of their
// numbers.
type DatabasesRequest struct {
	After int64 `json:"after"` // number of the last one known; 0 is the beginning
	Limit int   `json:"limit"`
}

// DatabasesResponse is that part.
type DatabasesResponse struct {
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
	Databases(ctx context.Context, req DatabasesRequest) (DatabasesResponse, error)
}

// Client asks over the bus. It is safe for concurrent use.
type Client struct{ calls bus.Requester }

var _ Directory = (*Client)(nil)

// NewClient makes a client on a bus connection.
func NewClient(calls bus.Requester) *Client { return &Client{calls} }

// Databases implements Directory.
func (c *Client) Databases(ctx context.Context, req DatabasesRequest) (DatabasesResponse, error) {
	return bus.Call[DatabasesRequest, DatabasesResponse](ctx, c.calls, databasesSubject, req)
}

// Serve answers until stop is called. Several control planes may serve.
func Serve(r bus.Responder, d Directory) (stop func(), err error) {
	return r.Serve(bus.Service{
		Name: "ayb-controlplane", Version: "1.0.0", Description: "tells which databases there are",
		Endpoints: []bus.Endpoint{{Name: "databases", Subject: databasesSubject, Handle: bus.Handle(d.Databases)}},
	})
}
