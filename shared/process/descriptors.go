package process

import (
	"fmt"
	"slices"

	"github.com/ayb-go/ayb/shared/config"
)

// Descriptors divides the file descriptors of a process. So connections cannot
// use up those of database processes, and neither can use up those of the
// metadata and the bus.
type Descriptors struct {
	// Connections and Daemons are the limits at a time. Zero for a role that
	// the process does not run.
	Connections, Daemons int
}

const (
	// reservedDescriptors are for the process itself: metadata, bus, logs,
	// files, mail and object store.
	reservedDescriptors = 96
	// descriptorsPerDaemon are the descriptors for one database process: its
	// socket, its standard error and its handle.
	descriptorsPerDaemon = 3
	// minDaemons and minConnections are the least numbers with which a server
	// is useful.
	minDaemons     = 4
	minConnections = 16
)

// shareDescriptors divides a limit among the roles of a process; no roles means
// all. A limit of zero means that it is unknown. The error is a sentence that
// says that the limit is too low.
func shareDescriptors(limit uint64, c config.Server, roles []config.Role) (d Descriptors, err error) {
	every := len(roles) == 0
	serves, runs := every || slices.Contains(roles, config.RoleControlPlane), every || slices.Contains(roles, config.RoleQueryNode)
	if limit == 0 || limit > 1<<30 {
		limit = 1 << 30
	}
	rest := int(limit) - reservedDescriptors
	switch {
	case serves && runs:
		// Daemons get at most half.
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
