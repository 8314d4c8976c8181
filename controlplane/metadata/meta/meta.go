// Package meta holds the records of the metadata store as Go types, shared by
// the store and the services that use it. It has no behaviour and does no I/O.
// Package authz decides what the records allow.
package meta

// EntityID is the key of an account. Zero is no account.
type EntityID int64

// DatabaseID is the key of a database. Zero is no database.
type DatabaseID int64

// NodeID names the query node that holds a database. It is empty for a
// database that an early server recorded, which had no nodes.
type NodeID string
