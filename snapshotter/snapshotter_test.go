package snapshotter_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/directoryapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/snapshotter"
)

// A changed database is stored once. An unchanged one costs no copy and keeps
// its snapshot's date. One that was never written has no snapshot. A snapshot
// that was deleted from the bucket is stored again.
func TestRounds(t *testing.T) {
	w := newWorld(t)
	d, never := w.create("ann", "shop.sqlite"), w.create("bob", "empty.sqlite")
	w.node.write(d.Path, "one")
	start := time.Now()
	r := w.start(nil)
	bustest.Until(t, "the first round", func() bool { return r.rounds() > 0 })
	if d := time.Since(start); d < 200*time.Millisecond {
		t.Errorf("the first round came after %s", d)
	}
	w.stored(d, "one")
	first := w.list(d)[0]
	w.pass(r, 5)
	if got := w.list(d); len(got) != 1 || got[0] != first || w.node.prepared.Load() != 1 {
		t.Errorf("an unchanged database: %v, %d copies", got, w.node.prepared.Load())
	}
	w.node.write(d.Path, "two")
	w.stored(d, "one", "two")
	w.forget()
	w.stored(d, "two")
	w.pass(r, 2)
	if n := w.node.prepared.Load(); n != 3 {
		t.Errorf("%d copies", n)
	}
	if w.node.released.Load() != w.node.prepared.Load() {
		t.Error("copies stay behind")
	}
	if got := w.list(never); len(got) != 0 {
		t.Errorf("never written: %v", got)
	}
	out := r.out.String()
	for _, line := range []string{
		"Creating snapshots...\n", "Trying to back up ann/shop.sqlite\n", "Uploading new snapshot with hash " + hashOf("one") + ".\n",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("no line %q in\n%s", line, out)
		}
	}
	if strings.Contains(out, "bob") {
		t.Error("a database that was never written was tried")
	}
}

// With a prefix that has empty parts, on a store that keeps files, snapshots
// are listed, pruned and restored.
func TestPrefixWithEmptyParts(t *testing.T) {
	w := newWorld(t)
	w.store.Prefix = "backups//ayb/"
	d := w.create("ann", "shop.sqlite")
	w.start(func(c *snapshotter.Config) { c.Max = 2 })
	for i, content := range []string{"a", "b", "c"} {
		if i > 0 {
			tick()
		}
		w.node.write(d.Path, content)
		w.stored(d, []string{"a", "b", "c"}[max(0, i-1):i+1]...)
	}
	if err := w.load(d, hashOf("b")); err != nil || w.node.read(d.Path) != "b restored" {
		t.Errorf("%v, %q", err, w.node.read(d.Path))
	}
}

// N13: after each restore there is exactly one new snapshot. Each case has the
// fewest snapshots that show this.
func TestCountsAfterRestores(t *testing.T) {
	w := newWorld(t)
	d := w.create("ann", "shop.sqlite")
	r := w.start(func(c *snapshotter.Config) { c.Max = 5 })
	w.node.write(d.Path, "a")
	w.stored(d, "a")
	tick()
	w.node.write(d.Path, "b")
	w.stored(d, "a", "b")
	tick()
	if err := w.load(d, hashOf("a")); err != nil {
		t.Fatal(err)
	}
	w.stored(d, "a", "b", "a restored")
	w.pass(r, 3)
	w.stored(d, "a", "b", "a restored")
	tick()
	if err := w.load(d, hashOf("b")); err != nil {
		t.Fatal(err)
	}
	w.stored(d, "a", "b", "a restored", "b restored")
	tick()
	w.node.write(d.Path, "c")
	w.stored(d, "a", "b", "a restored", "b restored", "c")
	tick()
	w.node.write(d.Path, "d")
	w.stored(d, "b", "a restored", "b restored", "c", "d") // a was the oldest
	if newest := w.list(d)[0].ID; newest != hashOf("d") {
		t.Errorf("newest %s", newest)
	}
	if err := w.load(d, hashOf("a")); !errs.Is(err, errs.NoSnapshot) {
		t.Errorf("a pruned snapshot: %v", err)
	}
	if err := w.load(d, hashOf("b")); err != nil || w.node.read(d.Path) != "b restored" {
		t.Errorf("%v, %q", err, w.node.read(d.Path))
	}
	if !strings.Contains(r.out.String(), "Pruning 1 oldest snapshots\n") {
		t.Error("nothing said of pruning")
	}
}

