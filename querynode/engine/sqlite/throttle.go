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

// callCounter counts what callers ask for, so that work on the whole database can
// tell whether it would be in somebody's way.
type callCounter struct{ p *C.ayb_throttle }

func newCallCounter() callCounter {
	return callCounter{(*C.ayb_throttle)(C.calloc(1, C.sizeof_ayb_throttle))}
}

func (c callCounter) counter() *int64 { return (*int64)(unsafe.Pointer(&c.p.ran)) }

// add takes down that a caller has asked for something.
func (c callCounter) add() { atomic.AddInt64(c.counter(), 1) }

func (c callCounter) free() { C.free(unsafe.Pointer(c.p)) }

const (
	// workSlice is how much of an export is done at a time; then it rests for rests
	// times as long, while callers ask. What it sends has a way to go yet, and
	// costs others about as much as here.
	workSlice    = 2 * time.Millisecond
	pauseFactor  = 8
	longestPause = 50 * time.Millisecond
)

// throttle has work in Go rest while callers want something, as throttle.c has SQLite.
type throttle struct {
	calls callCounter
	seen  int64
	since time.Time
}

func (c callCounter) newThrottle() *throttle {
	return &throttle{c, atomic.LoadInt64(c.counter()), time.Now()}
}

// pauseIfDue rests, if it is time and somebody has asked for something meanwhile, or
// until stop.
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
