//go:build cgo && (linux || darwin)

package sqlite

/*
#include <stdlib.h>
#include "engine.h"
*/
import "C"

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// callCounter counts the requests of callers, so that work on the entire
// database can pause for them.
type callCounter struct{ p *C.ayb_throttle }

func newCallCounter() callCounter {
	return callCounter{(*C.ayb_throttle)(C.calloc(1, C.sizeof_ayb_throttle))}
}

func (c callCounter) counter() *int64 { return (*int64)(unsafe.Pointer(&c.p.ran)) }

// add counts a request of a caller.
func (c callCounter) add() { atomic.AddInt64(c.counter(), 1) }

func (c callCounter) free() { C.free(unsafe.Pointer(c.p)) }

const (
	// workSlice is how long an export works before it pauses for pauseFactor
	// times as long, while there are requests. Its bytes are processed further
	// along the way, which costs others about as much as this work.
	workSlice    = 2 * time.Millisecond
	pauseFactor  = 8
	longestPause = 50 * time.Millisecond
)

// throttle pauses work in Go during requests of callers, like throttle.c does
// in SQLite.
type throttle struct {
	calls callCounter
	seen  int64
	since time.Time
}

func (c callCounter) newThrottle() *throttle {
	return &throttle{c, atomic.LoadInt64(c.counter()), time.Now()}
}

// pauseIfDue pauses, until stop, if a pause is due and there were requests
// meanwhile.
func (p *throttle) pauseIfDue(stop <-chan struct{}) {
	worked := time.Since(p.since)
	if worked < workSlice {
		return
	}
	if called := atomic.LoadInt64(p.calls.counter()); called != p.seen {
		p.seen = called
		t := time.NewTimer(min(pauseFactor*worked, longestPause))
		defer t.Stop()
		select {
		case <-t.C:
		case <-stop:
		}
	}
	p.since = time.Now()
}
