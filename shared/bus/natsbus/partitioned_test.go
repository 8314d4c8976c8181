package natsbus_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
)

// both runs a test with the snapshotter in the process of the bus, and over
// the network, where its user may publish only what its role needs.
func both(t *testing.T, test func(t *testing.T, connect func() *natsbus.Conn)) {
	bothWays(t, func(t *testing.T, connect func(natsbus.Role) *natsbus.Conn) {
		test(t, func() *natsbus.Conn { return connect(natsbus.Snapshotter) })
	})
}

// workPartition runs workers on a partition until stop.
func workPartition(t *testing.T, l bus.PartitionedQueue, partition string, workers int, do func(context.Context, bus.Job) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			if err := l.Work(ctx, partition, do); err != nil {
				t.Error(err)
			}
		})
	}
	stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(stop)
	return stop
}

// A job exists once in its partition until it is finished. Then it can be put again.
func TestPartitionHasAJobOnce(t *testing.T) {
	both(t, func(t *testing.T, connect func() *natsbus.Conn) {
		l := connect().SnapshotQueue()
		put := func(id, data string) {
			t.Helper()
			if err := l.Put(t.Context(), "n1", id, []byte(data)); err != nil {
				t.Fatal(err)
			}
		}
		put("a/x.y", "1")
		put("a/x.y", "2")
		put("b/é ß", "3")
		seen := make(chan bus.Job)
		next := make(chan struct{})
		workPartition(t, l, "n1", 1, func(_ context.Context, j bus.Job) error {
			seen <- j
			<-next
			return nil
		})
		if j := <-seen; j.ID != "a/x.y" || string(j.Data) != "1" || j.Attempt != 1 {
			t.Errorf("first job %q %q", j.ID, j.Data)
		}
		put("a/x.y", "4") // it is under way: this is not another job
		next <- struct{}{}
		if j := <-seen; j.ID != "b/é ß" || string(j.Data) != "3" {
			t.Errorf("second job %q %q", j.ID, j.Data)
		}
		put("a/x.y", "5")
		next <- struct{}{}
		if j := <-seen; string(j.Data) != "5" {
			t.Errorf("third job %q %q", j.ID, j.Data)
		}
		next <- struct{}{}
	})
}

