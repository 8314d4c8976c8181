// Package nodeapi is the contract between the control plane and a query node:
// what may be asked, the subjects it is asked on, and the wire forms.
//
// A query node trusts these messages: whoever may publish on its subjects has
// already decided who may do what. The node decides no permission.
package nodeapi

import (
	"context"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// NodeID names a query node for as long as its data directory lives.
type NodeID string

// QueryRequest is one body of SQL for one database.
type QueryRequest = daemonapi.Request

// Format is the form in which a daemon encodes the rows of an answer.
type Format = daemonapi.Format

// FormatCompat is the form every client of the HTTP contract knows.
const FormatCompat = daemonapi.FormatCompat

// Answer is the encoded answer to a query, in chunks. It is for one goroutine.
type Answer interface {
	// Next waits for the next chunk. last is true exactly once, together
	// with the final chunk, which may be empty. The chunk is valid until the
	// next call. After an error or the last chunk Next must not be called.
	//
	// Errors carry the code the daemon, the node or the bus set: SQL,
	// ReadOnly, Timeout, Full, TooLarge, Unavailable, Engine, Canceled.
	Next(ctx context.Context) (chunk []byte, last bool, err error)
	// Close gives the answer up: a statement that still runs is stopped.
	// Calling it after the end does nothing; it may be called more than once.
	Close()
}

// Queries runs SQL on the node that holds a database.
type Queries interface {
	// Query starts a query on a node. It does not wait for the answer; an
	// error means that the request could not be sent (Unavailable).
	Query(ctx context.Context, node NodeID, req QueryRequest) (Answer, error)
}

// CreateRequest asks for room for a new database.
type CreateRequest struct {
	Path ayb.DatabasePath `json:"path"`
	Type ayb.DatabaseType `json:"type"`
	// Version is a staged version that is to be its first state; empty for a
	// database that was never written. With one, Conflict says that the path
	// has a live version already, unless it is that one.
	Version string `json:"version,omitempty"`
}

// CreateResponse is empty so far.
type CreateResponse struct{}

// DiscardRequest asks to take back a database that was just created and could
// not be recorded. It removes a database only while it was never written.
type DiscardRequest struct {
	Path ayb.DatabasePath `json:"path"`
}

// DeleteResponse is empty so far.
type DeleteResponse struct{}

// DeleteDatabaseRequest asks to remove a database with everything in it.
type DeleteDatabaseRequest struct {
	Path ayb.DatabasePath `json:"path"`
}

// DeleteDatabaseResponse is empty so far.
type DeleteDatabaseResponse struct{}

// UsageRequest asks what a database uses on its node.
type UsageRequest struct {
	Path ayb.DatabasePath `json:"path"`
}

// UsageResponse tells it.
type UsageResponse struct {
	// DatabaseBytes and WALBytes are the sizes of the file and of its log.
	DatabaseBytes int64 `json:"database_bytes"`
	WALBytes      int64 `json:"wal_bytes"`
	// Requests is how many run or wait.
	Requests int `json:"requests"`
}

// Databases manages the files of databases on a node.
type Databases interface {
	// CreateDatabase makes the directories of a database; on return they are
	// durable. A database that already has directories is no error: the
	// control plane's metadata decides what exists.
	// Errors: Unavailable when the node does not answer, Unsupported for an
	// engine the node does not have.
	CreateDatabase(ctx context.Context, node NodeID, req CreateRequest) (CreateResponse, error)
	// DiscardDatabase takes back a database that was never written. One that
	// has been written stays and gives Conflict.
	DiscardDatabase(ctx context.Context, node NodeID, req DiscardRequest) (DeleteResponse, error)
	// DeleteDatabase stops what runs on a database and removes its files for
	// good; on return they are gone durably. One that is not there is no
	// error, so a call may be repeated.
	DeleteDatabase(ctx context.Context, node NodeID, req DeleteDatabaseRequest) (DeleteDatabaseResponse, error)
	// DatabaseUsage tells what a database uses; it starts nothing. Engine when
	// the node does not have the database.
	DatabaseUsage(ctx context.Context, node NodeID, req UsageRequest) (UsageResponse, error)
}

// Nodes lists the query nodes that are alive.
type Nodes interface {
	// LiveNodes gives the nodes whose heartbeat is recent, in the order of
	// their ids. It answers from memory.
	LiveNodes() []NodeStatus
}

// NodeStatus is a heartbeat of a query node.
type NodeStatus struct {
	ID NodeID `json:"id"`
	// Databases is how many databases the node holds.
	Databases int `json:"databases"`
	// FreeBytes is the room left on the node's file system.
	FreeBytes uint64 `json:"free_bytes"`
	// Engines are the database types the node can run.
	Engines []ayb.DatabaseType `json:"engines"`
	// DiskFull says that nothing is free on the file system but the reserve, so that nothing
	// is made or grows. TempBytes is what temporary files take.
	DiskFull  bool  `json:"disk_full,omitempty"`
	TempBytes int64 `json:"temp_bytes,omitempty"`
}
