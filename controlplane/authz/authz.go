// Package authz holds the rules of who may do what, as pure functions of the
// caller and of records already loaded. It does no I/O and keeps no state; the
// services ask it and turn its answers into errors in their own words.
package authz

import (
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Actor is who makes a request. The zero Actor is anonymous.
type Actor struct {
	Entity meta.EntityID
	Slug   ayb.EntitySlug
	// Token is the short half of the token the request came with.
	Token string
	// Scope confines the request to one database; nil for a plain token.
	Scope *meta.Scope
}

// Anonymous tells whether the caller gave no credentials.
func (a Actor) Anonymous() bool { return a.Entity == 0 }

// ActsAs tells whether the caller acts as this entity with all its rights: a
// scoped token never does (S2).
func (a Actor) ActsAs(slug ayb.EntitySlug) bool {
	return !a.Anonymous() && a.Scope == nil && a.Slug == slug
}

// Operation is what a route lets a caller do.
type Operation string

// The operations that ask for a caller. The empty operation is allowed to
// nobody.
const (
	CreateDatabase  Operation = "create database"
	ShowDatabase    Operation = "show database"
	QueryDatabase   Operation = "query database"
	ShowSchema      Operation = "show schema"
	ListQueries     Operation = "list queries"
	CancelQuery     Operation = "cancel query"
	UpdateDatabase  Operation = "update database"
	ShareDatabase   Operation = "share database"
	ListPermissions Operation = "list permissions"
	ShowEntity      Operation = "show entity"
	ListTokens      Operation = "list tokens"
	RevokeToken     Operation = "revoke token"
)

// CheckScope tells whether this kind of credentials may be used for an operation
// at all, before any record is looked at. A scoped token is refused unless
// the operation is named here (S2); what it may do then is decided by RightsOn or by
// MayRevoke. The error is Hidden.
func CheckScope(a Actor, op Operation) error {
	if a.Scope == nil && op != "" {
		return nil
	}
	switch op {
	case QueryDatabase, ShowSchema, ExportData, ListQueries, CancelQuery, ShowDatabase, ShowEntity, RevokeToken:
		return nil
	default:
		return errs.E(errs.Hidden, "A token that is limited to one database can't be used for this")
	}
}

// MayRevoke tells whether the caller may revoke the token with this short
// half, given that it is one of the entity's own: a scoped token only itself.
func MayRevoke(a Actor, short string) error {
	if a.Scope == nil || a.Token == short {
		return nil
	}
	return errs.E(errs.Hidden, "A token that is limited to one database can only revoke itself")
}
