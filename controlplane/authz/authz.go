// Package authz holds the rules of permissions, as pure functions of the caller
// and of records that are loaded. It does no I/O and keeps no state. The services
// call it and write the errors for their clients.
//
// A new operation is added in operations.go, a new right in rights.go.
package authz

import (
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Actor is the caller of a request. The zero Actor is anonymous.
type Actor struct {
	Entity meta.EntityID
	Slug   ayb.EntitySlug
	// Token is the short half of the token that came with the request.
	Token string
	// Scope limits the request to one database. It is nil for a token that is
	// valid for everything its account may do.
	Scope *meta.Scope
}

// Anonymous reports whether the request came without a token.
func (a Actor) Anonymous() bool { return a.Entity == 0 }

// ActsAs reports whether the caller has all rights of this account. A scoped
// token never has.
func (a Actor) ActsAs(slug ayb.EntitySlug) bool {
	return !a.Anonymous() && a.Scope == nil && a.Slug == slug
}
