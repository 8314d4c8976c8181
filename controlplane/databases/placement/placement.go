// Package placement picks a query node for a new database and finds the node of an
// existing one. It answers from the heartbeats of the nodes, without a call.
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

// Pick returns the live node with the most free space among those that run the
// engine, and with fewer databases when the space is equal. A node whose disk is
// full is the last choice.
//
// Errors: Unavailable when no node is alive, Unsupported when no live node runs
// the engine.
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
		if a.DiskFull != b.DiskFull { // its free space is the reserve of the node
			if a.DiskFull {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(b.FreeBytes, a.FreeBytes), cmp.Compare(a.Databases, b.Databases), cmp.Compare(a.ID, b.ID))
	}).ID, nil
}

// Locate returns the node that holds a database. A database that was recorded by a
// server without nodes belongs to the only live node. With several nodes the error
// is Unavailable, because a wrong node would show an empty database.
func (p *Placement) Locate(d meta.Database) (nodeapi.NodeID, error) {
	if d.Node != "" {
		return nodeapi.NodeID(d.Node), nil
	}
	if live := p.nodes.LiveNodes(); len(live) == 1 {
		return live[0].ID, nil
	}
	return "", errs.E(errs.Unavailable, "It is not known which query node holds %s; the operator has to assign one", d.Path)
}
