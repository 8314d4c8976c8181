// Package databases is the service behind every request about a database:
// create, share, describe, query, import, export, snapshot, restore, fork, rename
// and delete, each after a permission check. It owns the order of the checks and
// the texts of the refusals. Package authz has the rules, the metadata store the
// records, a query node the files and engines: this package never opens a
// database, and it is independent of HTTP.
//
// DESIGN.md describes the order of steps that keeps a database complete when a
// process ends in between. Package reconcile carries out what is recorded here
// and left to be done.
//
// It is one package because all operations share the look-up with its refusals
// (access.go), the query quota, the write barriers and the staging of new states.
package databases

import (
	"time"

	"github.com/ayb-go/ayb/controlplane/databases/placement"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/keyedmutex"
)

// Config has the settings of the service.
type Config struct {
	// Limits hold for accounts and databases without limits of their own. A
	// limit of zero, or an unset one, means no limit here; query nodes may have
	// theirs.
	Limits limits.Values
	// Grace is how long a deleted database can be undeleted.
	Grace time.Duration
}

// Deps are what databases works with. All are needed.
type Deps struct {
	Store    Store
	Queries  nodeapi.Queries
	Imports  nodeapi.Imports
	Files    nodeapi.Databases
	Versions nodeapi.Versions
	Nodes    nodeapi.Nodes
	// Snapshots calls a snapshotter.
	Snapshots snapshotapi.Snapshots
	// Operations and Purges carry out what this package records; they are those
	// of package reconcile.
	Operations Operations
	Purges     Purges
	Now        func() time.Time
}

func (d Deps) complete() bool {
	return d.Store.complete() && d.Queries != nil && d.Imports != nil && d.Files != nil && d.Versions != nil &&
		d.Nodes != nil && d.Snapshots != nil && d.Operations != nil && d.Purges != nil && d.Now != nil
}

// Databases is the service. It may be used concurrently.
type Databases struct {
	cfg   Config
	deps  Deps
	place *placement.Placement
	// creating is held by the owner for whom a database is created, renamed or
	// undeleted: the clean-up after a failed creation then cannot remove another
	// database, and the limit on the number of databases is exact.
	creating keyedmutex.Mutexes[meta.EntityID]
	quota    *queryQuota
	jobs     *jobs
	barriers *writeBarriers
}

// New makes the service.
func New(cfg Config, deps Deps) (*Databases, error) {
	if !deps.complete() {
		return nil, errs.E(errs.Internal, "databases: a dependency is missing")
	}
	if cfg.Grace < 0 {
		return nil, errs.E(errs.Invalid, "The time in which a deleted database can be undeleted is %s; it can't be negative", cfg.Grace)
	}
	for _, l := range limits.All() {
		if n, _ := cfg.Limits.Get(l); n < 0 {
			return nil, errs.E(errs.Invalid, "The limit %s is %d; it can't be negative", l, n)
		}
	}
	return &Databases{cfg: cfg, deps: deps, place: placement.New(deps.Nodes), quota: newQueryQuota(), jobs: newJobs(), barriers: newWriteBarriers()}, nil
}
