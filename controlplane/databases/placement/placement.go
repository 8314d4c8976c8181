// Package placement knows which live query node a database belongs on: it
// picks one for a new database and finds the one of an existing database. It
// answers from the heartbeats the nodes send; it moves nothing and asks no
// node.
package placement

import (
	"cmp"
	"slices"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Placement places databases. It may be used concurrently.
type Placement struct{ nodes nodeapi.Nodes }

// New makes a Placement.
func New(nodes nodeapi.Nodes) *Placement { return &Placement{nodes: nodes} }

// Pick gives the live node with the most room among those that run the
// engine; the one with fewer databases when the room is equal.
//
// Errors: Unavailable when no node is alive, Unsupported when none of them
// has the engine.
func (p *Placement) Pick(engine ayb.DatabaseType) (nodeapi.NodeID, error) {
	live := p.nodes.LiveNodes()
	if len(live) == 0 {
		return "", errs.E(errs.Unavailable, "No query node is running at the moment; try again later")
	}
	fit := slices.DeleteFunc(slices.Clone(live), func(n nodeapi.NodeStatus) bool {
		return !slices.Contains(n.Engines, engine)
	})
	if len(fit) == 0 {
		return "", errs.E(errs.Unsupported, "Databases of type %s are not supported by this server", engine)
	}
	return slices.MinFunc(fit, func(a, b nodeapi.NodeStatus) int {
		if a.DiskFull != b.DiskFull { // what is free there is not for databases
			if a.DiskFull {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(b.FreeBytes, a.FreeBytes), cmp.Compare(a.Databases, b.Databases), cmp.Compare(a.ID, b.ID))
	}).ID, nil
}

// Locate gives the node that holds a database. A database recorded by a
// server without nodes belongs to the only node there is; with several,
// Unavailable, because guessing could show an empty database.
func (p *Placement) Locate(d meta.Database) (nodeapi.NodeID, error) {
	if d.Node != "" {
		return nodeapi.NodeID(d.Node), nil
	}
	if live := p.nodes.LiveNodes(); len(live) == 1 {
		return live[0].ID, nil
	}
	return "", errs.E(errs.Unavailable, "It is not known which query node holds %s; the operator has to assign one", d.Path)
}
