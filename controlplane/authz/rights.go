package authz

import (
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Rights are what a caller may do with one database. The zero Rights are
// none, and a caller with none must not learn that the database exists.
type Rights struct {
	// Discover: the database appears in listings and its details are shown.
	Discover bool
	// Query is the mode the caller's queries run in.
	Query ayb.QueryLevel
	// Manage: grants, public level, snapshots.
	Manage bool
	// Fork: a copy of the database may be made for the caller's own account.
	Fork bool
	// Own: to delete and rename it, and to see its limits.
	Own bool
}

// RightsOn gives the caller's rights on a database. grant is what the caller's
// entity has been granted on it, ShareNone or empty for nothing; it is not
// looked at for an anonymous caller or the owner. The scope of a token lowers
// the rights and never raises them (S2).
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

// publicRights gives the rights of those who are not known: to see that a
// discoverable database is there.
func publicRights(d meta.Database) Rights {
	return Rights{Discover: d.Public == ayb.PublicFork || d.Public == ayb.PublicReadOnly}
}

// accountRights gives the rights of an account. A grant decides alone: no public
// level exceeds the least of them.
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

// cappedRights lowers rights to what a token for this database leaves of them:
// queries up to the cap, and nothing but queries. A cap that is not known is
// the lowest.
func cappedRights(r Rights, level ayb.QueryLevel) Rights {
	r.Manage, r.Fork, r.Own = false, false, false
	if level != ayb.QueryReadWrite && r.Query == ayb.QueryReadWrite {
		r.Query = ayb.QueryReadOnly
	}
	return r
}
