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

// callers counts what callers ask for, so that work on the whole database can
// tell whether it would be in somebody's way.
type callers struct{ p *C.ayb_pace }

func newCallers() callers {
	return callers{(*C.ayb_pace)(C.calloc(1, C.sizeof_ayb_pace))}
}

func (c callers) count() *int64 { return (*int64)(unsafe.Pointer(&c.p.ran)) }

// called takes down that a caller has asked for something.
func (c callers) called() { atomic.AddInt64(c.count(), 1) }

func (c callers) free() { C.free(unsafe.Pointer(c.p)) }

const (
	// turn is how much of an export is done at a time; then it rests for rests
	// times as long, while callers ask. What it sends has a way to go yet, and
	// costs others about as much as here.
	turn        = 2 * time.Millisecond
	rests       = 8
	longestRest = 50 * time.Millisecond
)

// pace has work in Go rest while callers want something, as pace.c has SQLite.
type pace struct {
	callers callers
	seen    int64
	since   time.Time
}

func (c callers) pace() *pace {
	return &pace{c, atomic.LoadInt64(c.count()), time.Now()}
}

// step rests, if it is time and somebody has asked for something meanwhile, or
// until stop.
func (p *pace) step(stop <-chan struct{}) {
	worked := time.Since(p.since)
	if worked < turn {
		return
	}
	if called := atomic.LoadInt64(p.callers.count()); called != p.seen {
		p.seen = called
		t := time.NewTimer(min(rests*worked, longestRest))
		defer t.Stop()
		select {
		case <-t.C:
		case <-stop:
		}
	}
	p.since = time.Now()
}
