package querynode

import (
	"sync"
	"time"

	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// leases remember when each staged version was last asked to be kept. All that
// are staged are known: the start of a node removes the others. The zero value
// is ready.
type leases struct {
	mu   sync.Mutex
	last map[dbfile.StagedVersion]time.Time
}

func staged(req nodeapi.VersionRequest) dbfile.StagedVersion {
	return dbfile.StagedVersion{Path: req.Path, Version: req.Version}
}

// renew says that a version is still needed.
func (h *leases) renew(v dbfile.StagedVersion, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil {
		h.last = map[dbfile.StagedVersion]time.Time{}
	}
	h.last[v] = now
}

// drop says that a version is staged no more.
func (h *leases) drop(v dbfile.StagedVersion) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.last, v)
}

// expired are the versions that nobody has asked to be kept since a time.
func (h *leases) expired(since time.Time) (out []dbfile.StagedVersion) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for v, at := range h.last {
		if at.Before(since) {
			out = append(out, v)
		}
	}
	return out
}
