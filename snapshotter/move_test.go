package snapshotter_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
)

// While snapshots move, no snapshot of the new name is made: it would be pruned
// and dated among half a list. Two moves in opposite directions do not
// deadlock.
func TestMoveKeepsBothNames(t *testing.T) {
	w := newWorld(t)
	w.start(byHand)
	from, to := w.create("ann", "a.sqlite"), w.create("ann", "b.sqlite")
	w.node.write(from.Path, "x")
	w.node.write(to.Path, "y")
	w.take(from)
	var asked atomic.Int64
	reached, hang := make(chan struct{}), make(chan struct{})
	hook := func(context.Context) {
		if asked.Add(1) == 1 {
			close(reached)
			<-hang
		}
	}
	w.node.onPrepare.Store(&hook)
	errors := make(chan error, 3)
	go func() {
		_, err := w.client.TakeSnapshot(t.Context(), snapshotapi.TakeRequest{Database: known(to), Node: to.Node})
		errors <- err
	}()
	<-reached
	for _, m := range []snapshotapi.MoveRequest{{From: from.Path, To: to.Path}, {From: to.Path, To: from.Path, Since: time.Now().Add(time.Hour)}} {
		go func() {
			_, err := w.client.MoveSnapshots(t.Context(), m)
			errors <- err
		}()
	}
	select {
	case err := <-errors:
		t.Errorf("something ended while a snapshot of the new name was taken: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	if got := w.list(from); len(got) != 1 {
		t.Errorf("%d snapshots under the old name", len(got))
	}
	close(hang)
	for range 3 {
		if err := <-errors; err != nil {
			t.Error(err)
		}
	}
	w.stored(to, "x", "y")
}
