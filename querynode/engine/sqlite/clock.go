//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
)

// startClock starts the clock of engine time; stopClock stops it.
func (r *execution) startClock() {
	r.since, r.ticks = r.db.now(), true
	if r.job.Timeout > 0 {
		r.job.Deadline.Store(r.since + int64(r.left))
	}
}

func (r *execution) stopClock() {
	if !r.ticks {
		return
	}
	d := time.Duration(r.db.now() - r.since)
	r.now.spent += d
	r.left -= d
	r.ticks = false
	r.job.Deadline.Store(engine.NoDeadline)
}

// setBudget limits the next call into SQLite to the remaining time. The error
// says that the job has to stop.
func (r *execution) setBudget() error {
	if why := r.job.Reason(); why != engine.NotStopped {
		return engine.StopError(why, r.job)
	}
	r.c.c.budget = 0
	if d := r.job.Deadline.Load(); d != engine.NoDeadline {
		left := d - r.db.now()
		if left <= 0 {
			return engine.StopError(engine.TimedOut, r.job)
		}
		r.c.c.budget = C.int64_t(left)
	}
	if r.limit > 0 && (r.c.c.budget == 0 || r.c.c.budget > C.int64_t(r.limit)) {
		r.c.c.budget = C.int64_t(r.limit)
	}
	return nil
}
