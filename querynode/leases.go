package querynode

import (
	"sync"
	"time"

	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// leases hold the time of the last renewal for each staged version. They are
// complete: the start of a node removes all older staged versions. The zero
// value is ready to use.
type leases struct {
	mu      sync.Mutex
	renewed map[dbfile.StagedVersion]time.Time
}

func staged(req nodeapi.VersionRequest) dbfile.StagedVersion {
	return dbfile.StagedVersion{Path: req.Path, Version: req.Version}
}

// renew records a renewal.
func (l *leases) renew(v dbfile.StagedVersion, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.renewed == nil {
		l.renewed = map[dbfile.StagedVersion]time.Time{}
	}
	l.renewed[v] = now
}

// drop removes the lease of a version that is removed or live.
func (l *leases) drop(v dbfile.StagedVersion) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.renewed, v)
}

// expired returns the versions that were last renewed before a time.
func (l *leases) expired(since time.Time) (out []dbfile.StagedVersion) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for v, at := range l.renewed {
		if at.Before(since) {
			out = append(out, v)
		}
	}
	return out
}
