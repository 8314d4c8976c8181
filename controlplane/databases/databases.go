// Package databases creates databases, tells about them and routes queries
// to the node that holds them, each after a permission check. It owns the
// order of the checks and the words of the refusals; the rules are those of
// authz, the records those of the store. It never opens a database and knows
// nothing of HTTP.
package databases

import (
	"context"
	"time"

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
	// DatabasesOf lists the databases of an entity, newest first.
	DatabasesOf(ctx context.Context, id meta.EntityID) ([]meta.Database, error)
	// CreateDatabase records a database. Conflict when the path is taken.
	CreateDatabase(ctx context.Context, d meta.Database) error
}

// Config is what databases can be told.
type Config struct {
	// StatementTimeout limits the engine time of a query. Zero leaves it to
	// the node.
	StatementTimeout time.Duration
	// PerAccount limits the databases of one account. Zero is no limit.
	PerAccount int
}

// Deps are what databases works with. All are needed.
type Deps struct {
	Store   Store
	Queries nodeapi.Queries
	Files   nodeapi.Databases
	Nodes   nodeapi.Nodes
	Now     func() time.Time
}

// Databases is the service. It may be used concurrently.
type Databases struct {
	cfg      Config
	deps     Deps
	place    *placement.Placement
	creating *locks
}

// New makes the service.
func New(cfg Config, deps Deps) (*Databases, error) {
	if deps.Store == nil || deps.Queries == nil || deps.Files == nil || deps.Nodes == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "databases: a dependency is missing")
	}
	if cfg.StatementTimeout < 0 || cfg.PerAccount < 0 {
		return nil, errs.E(errs.Invalid, "The limits of databases can't be negative")
	}
	return &Databases{cfg: cfg, deps: deps, place: placement.New(deps.Nodes), creating: newLocks()}, nil
}