// Two jobs of a partition are pending at a time, over all its workers. Other
// partitions are not blocked.
func TestPartitionLimitsPendingJobs(t *testing.T) {
	both(t, func(t *testing.T, connect func() *natsbus.Conn) {
		first, second := connect().SnapshotQueue(), connect().SnapshotQueue()
		const jobs = 12
		for i := range jobs {
			if err := first.Put(t.Context(), "n1", fmt.Sprint(i), nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := first.Put(t.Context(), "n2", "other", nil); err != nil {
			t.Fatal(err)
		}
		var now, most, done atomic.Int64
		other := make(chan struct{})
		do := func(context.Context, bus.Job) error {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-other // the other partition gets on while this one is full
			<-time.After(20 * time.Millisecond)
			now.Add(-1)
			done.Add(1)
			return nil
		}
		workPartition(t, first, "n1", 3, do)
		workPartition(t, second, "n1", 3, do)
		bustest.Until(t, "both places to be taken", func() bool { return now.Load() == 2 })
		workPartition(t, second, "n2", 1, func(context.Context, bus.Job) error { close(other); return nil })
		bustest.Until(t, "all jobs", func() bool { return done.Load() == jobs })
		if m := most.Load(); m != 2 {
			t.Errorf("%d at once", m)
		}
	})
}

func TestPartitionJobOfADeadWorkerGoesToAnother(t *testing.T) {
	s := bustest.Start(t)
	first, err := natsbus.Connect(natsbus.ConnConfig{Role: natsbus.Snapshotter, Server: s}, bustest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	impatient := func(c *natsbus.Conn) *natsbus.PartitionedQueue {
		l := c.SnapshotQueue()
		l.SetAckWait(600 * time.Millisecond)
		return l
	}
	if err := impatient(first).Put(t.Context(), "n1", "orphan", nil); err != nil {
		t.Fatal(err)
	}
	taken, end := make(chan struct{}), make(chan struct{})
	workPartition(t, impatient(first), "n1", 1, func(context.Context, bus.Job) error {
		close(taken)
		<-end
		return nil
	})
	<-taken
	first.Close() // as a killed process does
	again := make(chan int, 1)
	workPartition(t, impatient(bustest.Role(t, s, natsbus.Snapshotter)), "n1", 1, func(_ context.Context, j bus.Job) error {
		again <- j.Attempt
		return nil
	})
	select {
	case attempt := <-again:
		if attempt != 2 {
			t.Errorf("attempt %d", attempt)
		}
	case <-time.After(20 * time.Second):
		t.Error("no worker got the job")
	}
	close(end)
}

// One process holds the lease. When it dies, another one soon gets it.
func TestLeaseHasOneHolder(t *testing.T) {
	both(t, func(t *testing.T, connect func() *natsbus.Conn) {
		type holder struct {
			conn *natsbus.Conn
			stop func()
			has  atomic.Bool
		}
		holders := make([]*holder, 3)
		for i := range holders {
			h := &holder{conn: connect()}
			holders[i] = h
			ctx, cancel := context.WithCancel(t.Context())
			var group sync.WaitGroup
			l := h.conn.SnapshotLease()
			group.Go(func() {
				err := l.Hold(ctx, func(ctx context.Context) {
					h.has.Store(true)
					<-ctx.Done()
					h.has.Store(false)
				})
				if err != nil {
					t.Error(err)
				}
			})
			h.stop = sync.OnceFunc(func() { cancel(); group.Wait() })
			t.Cleanup(h.stop)
		}
		one := func() *holder {
			t.Helper()
			var who *holder
			bustest.Until(t, "somebody to have the lease", func() bool {
				n := 0
				for _, h := range holders {
					if h.has.Load() {
						who = h
						n++
					}
				}
				if n > 1 {
					t.Errorf("%d processes hold it", n)
				}
				return n == 1
			})
			return who
		}
		a := one()
		a.conn.Close() // it dies
		bustest.Until(t, "the dead one to notice", func() bool { return !a.has.Load() })
		b := one()
		if b == a {
			t.Error("a dead process holds it")
		}
		b.stop()
		if c := one(); c == a || c == b {
			t.Error("a process whose context has ended holds it")
		}
	})
}

// A holder that stops releases the lease. Waiting until it expires would take longer
// than the test.
func TestLeaseIsReleased(t *testing.T) {
	bothWays(t, func(t *testing.T, connect func(natsbus.Role) *natsbus.Conn) {
		lease := func(r natsbus.Role) *natsbus.Lease {
			l := connect(r).SnapshotLease()
			l.SetLife(2 * time.Minute) // it is looked for every sixth of it
			return l
		}
		if err := lease(natsbus.ControlPlane).Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			held := false
			if err := lease(natsbus.Snapshotter).Hold(ctx, func(context.Context) { held = true; cancel() }); err != nil || !held {
				t.Fatalf("held %v, %v", held, err)
			}
		}
	})
}

func TestKeyValue(t *testing.T) {
	both(t, func(t *testing.T, connect func() *natsbus.Conn) {
		a, b := connect().SnapshotRecords(), connect().SnapshotRecords()
		if all, err := a.All(t.Context()); err != nil || len(all) != 0 {
			t.Fatalf("at first %v, %v", all, err)
		}
		const many = 2500
		for i := range many {
			if err := a.Set(t.Context(), fmt.Sprint("db/", i), []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		for _, v := range []string{"1", "2"} {
			if err := b.Set(t.Context(), "db/7", []byte(v)); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Set(t.Context(), "db/8", nil); err != nil {
			t.Fatal(err)
		}
		all, err := a.All(t.Context())
		if err != nil || len(all) != many-1 || string(all["db/7"]) != "2" || string(all["db/9"]) != "x" {
			t.Errorf("%d values, %q, %v", len(all), all["db/7"], err)
		}
		if _, there := all["db/8"]; there {
			t.Error("a removed key is there")
		}
	})
}

// A snapshotter watches the registry of nodes, to notice when one dies during a call.
func TestSnapshotterWatchesTheRegistry(t *testing.T) {
	bothWays(t, func(t *testing.T, connect func(natsbus.Role) *natsbus.Conn) {
		seen := make(chan string, 10)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- connect(natsbus.Snapshotter).NodeRegistry().Watch(ctx, func(key string, value []byte) { seen <- key + "=" + string(value) })
		}()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		if err := connect(natsbus.QueryNode).NodeRegistry().Set(t.Context(), "n1", []byte("here")); err != nil {
			t.Fatal(err)
		}
		select {
		case s := <-seen:
			if s != "n1=here" {
				t.Error(s)
			}
		case <-time.After(20 * time.Second):
			t.Error("no entry arrived")
		}
	})
}
