package errs

// Code is the kind of a failure. Codes may be added, but not renamed or removed,
// because processes of different versions exchange them.
type Code string

// The codes. Package httpapi maps each to an HTTP status and to the `type` of the
// error body.
const (
	Internal         Code = "internal"          // a defect or an unexpected state of the server
	Invalid          Code = "invalid"           // bad input not covered by a finer code
	InvalidSlug      Code = "invalid_slug"      // a name that breaks the slug rules
	Registration     Code = "registration"      // a name or address that cannot be registered
	EmptyUpdate      Code = "empty_update"      // an update without fields
	Unauthenticated  Code = "unauthenticated"   // no usable credentials were given
	InvalidToken     Code = "invalid_token"     // credentials were given and are not valid
	Forbidden        Code = "forbidden"         // a known caller may not do this
	Hidden           Code = "hidden"            // the caller may not see this database
	ReadOnly         Code = "read_only"         // a write in read-only mode
	OwnerPermissions Code = "owner_permissions" // the owner's rights cannot be changed
	NotFound         Code = "not_found"         // no such record; attrs id and record_type
	Conflict         Code = "conflict"          // it exists already, or changed meanwhile
	SQL              Code = "sql"               // the engine refused the statement; message has its text
	Timeout          Code = "timeout"           // a time limit was reached
	Canceled         Code = "canceled"          // the caller went away or asked to stop
	RateLimited      Code = "rate_limited"      // too many requests from this caller
	TooLarge         Code = "too_large"         // over a configured size limit
	Full             Code = "full"              // the database has reached its size limit
	DiskFull         Code = "disk_full"         // the machine, or an account's share of it, has no room; attr reason
	Unavailable      Code = "unavailable"       // the part that should answer is down or too busy; try again
	Engine           Code = "engine"            // the query daemon died or gave no usable answer
	Mail             Code = "mail"              // a mail that can never be delivered
	NoSnapshot       Code = "no_snapshot"       // no snapshot has this id
	Snapshot         Code = "snapshot"          // snapshots failed or are not configured
	ObjectStore      Code = "object_store"      // the object store refused or cannot be reached
	Unsupported      Code = "unsupported"       // known, and not offered here
)

// AttrReason is the attribute of a Full or DiskFull that names the limit: one of
// the reasons.
const (
	AttrReason     = "reason"
	ReasonDatabase = "database_full" // limits.database_bytes
	ReasonDisk     = "disk_full"     // the disk of the machine
	ReasonTemp     = "temp_full"     // temporary files of an account, or of the node
)
