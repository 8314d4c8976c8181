package meta

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Grant gives an entity rights on a database of somebody else.
type Grant struct {
	Entity EntityID
	// Slug is the name of Entity. The store gives it and does not take it.
	Slug     ayb.EntitySlug
	Database DatabaseID
	// Level is never ShareNone, which is the absence of a grant.
	Level ayb.SharingLevel
	// CreatedAt is when the entity was first given any level; zero for grants
	// older than its keeping.
	CreatedAt time.Time
}

// Access is a database with what one entity has been granted on it.
type Access struct {
	Database Database
	// Grant is ShareNone when there is none, as for the owner.
	Grant ayb.SharingLevel
}

// PurgeTask is a database whose record is gone and whose files still have to go.
// While it is listed, no database of that path can be created.
type PurgeTask struct {
	ID   int64
	Path ayb.DatabasePath
	Type ayb.DatabaseType
	Node NodeID
	// SoftDeleteKey is where the files are that were put away under the path; empty
	// for files at the path itself.
	SoftDeleteKey string
}

// Change is one field of an update: To is the new value when Set, else the
// field stays as it is.
type Change[T any] struct {
	Set bool
	To  T
}

// ProfileUpdate is what an update changes of a profile. A nil text clears the
// field; Links replaces the whole list.
type ProfileUpdate struct {
	DisplayName  Change[*string]
	Description  Change[*string]
	Organization Change[*string]
	Location     Change[*string]
	Links        Change[[]Link]
}

// DeletedEntity is what went with an account, for whoever remembers any of it
// and for the node that has the files.
type DeletedEntity struct {
	// Databases are those it owned. Each is also listed as PurgeTask.
	Databases []Database
	// Tokens are the short halves of its tokens, and of tokens of others that
	// were limited to one of its databases.
	Tokens []string
}
