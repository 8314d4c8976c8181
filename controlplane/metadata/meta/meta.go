// Package meta holds the records of the metadata store as Go types, so that
// the store and the services that use it share them. It has no behaviour and
// does no I/O; what the records mean for access is decided in
// controlplane/authz.
package meta

import (
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/shared/ayb"
)

// EntityID is the key of an entity. Zero is no entity.
type EntityID int64

// DatabaseID is the key of a database. Zero is no database.
type DatabaseID int64

// NodeID names the query node that holds a database. It is empty for a
// database recorded by a server that did not know nodes yet.
type NodeID string

// Entity is an account.
type Entity struct {
	ID      EntityID
	Slug    ayb.EntitySlug
	Type    ayb.EntityType
	Profile Profile
}

// Profile is what an entity tells about itself. Nil texts are unset.
type Profile struct {
	DisplayName  *string
	Description  *string
	Organization *string
	Location     *string
	Links        []Link
}

// Link is one link of a profile.
type Link struct {
	URL string
	// Verified says that the page links back to the profile.
	Verified bool
}

// Database is a hosted database as the control plane knows it.
type Database struct {
	ID     DatabaseID
	Owner  EntityID
	Path   ayb.DatabasePath
	Type   ayb.DatabaseType
	Public ayb.PublicLevel
	Node   NodeID
	// CreatedAt is zero for databases recorded before it was kept.
	CreatedAt time.Time
	// Pending says that its files change their place at this moment. It is told
	// by look-ups and not in lists.
	Pending bool
	// Limits are what the operator has set for it and its account; nil when
	// that is nothing, and in lists. They are shared and not to be changed.
	Limits *limits.Overrides
}

// Scope confines a token to one database and caps its level.
type Scope struct {
	Database DatabaseID
	Path     ayb.DatabasePath
	Level    ayb.QueryLevel
}

// APIToken is a bearer token as stored: never its secret.
type APIToken struct {
	// Short is the public half and the key.
	Short string
	// Hash is the SHA-256 of the secret half.
	Hash   [32]byte
	Entity EntityID
	// Slug is the name of Entity.
	Slug ayb.EntitySlug
	// Scope is nil for a token that stands for the whole account.
	Scope *Scope
	// AppName is the application an OAuth token was given to; empty otherwise.
	AppName string
	// Name is what its owner calls it; empty when it has no name.
	Name string
	// CreatedAt is zero for very old tokens.
	CreatedAt time.Time
	// ExpiresAt is zero for a token that does not expire.
	ExpiresAt time.Time
	// RevokedAt is zero for a token that has not been revoked.
	RevokedAt time.Time
	// LastUsedAt is zero for a token that has not been used yet. It is written
	// now and then and may be minutes late.
	LastUsedAt time.Time
	// Idle is how long the token may go unused; with every recorded use its
	// ExpiresAt moves on. Zero means that use does not prolong it. It is kept
	// in whole seconds.
	Idle time.Duration
}

// Confirmation is everything one confirmed mail changes, so that the store
// can do it in one transaction.
type Confirmation struct {
	Slug    ayb.EntitySlug
	Type    ayb.EntityType
	Address string
	// MailDigest identifies the log-in token; it can be spent once.
	MailDigest string
	// MailExpires is when the log-in token ends by itself, after which the
	// digest need not be remembered.
	MailExpires time.Time
	// MailIssued is when the log-in token was made. One from before the last
	// deletion of the account is not good any more.
	MailIssued time.Time
	// Short and Hash are the API token to be created; ExpiresAt and Idle are
	// those of APIToken.
	Short     string
	Hash      [32]byte
	ExpiresAt time.Time
	Idle      time.Duration
	// Now is the time of the confirmation.
	Now time.Time
}
