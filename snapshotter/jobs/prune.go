package jobs

import (
	"context"

	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/snapshotter/bucket"
)

// prune removes what is too much now that one more is stored. What cannot be
// removed now is too much next time as well.
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
		m.deps.Log.Warn("old snapshots not removed", logging.DB, job.Path.String(), logging.Err, err)
	}
}

// surplus are those of a list, newest first, that have no place among so many.
// The previous state has the first place, whatever its date.
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
