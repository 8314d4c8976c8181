//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import "time"

// start lets the clock of engine time run; pause stops it.
func (r *run) start() {
	r.since, r.ticks = r.db.now(), true
	if r.job.Timeout > 0 {
		r.job.deadline.Store(r.since + int64(r.left))
	}
}

func (r *run) pause() {
	if !r.ticks {
		return
	}
	d := time.Duration(r.db.now() - r.since)
	r.now.spent += d
	r.left -= d
	r.ticks = false
	r.job.deadline.Store(never)
}

// arm prepares the next call into SQLite: it must not take longer than what
// is left, and must not begin at all when the job has to stop.
func (r *run) arm() error {
	if why := r.job.reason(); why != stopNot {
		return stopError(why, r.job)
	}
	r.c.c.budget = 0
	if d := r.job.deadline.Load(); d != never {
		left := d - r.db.now()
		if left <= 0 {
			return stopError(stopTimeout, r.job)
		}
		r.c.c.budget = C.int64_t(left)
	}
	if r.limit > 0 && (r.c.c.budget == 0 || r.c.c.budget > C.int64_t(r.limit)) {
		r.c.c.budget = C.int64_t(r.limit)
	}
	return nil
}
