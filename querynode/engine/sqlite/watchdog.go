//go:build cgo && (linux || darwin)

package sqlite

import (
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
)

const (
	watchEvery = 50 * time.Millisecond
	watchIdle  = 2 // rounds without work before the watchdog sleeps
)

// watchdog stops jobs whose time is up. SQLite checks the time while its
// virtual machine steps; the watchdog is for long work within one step. It
// ticks only while there is work.
func (db *DB) watchdog() {
	for {
		select {
		case <-db.quit:
			return
		case <-db.watch:
		}
		if !db.watchBusy() {
			return
		}
	}
}

// watchBusy watches until no job has run for a while. It returns false to quit.
func (db *DB) watchBusy() bool {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for idle := 0; ; {
		select {
		case <-db.quit:
			return false
		case <-tick.C:
		}
		if idle++; db.sweep() {
			idle = 0
		}
		if idle < watchIdle {
			continue
		}
		db.watching.Store(false)
		// A job that came in between found the watchdog awake.
		if !db.sweep() || !db.watching.CompareAndSwap(false, true) {
			return true
		}
		idle = 0
	}
}

// wake ensures that the watchdog runs.
func (db *DB) wake() {
	if !db.watching.Load() && db.watching.CompareAndSwap(false, true) {
		db.watch <- struct{}{}
	}
}

// sweep interrupts every job that has to stop. It does so repeatedly, because
// one interrupt may fall between two statements. It reports whether any job
// runs.
func (db *DB) sweep() bool {
	busy := false
	now := db.now()
	for _, p := range db.pools() {
		for _, s := range p.all {
			j := s.job.Load()
			if j == nil {
				continue
			}
			busy = true
			if why := j.Reason(); why != engine.NotStopped {
				j.Stop(why)
			} else if now > j.Deadline.Load() {
				j.Stop(engine.TimedOut)
			}
		}
	}
	return busy
}
