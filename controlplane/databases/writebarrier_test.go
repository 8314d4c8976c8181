package databases

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// N14: a database is replaced by one request at a time.
func TestReplaceOneAtATimeN14(t *testing.T) {
	g := newWriteBarriers()
	done, err := g.beginReplace(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.beginReplace(1); !errs.Is(err, errs.Conflict) {
		t.Errorf("a second one: %v", err)
	}
	if err := g.checkReplacing(1); !errs.Is(err, errs.Conflict) {
		t.Errorf("an import: %v", err)
	}
	if other, err := g.beginReplace(2); err != nil {
		t.Errorf("another database: %v", err)
	} else {
		other()
	}
	done()
	if done, err = g.beginReplace(1); err != nil {
		t.Errorf("after the first: %v", err)
	} else {
		done()
	}
	if len(g.byID) != 0 {
		t.Errorf("remembered %v", g.byID)
	}
}

// Q15: running writers end before the present state is kept, and new writers are
// refused meanwhile, so that no acknowledged write is lost.
func TestNobodyWritesWhileStateIsKeptQ15(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newWriteBarriers()
		replaced, err := g.beginReplace(1)
		if err != nil {
			t.Fatal(err)
		}
		defer replaced()
		first, err := g.beginWrite(1)
		if err != nil {
			t.Fatal(err)
		}
		second, err := g.beginWrite(1)
		if err != nil {
			t.Fatal(err)
		}
		var open func()
		shut := make(chan error, 1)
		go func() {
			var err error
			open, err = g.blockWrites(t.Context(), 1)
			shut <- err
		}()
		synctest.Wait()
		if _, err := g.beginWrite(1); !errs.Is(err, errs.Unavailable) {
			t.Errorf("a write while it waits: %v", err)
		}
		first()
		synctest.Wait()
		if len(shut) != 0 {
			t.Error("it did not wait for the second")
		}
		second()
		if err := <-shut; err != nil {
			t.Fatal(err)
		}
		if _, err := g.beginWrite(1); !errs.Is(err, errs.Unavailable) {
			t.Errorf("a write while it is shut: %v", err)
		}
		if other, err := g.beginWrite(2); err != nil {
			t.Errorf("another database: %v", err)
		} else {
			other()
		}
		open()
		if done, err := g.beginWrite(1); err != nil {
			t.Errorf("afterwards: %v", err)
		} else {
			done()
		}
	})
}

// A writer that does not end makes the restore fail and unblocks writers.
func TestGateIsNotShutForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newWriteBarriers()
		done, err := g.beginWrite(1)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := g.blockWrites(t.Context(), 1); !errs.Is(err, errs.Unavailable) || time.Since(begun) != drainTimeout {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.blockWrites(gone, 1); !errs.Is(err, errs.Canceled) {
			t.Errorf("given up: %v", err)
		}
		again, err := g.beginWrite(1)
		if err != nil {
			t.Fatalf("it stays shut: %v", err)
		}
		again()
		done()
		if len(g.byID) != 0 {
			t.Errorf("remembered %v", g.byID)
		}
	})
}
