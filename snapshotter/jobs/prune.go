package jobs

import (
	"context"

	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/snapshotter/bucket"
)

// prune removes surplus snapshots after a new one was stored. A failure is made
// up for next time.
func (m *Maker) prune(ctx context.Context, job Job, before []bucket.Object) {
	if m.cfg.Max == 0 {
		return
	}
	old := surplus(before, m.cfg.Max-1, job.Previous)
	if len(old) == 0 {
		return
	}
	m.deps.Printf("Pruning %d oldest snapshots\n", len(old))
	if err := m.deps.Store.Remove(ctx, old...); err != nil {
		m.deps.Log.Warn("could not remove old snapshots", logging.DB, job.Path.String(), logging.Err, err)
	}
}

// surplus returns the objects of a list, newest first, for which there is no
// place. The previous state always has a place, whatever its date.
func surplus(list []bucket.Object, places int, previous string) []bucket.Object {
	if _, there := FindByID(list, previous); there {
		places--
	}
	var out []bucket.Object
	for _, o := range list {
		switch {
		case o.ID == previous && places >= 0:
		case places > 0:
			places--
		default:
			out = append(out, o)
		}
	}
	return out
}
