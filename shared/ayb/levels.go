package ayb

import (
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// EntityType is the kind of an account.
type EntityType string

// The entity types.
const (
	User         EntityType = "user"
	Organization EntityType = "organization"
)

// DatabaseType is the engine of a database.
type DatabaseType string

// The database types. No node runs DuckDB yet (querynode/engine/kind lists those that
// it runs).
const (
	SQLite DatabaseType = "sqlite"
	DuckDB DatabaseType = "duckdb"
)

// PublicLevel is the access of all callers to a database.
type PublicLevel string

// The public sharing levels. PublicFork makes a database discoverable and
// forkable, not readable.
const (
	PublicNone     PublicLevel = "no-access"
	PublicFork     PublicLevel = "fork"
	PublicReadOnly PublicLevel = "read-only"
)

// SharingLevel is the access that one entity has been granted to a database.
type SharingLevel string

// The sharing levels. ShareNone removes a grant and is never stored.
const (
	ShareNone      SharingLevel = "no-access"
	ShareReadOnly  SharingLevel = "read-only"
	ShareReadWrite SharingLevel = "read-write"
	ShareManager   SharingLevel = "manager"
)

// QueryLevel is the mode of a query. The empty value means that the caller may
// not query.
type QueryLevel string

// The query levels.
const (
	QueryNone      QueryLevel = ""
	QueryReadOnly  QueryLevel = "read-only"
	QueryReadWrite QueryLevel = "read-write"
)

// Covers reports whether this level includes another one. The empty level
// includes no level and is included in none.
func (l QueryLevel) Covers(other QueryLevel) bool {
	switch other {
	case QueryReadOnly:
		return l == QueryReadOnly || l == QueryReadWrite
	case QueryReadWrite:
		return l == QueryReadWrite
	default:
		return false
	}
}

// ParseEntityType reads the HTTP spelling.
func ParseEntityType(s string) (EntityType, error) { return parse(s, User, Organization) }

// ParseDatabaseType reads the HTTP spelling.
func ParseDatabaseType(s string) (DatabaseType, error) { return parse(s, SQLite, DuckDB) }

// ParsePublicLevel reads the HTTP spelling.
func ParsePublicLevel(s string) (PublicLevel, error) {
	return parse(s, PublicNone, PublicFork, PublicReadOnly)
}

// ParseSharingLevel reads the HTTP spelling.
func ParseSharingLevel(s string) (SharingLevel, error) {
	return parse(s, ShareNone, ShareReadOnly, ShareReadWrite, ShareManager)
}

// ParseQueryLevel reads the HTTP spelling of a permission to query.
func ParseQueryLevel(s string) (QueryLevel, error) {
	return parse(s, QueryReadOnly, QueryReadWrite)
}

func parse[T ~string](s string, known ...T) (T, error) {
	for _, k := range known {
		if s == string(k) {
			return k, nil
		}
	}
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	return "", errs.E(errs.Invalid, "Unknown value: %s; it can be %s", s, strings.Join(names, ", "))
}
