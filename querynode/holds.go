package querynode

import (
	"sync"
	"time"

	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// holds remember when each staged version was last asked to be kept. All that
// are staged are known: the start of a node removes the others. The zero value
// is ready.
type holds struct {
	mu   sync.Mutex
	last map[dbfile.StagedVersion]time.Time
}

func held(req nodeapi.VersionRequest) dbfile.StagedVersion {
	return dbfile.StagedVersion{Path: req.Path, Version: req.Version}
}

// keep says that a version is still needed.
func (h *holds) keep(v dbfile.StagedVersion, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil {
		h.last = map[dbfile.StagedVersion]time.Time{}
	}
	h.last[v] = now
}

// forget says that a version is staged no more.
func (h *holds) forget(v dbfile.StagedVersion) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.last, v)
}

// left are the versions that nobody has asked to be kept since a time.
func (h *holds) left(since time.Time) (out []dbfile.StagedVersion) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for v, at := range h.last {
		if at.Before(since) {
			out = append(out, v)
		}
	}
	return out
}
