package nodeapi

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// KeepStaged is how long a staged version is kept without being asked for.
const KeepStaged = 2 * time.Minute

// VersionRequest is about one version of a database: a directory that is not
// live, in which a new state of the database is put together. Whoever does so
// asks again and again to keep it; else it is removed, as it is when the node
// starts.
type VersionRequest struct {
	Path    ayb.DatabasePath `json:"path"`
	Version string           `json:"version"`
}

// StageRequest asks for a new, empty version, or to keep one. The database need
// not exist.
type StageRequest struct {
	Path ayb.DatabasePath `json:"path"`
	// Version is the one to keep; empty for a new one.
	Version string `json:"version,omitempty"`
}

// StageResponse names it.
type StageResponse struct {
	Version string `json:"version"`
}

// RenameRequest is about the files of a database that change their place.
type RenameRequest struct {
	From ayb.DatabasePath `json:"from"`
	To   ayb.DatabasePath `json:"to"`
}

// SoftDeleteRequest is about the files of a deleted database, which wait under a
// key outside of the others.
type SoftDeleteRequest struct {
	// Path is the database that is deleted or undeleted.
	Path ayb.DatabasePath `json:"path"`
	// Key is chosen by the control plane: lower-case letters, digits, hyphens.
	Key string `json:"key"`
}

// Done is an answer without content.
type Done struct{}

// Files changes what files a database has, each call at once or not at all,
// durably, and so that it may be repeated. What runs on the database is ended
// first and told.
type Files interface {
	// StageVersion makes a version, or keeps one for KeepStaged from now on:
	// NotFound when it is not there, Conflict when it is live. Data gets into it
	// by a query.Request of KindImport with form "sqlite" or by FetchSnapshot.
	StageVersion(ctx context.Context, node NodeID, req StageRequest) (StageResponse, error)
	// UnstageVersion removes one; one that is not there is no error.
	UnstageVersion(ctx context.Context, node NodeID, req VersionRequest) (Done, error)
	// PublishVersion makes it the live one and removes the one before.
	// NotFound when it is not there. One that is live already is no error.
	PublishVersion(ctx context.Context, node NodeID, req VersionRequest) (Done, error)
	// RenameDatabase gives the database another path. Conflict when there are
	// files already, NotFound when there are none under either path.
	RenameDatabase(ctx context.Context, node NodeID, req RenameRequest) (Done, error)
	// SoftDeleteDatabase puts the files away, UndeleteDatabase back. Conflict when
	// the path has files again.
	SoftDeleteDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error)
	UndeleteDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error)
	// PurgeDatabase removes what is under the key for good.
	PurgeDatabase(ctx context.Context, node NodeID, req SoftDeleteRequest) (Done, error)
}

// MarksRequest asks for the marks of a node's databases in the order of their
// paths.
type MarksRequest struct {
	After string `json:"after"` // path as text; empty is the beginning
	Limit int    `json:"limit"`
}

// MarksResponse is a part of them.
type MarksResponse struct {
	Marks []Mark `json:"marks"`
	More  bool   `json:"more"`
}

// Mark tells whether a database has changed: it is another one after every
// commit. It may also change without one. Empty when nothing was ever written.
type Mark struct {
	Path ayb.DatabasePath `json:"path"`
	Mark string           `json:"mark"`
}

// PrepareRequest asks for a copy of a database, ready to be stored.
type PrepareRequest struct {
	Path ayb.DatabasePath `json:"path"`
}

// PrepareResponse describes it. The files stay until they are released, or
// until no upload of them has begun for ten minutes.
type PrepareResponse struct {
	Handle string `json:"handle"`
	ID     string `json:"id"` // BLAKE3-256 of the copy, 64 hex digits
	Bytes  int64  `json:"bytes"`
	Packed int64  `json:"packed"` // compressed with zstd: the size of the object
	// Mark is the database's mark from before the copy.
	Mark string `json:"mark"`
}

// UploadRequest asks to send a prepared object to URLs that the caller has
// signed for exactly that.
type UploadRequest struct {
	Handle string       `json:"handle"`
	Parts  []UploadPart `json:"parts"` // in order, together the whole object
}

// UploadPart is one PUT.
type UploadPart struct {
	URL  string `json:"url"`
	Size int64  `json:"size"`
}

// UploadResponse has what the store said to each part.
type UploadResponse struct {
	ETags []string `json:"etags"`
}

// ReleaseRequest gives a prepared object up.
type ReleaseRequest struct {
	Handle string `json:"handle"`
}

// FetchRequest asks to load an object into a version: it is unpacked, its hash
// compared with ID, and the database in it checked.
type FetchRequest struct {
	Path    ayb.DatabasePath `json:"path"`
	Version string           `json:"version"`
	URL     string           `json:"url"`
	ID      string           `json:"id"`
	// DatabaseBytes is the size the database may have; zero is what the node
	// knows of it, or its own limit.
	DatabaseBytes int64 `json:"database_bytes,omitempty"`
}

// FetchResponse tells its size.
type FetchResponse struct {
	Bytes int64 `json:"bytes"`
}

// Snapshots is the node's part of snapshots. Calls take as long as the data
// needs; whoever calls watches that the node lives.
type Snapshots interface {
	// DatabaseMarks tells what has changed, without starting or opening
	// anything.
	DatabaseMarks(ctx context.Context, node NodeID, req MarksRequest) (MarksResponse, error)
	// PrepareSnapshot copies, checks, hashes and compresses. Errors: NotFound
	// when nothing was ever written, Snapshot when the copy is not sound,
	// Full, Timeout, Unavailable.
	PrepareSnapshot(ctx context.Context, node NodeID, req PrepareRequest) (PrepareResponse, error)
	// UploadSnapshot sends it. ObjectStore when the store does not take it.
	UploadSnapshot(ctx context.Context, node NodeID, req UploadRequest) (UploadResponse, error)
	// ReleaseSnapshot removes its files; unknown handles are no error.
	ReleaseSnapshot(ctx context.Context, node NodeID, req ReleaseRequest) (Done, error)
	// FetchSnapshot loads one. Errors: NoSnapshot when there is no object,
	// Snapshot when it is not what ID says or not sound, ObjectStore.
	FetchSnapshot(ctx context.Context, node NodeID, req FetchRequest) (FetchResponse, error)
}