// tick waits until the store's date, which counts seconds, has changed.
func tick() { <-time.After(1100 * time.Millisecond) }

// N9: after a restore, the restored state keeps its date and is not pruned as
// the oldest.
func TestReturnedToStateIsKept(t *testing.T) {
	w := newWorld(t)
	d := w.create("ann", "shop.sqlite")
	r := w.start(func(c *snapshotter.Config) { c.Max = 2 })
	w.node.write(d.Path, "old")
	w.stored(d, "old")
	tick()
	w.node.write(d.Path, "new")
	w.stored(d, "old", "new")
	w.node.write(d.Path, "old")
	bustest.Until(t, "the return to be noticed", func() bool {
		return strings.Contains(r.out.String(), "Snapshot with hash "+hashOf("old")+" already exists, not uploading again.\n")
	})
	w.pass(r, 1)
	tick()
	w.node.write(d.Path, "newest")
	w.stored(d, "old", "newest")
}

// Snapshots of a former database of the same name are not listed, loaded,
// counted or pruned.
func TestFormerDatabase(t *testing.T) {
	w := newWorld(t)
	w.start(func(c *snapshotter.Config) { c.Max, c.Interval = 2, 0 })
	former := w.create("ann", "shop.sqlite")
	for _, c := range []string{"secret", "older secret"} {
		w.node.write(former.Path, c)
		w.take(former)
	}
	tick()
	now := former
	now.CreatedAt = time.Now()
	if got := w.list(now); len(got) != 0 {
		t.Errorf("shown: %v", got)
	}
	if err := w.load(now, hashOf("secret")); !errs.Is(err, errs.NoSnapshot) {
		t.Errorf("loaded: %v", err)
	}
	for _, c := range []string{"1", "2", "3"} {
		w.node.write(now.Path, c)
		w.take(now)
		tick()
	}
	w.stored(now, "2", "3")
	w.stored(former, "secret", "older secret", "2", "3")

	// Exactly the snapshots of the former database are purged.
	if _, err := w.client.PurgeSnapshots(t.Context(), snapshotapi.PurgeRequest{Path: now.Path, Before: now.CreatedAt}); err != nil {
		t.Fatal(err)
	}
	w.stored(former, "2", "3")
	if _, err := w.client.PurgeSnapshots(t.Context(), snapshotapi.PurgeRequest{Path: now.Path, Before: time.Now().Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	w.stored(former)
}

// S3: invalid ids never become part of a key, and an id of one database does
// not give access to another.
func TestOnlyOwnSnapshotsAreLoaded(t *testing.T) {
	w := newWorld(t)
	w.start(byHand)
	a, b := w.create("ann", "a.sqlite"), w.create("bob", "b.sqlite")
	w.node.write(a.Path, "ann's")
	w.node.write(b.Path, "bob's")
	mine := w.take(a)
	if !mine.Created || mine.ID != hashOf("ann's") {
		t.Errorf("taken %+v", mine)
	}
	if again := w.take(a); again.Created || again.ID != mine.ID {
		t.Errorf("taken again %+v", again)
	}
	w.take(b)
	for _, bad := range []string{
		"", "..", hashOf("bob's"), "../../bob/b.sqlite/" + hashOf("bob's"), "../b.sqlite/" + hashOf("bob's"), strings.ToUpper(mine.ID), mine.ID + "/", mine.ID[:63],
		mine.ID + "\n", strings.Repeat("0", 64),
	} {
		if err := w.load(a, bad); !errs.Is(err, errs.NoSnapshot) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := w.load(a, mine.ID); err != nil || w.node.read(a.Path) != "ann's restored" {
		t.Errorf("%v, %q", err, w.node.read(a.Path))
	}
	empty := w.create("ann", "empty.sqlite")
	if _, err := w.client.TakeSnapshot(t.Context(), snapshotapi.TakeRequest{Database: known(empty), Node: node1}); !errs.Is(err, errs.NotFound) {
		t.Errorf("nothing written: %v", err)
	}
}

// A renamed database keeps its snapshots in their order. An interrupted move is
// finished when it is repeated.
func TestMove(t *testing.T) {
	w := newWorld(t)
	w.start(func(c *snapshotter.Config) { c.Interval, c.MoveInterval = 0, 1100*time.Millisecond })
	d := w.create("ann", "old.sqlite")
	var want []string
	for _, c := range []string{"3", "1", "2"} {
		w.node.write(d.Path, c)
		want = append(want, w.take(d).ID)
		tick()
	}
	slices.Reverse(want)
	to := d
	to.Path.Database = "new.sqlite"
	move := snapshotapi.MoveRequest{From: d.Path, To: to.Path, Before: time.Now().Add(time.Minute)}
	for range 2 {
		if _, err := w.client.MoveSnapshots(t.Context(), move); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range w.list(to) {
			got = append(got, s.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("order %v, not %v", got, want)
		}
	}
	w.stored(d)
	if _, err := w.client.MoveSnapshots(t.Context(), snapshotapi.MoveRequest{From: to.Path, To: to.Path}); err != nil || len(w.list(to)) != 3 {
		t.Errorf("moved onto itself: %v, %v", err, w.list(to))
	}
	later := snapshotapi.MoveRequest{From: to.Path, To: d.Path, Since: time.Now().Add(time.Hour)}
	if _, err := w.client.MoveSnapshots(t.Context(), later); err != nil || len(w.list(to)) != 3 {
		t.Errorf("those of a former database moved: %v, %v", err, w.list(to))
	}
	bad := snapshotapi.MoveRequest{From: to.Path, To: ayb.DatabasePath{Entity: "ann", Database: "../x"}}
	if _, err := w.client.MoveSnapshots(t.Context(), bad); err == nil {
		t.Error("moved to no path")
	}
}

// One of many snapshotters makes rounds; when it is killed, another one does.
func TestOneOfManySchedules(t *testing.T) {
	w := newWorld(t)
	d := w.create("ann", "shop.sqlite")
	w.node.write(d.Path, "0")
	all := []*running{w.start(nil), w.start(nil), w.start(nil)}
	w.stored(d, "0")
	contents := []string{"0"}
	for i := range 2 {
		var active *running
		for _, r := range all {
			if r.rounds() > 0 {
				if active != nil {
					t.Error("two make rounds")
				}
				active = r
			}
		}
		active.kill()
		all = slices.DeleteFunc(all, func(r *running) bool { return r == active })
		contents = append(contents, fmt.Sprint(i+1))
		w.node.write(d.Path, contents[i+1])
		w.stored(d, contents...)
	}
}

// When the snapshotter of a job is killed, another one does the job and aborts
// the unfinished upload.
func TestKilledSnapshotter(t *testing.T) {
	w := newWorld(t)
	w.store.PartSize = 5 << 20
	d := w.create("ann", "big.sqlite")
	content := noise(11 << 20)
	w.node.write(d.Path, content)
	first := w.start(nil)
	reached, killed := make(chan struct{}), make(chan struct{})
	hook := func(ctx context.Context) {
		close(reached)
		<-killed
	}
	w.node.onUpload.Store(&hook)
	<-reached
	w.node.onUpload.Store(nil)
	if got := w.s3.Unfinished("bucket"); len(got) != 1 {
		t.Errorf("under way: %v", got)
	}
	first.conn.Close()
	second := w.start(nil)
	w.stored(d, content)
	bustest.Until(t, "what was left to be freed", func() bool { return len(w.s3.Unfinished("bucket")) == 0 })
	close(killed)
	first.stop()
	if err := w.load(d, hashOf(content)); err != nil {
		t.Error(err)
	}
	w.pass(second, 1)
}

// noise is text that cannot be compressed.
func noise(n int) string {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b) // it cannot fail
	return string(b)
}

// takeAndHang requests a snapshot on a node that never answers. It returns once
// the node has the request; the answer to the caller comes later.
func (w *world) takeAndHang(d directoryapi.Database) (failed <-chan error) {
	hang := make(chan struct{})
	w.t.Cleanup(func() { close(hang) })
	reached := make(chan struct{})
	hook := func(context.Context) { close(reached); <-hang }
	w.node.onPrepare.Store(&hook)
	told := make(chan error, 1)
	go func() {
		_, err := w.client.TakeSnapshot(context.Background(), snapshotapi.TakeRequest{Database: known(d), Node: d.Node})
		told <- err
	}()
	<-reached
	return told
}

// When a node dies during a call, the call ends soon.
func TestNodeDiesDuringACall(t *testing.T) {
	w := newWorld(t)
	d := w.create("ann", "shop.sqlite")
	w.node.write(d.Path, "x")
	w.start(byHand)
	w.take(d)
	w.node.write(d.Path, "y")
	failed := w.takeAndHang(d)
	w.leave()
	select {
	case err := <-failed:
		if !errs.Is(err, errs.Unavailable) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the caller waits for a dead node")
	}
}

// N7: change tokens of databases that belong elsewhere are ignored, and a node
// that does not answer delays no other node.
func TestStrangeNodes(t *testing.T) {
	w := newWorld(t)
	d := w.create("ann", "shop.sqlite")
	elsewhere := w.create("bob", "moved.sqlite")
	w.mu.Lock()
	w.dbs[1].Node = "n2"
	w.mu.Unlock()
	w.node.write(d.Path, "x")
	w.node.strange = []nodeapi.ChangeToken{
		{Path: ayb.DatabasePath{Entity: "lost+found", Database: ".."}, Token: "m"},
		{Path: ayb.DatabasePath{Entity: "zed", Database: "unknown"}, Token: "m"},
		{Path: elsewhere.Path, Token: "m"}, // its files are there, but it is on the other node
	}
	silent := newNode("n2")
	silent.start(t, w.bus, connect(t, w))() // it has left
	r := w.start(nil)
	w.stored(d, "x")
	w.pass(r, 2)
	if n := w.node.prepared.Load(); n != 1 {
		t.Errorf("%d copies", n)
	}
	if out := r.out.String(); strings.Contains(out, "bob") || strings.Contains(out, "zed") {
		t.Errorf("tried:\n%s", out)
	}
}

// N1: without a configuration the list of snapshots is empty, and other
// requests fail.
func TestNotConfigured(t *testing.T) {
	w := newWorld(t)
	w.start(func(c *snapshotter.Config) { *c = snapshotter.Config{} })
	d := w.create("ann", "shop.sqlite")
	if got := w.list(d); got == nil || len(got) != 0 {
		t.Errorf("%v", got)
	}
	_, take := w.client.TakeSnapshot(t.Context(), snapshotapi.TakeRequest{Database: known(d), Node: node1})
	_, move := w.client.MoveSnapshots(t.Context(), snapshotapi.MoveRequest{From: d.Path, To: d.Path})
	_, purge := w.client.PurgeSnapshots(t.Context(), snapshotapi.PurgeRequest{Path: d.Path})
	for _, err := range []error{take, move, purge, w.load(d, hashOf("x"))} {
		if !errs.Is(err, errs.Snapshot) || !strings.Contains(errs.Public(err).Message, "not configured") {
			t.Errorf("%v", err)
		}
	}
}

// A configuration that the store rejects is an error at the start.
func TestRefusedAtStart(t *testing.T) {
	w := newWorld(t)
	w.store.Bucket = "nobodys"
	s, _, err := w.make(nil)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Run(t.Context(), func() { t.Error("ready") })
	if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "nobodys") {
		t.Errorf("%v", err)
	}
	for _, change := range []func(*snapshotter.Config){
		func(c *snapshotter.Config) { c.Max = -1 }, // N6
		func(c *snapshotter.Config) { c.Store.Endpoint = "nowhere" },
	} {
		if _, _, err := w.make(change); err == nil {
			t.Error("a configuration that cannot work was taken")
		}
	}
}

// N6: without a limit, snapshots are made and never pruned.
func TestNoBound(t *testing.T) {
	w := newWorld(t)
	w.start(func(c *snapshotter.Config) { c.Interval, c.Max = 0, 0 })
	d := w.create("ann", "shop.sqlite")
	var all []string
	for i := range 8 {
		all = append(all, fmt.Sprint(i))
		w.node.write(d.Path, all[i])
		w.take(d)
	}
	w.stored(d, all...)
}

// A snapshotter stops without waiting for running requests.
func TestStopEndsCalls(t *testing.T) {
	w := newWorld(t)
	d := w.create("ann", "shop.sqlite")
	w.node.write(d.Path, "x")
	r := w.start(byHand)
	failed := w.takeAndHang(d)
	stopped := make(chan struct{})
	go func() { r.stop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
	}
	if err := <-failed; err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("the caller was told %v", err)
	}
}
