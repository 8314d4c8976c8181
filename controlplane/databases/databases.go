// Package databases creates databases, shares them, tells about them and
// routes queries to the node that holds them, each after a permission check.
// It owns the order of the checks and the words of the refusals; the rules are
// those of authz, the records those of the store. It never opens a database
// and knows nothing of HTTP.
package databases

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/limits"
	"github.com/ayb-go/ayb/controlplane/meta"
	"github.com/ayb-go/ayb/controlplane/placement"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Store is what databases needs of the metadata store. What is missing is
// NotFound.
type Store interface {
	EntityBySlug(ctx context.Context, slug ayb.EntitySlug) (meta.Entity, error)
	DatabaseByPath(ctx context.Context, path ayb.DatabasePath) (meta.Database, error)
	// DatabaseFor gives a database with what the viewer has been granted on
	// it; viewer zero is an anonymous caller.
	DatabaseFor(ctx context.Context, path ayb.DatabasePath, viewer meta.EntityID) (meta.Access, error)
	// CreateDatabase records a database. Conflict when the path is taken.
	CreateDatabase(ctx context.Context, d meta.Database) error
	// AccountLimits gives what the operator has set for an account.
	AccountLimits(ctx context.Context, id meta.EntityID) (limits.Values, error)
	Listings
}

// Listings are databases with what somebody has been granted on each.
type Listings interface {
	// DatabasesFor lists the databases of an entity, newest first, with what
	// the viewer has been granted on each. It does not ask what may be seen.
	DatabasesFor(ctx context.Context, owner, viewer meta.EntityID) ([]meta.Access, error)
	// SharedWith lists the databases of others on which an entity has a
	// grant, newest first.
	SharedWith(ctx context.Context, id meta.EntityID) ([]meta.Access, error)
}

// Config is what databases can be told.
type Config struct {
	// Limits are the server's, for accounts and databases that have none of
	// their own. Zero and what is not set is no limit, or is left to the node.
	Limits limits.Values
}

// Deps are what databases works with. All but Removals are needed.
type Deps struct {
	Store   Store
	Grants  Grants
	Queries nodeapi.Queries
	Files   nodeapi.Databases
	Nodes   nodeapi.Nodes
	// Removals keep the paths of deleted databases free until their files
	// are gone; nil where no database is deleted.
	Removals *Removals
	Now      func() time.Time
}

// Databases is the service. It may be used concurrently.
type Databases struct {
	cfg      Config
	deps     Deps
	place    *placement.Placement
	creating *locks
	running  *running
}

// New makes the service.
func New(cfg Config, deps Deps) (*Databases, error) {
	if deps.Store == nil || deps.Grants == nil || deps.Queries == nil || deps.Files == nil || deps.Nodes == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "databases: a dependency is missing")
	}
	for _, l := range limits.All() {
		if n, _ := cfg.Limits.Get(l); n < 0 {
			return nil, errs.E(errs.Invalid, "The limits of databases can't be negative")
		}
	}
	return &Databases{cfg: cfg, deps: deps, place: placement.New(deps.Nodes), creating: newLocks(), running: newRunning()}, nil
}
