package authz

import (
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Rights are what a caller may do with one database. A caller with the zero
// Rights must not learn that the database exists.
type Rights struct {
	// Discover allows to see the database in listings, and its details.
	Discover bool
	// Query is the level of the caller's queries.
	Query ayb.QueryLevel
	// Manage allows to change grants and the public level, and to use snapshots.
	Manage bool
	// Fork allows to copy the database into the caller's account.
	Fork bool
	// Own allows to delete and rename the database, and to see its limits.
	Own bool
}

// RightsOn returns the caller's rights on a database. grant is the level that the
// caller's account was granted on it, ShareNone or empty without a grant. It is
// ignored for an anonymous caller and for the owner. The scope of a token lowers
// the rights and never raises them.
func RightsOn(a Actor, d meta.Database, grant ayb.SharingLevel) Rights {
	switch {
	case a.Anonymous():
		return publicRights(d)
	case a.Scope == nil:
		return accountRights(a, d, grant)
	case a.Scope.Database != d.ID:
		return publicRights(d)
	default:
		return cappedRights(accountRights(a, d, grant), a.Scope.Level)
	}
}

// publicRights returns the rights of an anonymous caller, who may discover a
// public database. A token for another database has the same rights.
func publicRights(d meta.Database) Rights {
	return Rights{Discover: d.Public == ayb.PublicFork || d.Public == ayb.PublicReadOnly}
}

// accountRights returns the rights of an account. With a grant the public level is
// ignored, because no public level gives more than the least grant.
func accountRights(a Actor, d meta.Database, grant ayb.SharingLevel) Rights {
	if a.Entity == d.Owner {
		return Rights{Discover: true, Query: ayb.QueryReadWrite, Manage: true, Fork: true, Own: true}
	}
	switch grant {
	case ayb.ShareManager:
		return Rights{Discover: true, Query: ayb.QueryReadWrite, Manage: true, Fork: true}
	case ayb.ShareReadWrite:
		return Rights{Discover: true, Query: ayb.QueryReadWrite, Fork: true}
	case ayb.ShareReadOnly:
		return Rights{Discover: true, Query: ayb.QueryReadOnly, Fork: true}
	}
	r := publicRights(d)
	r.Fork = r.Discover
	if d.Public == ayb.PublicReadOnly {
		r.Query = ayb.QueryReadOnly
	}
	return r
}

// cappedRights lowers rights to those of a token for this database: to discover
// it, and to query it up to a level. An unknown level is the lowest.
func cappedRights(r Rights, level ayb.QueryLevel) Rights {
	r.Manage, r.Fork, r.Own = false, false, false
	if level != ayb.QueryReadWrite && r.Query == ayb.QueryReadWrite {
		r.Query = ayb.QueryReadOnly
	}
	return r
}
