package process

import (
	"fmt"
	"slices"

	"github.com/ayb-go/ayb/shared/config"
)

// Descriptors is how the descriptors that a process may have open are shared:
// so that connections cannot use up those of databases, nor databases those of
// the metadata and the bus.
type Descriptors struct {
	// Connections and Daemons are how many there may be at once; zero where
	// the process has none of the kind, or there is no limit.
	Connections, Daemons int
}

const (
	// reservedDescriptors are left for what the process itself has open: metadata,
	// bus, logs, files that are read, mail and object store.
	reservedDescriptors = 96
	// descriptorsPerDaemon are those of a database process here: its channel, what it says
	// on its standard error, and its handle.
	descriptorsPerDaemon = 3
	// minDaemons and minConnections are what a server needs to be of use.
	minDaemons     = 4
	minConnections = 16
)

// shareDescriptors shares a limit among the roles of a process; none are all of
// them. The error is a sentence when it is too low.
func shareDescriptors(limit uint64, c config.Server, roles []config.Role) (d Descriptors, err error) {
	every := len(roles) == 0
	serves, runs := every || slices.Contains(roles, config.RoleControlPlane), every || slices.Contains(roles, config.RoleQueryNode)
	if limit == 0 || limit > 1<<30 {
		limit = 1 << 30
	}
	rest := int(limit) - reservedDescriptors
	switch {
	case serves && runs:
		// Daemons get no more than they want, and no more than half.
		d.Daemons = min(c.QueryNode.MaxDaemons, max(rest, 0)/2/descriptorsPerDaemon)
		d.Connections = rest - d.Daemons*descriptorsPerDaemon
	case serves:
		d.Connections = rest
	case runs:
		d.Daemons = min(c.QueryNode.MaxDaemons, max(rest, 0)/descriptorsPerDaemon)
	}
	if serves && d.Connections < minConnections || runs && d.Daemons < min(minDaemons, c.QueryNode.MaxDaemons) {
		return d, fmt.Errorf("this process may have %d files and connections open at once, which is too few to serve; allow at least 256 (ulimit -n)", limit)
	}
	if serves && c.Limits.Connections > d.Connections {
		return d, fmt.Errorf("limits.connections is %d, but the %d files and connections that this process may have open (ulimit -n) leave room for %d; lower the one or raise the other", c.Limits.Connections, limit, d.Connections)
	}
	return d, nil
}
