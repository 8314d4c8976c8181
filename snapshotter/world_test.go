package snapshotter_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/directoryapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/snapshotter"
	"github.com/ayb-go/ayb/snapshotter/bucket"
	"github.com/ayb-go/ayb/snapshotter/bucket/s3test"
)

func s3log(t testing.TB) *slog.Logger { return bustest.Log(t) }

// world is a bus with the environment of snapshotters: a real store, a fake
// node, and a list of databases.
type world struct {
	t      *testing.T
	bus    *natsbus.Server
	s3     *s3test.Server
	store  bucket.Config
	node   *testNode
	leave  func() // removes the node from the registry
	client *snapshotapi.Client

	mu  sync.Mutex
	dbs []directoryapi.Database
}

const node1 nodeapi.NodeID = "n1"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, bus: bustest.Start(t), s3: s3(t), node: newNode(node1)}
	w.store = w.s3.Bucket("bucket")
	w.leave = w.node.start(t, w.bus, bustest.Role(t, w.bus, natsbus.QueryNode))
	plane := bustest.Role(t, w.bus, natsbus.ControlPlane)
	stop, err := directoryapi.Serve(plane, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	w.client = snapshotapi.NewClient(plane)
	return w
}

// ListDatabases implements directoryapi.Directory, in pages of two.
func (w *world) ListDatabases(_ context.Context, req directoryapi.ListRequest) (resp directoryapi.ListResponse, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.dbs {
		if d.Number <= req.After {
			continue
		}
		if len(resp.Databases) == min(req.Limit, 2) {
			resp.More = true
			break
		}
		resp.Databases = append(resp.Databases, d)
	}
	return resp, nil
}

// create adds a database on the node.
func (w *world) create(entity, database string) directoryapi.Database {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := directoryapi.Database{
		Number: int64(len(w.dbs) + 1), Path: ayb.DatabasePath{Entity: ayb.EntitySlug(entity), Database: ayb.DatabaseSlug(database)},
		Type: ayb.SQLite, Node: node1, CreatedAt: time.Now(),
	}
	w.dbs = append(w.dbs, d)
	return d
}

// running is a snapshotter.
type running struct {
	conn *natsbus.Conn
	out  *output
	stop func()
}

// kill ends the snapshotter abruptly, like a killed process.
func (r *running) kill() { r.conn.Close(); r.stop() }

type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// rounds returns the number of rounds so far.
func (r *running) rounds() int { return strings.Count(r.out.String(), "Creating snapshots...\n") }

// start starts a snapshotter and stops it with the test.
func (w *world) start(change func(*snapshotter.Config)) *running {
	w.t.Helper()
	s, r, err := w.make(change)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan struct{})
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		w.t.Fatal(err)
	}
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
		r.conn.Close()
	})
	w.t.Cleanup(r.stop)
	return r
}

func (w *world) make(change func(*snapshotter.Config)) (*snapshotter.Snapshotter, *running, error) {
	w.t.Helper()
	conn, err := natsbus.Connect(natsbus.ConnConfig{Role: natsbus.Snapshotter, Server: w.bus}, s3log(w.t))
	if err != nil {
		w.t.Fatal(err)
	}
	presence := nodeapi.NewPresence(time.Now)
	following, cancel := context.WithCancel(context.Background())
	followed := make(chan error, 1)
	go func() { followed <- presence.Follow(following, conn.NodeRegistry()) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-followed; err != nil {
			w.t.Error(err)
		}
		conn.Close()
	})
	store := w.store
	cfg := snapshotter.Config{Store: &store, Interval: 200 * time.Millisecond, Max: 6, MoveInterval: time.Millisecond, NodeTimeout: time.Second}
	if change != nil {
		change(&cfg)
	}
	r := &running{conn: conn, out: &output{}}
	s, err := snapshotter.New(cfg, snapshotter.Deps{
		Bus: conn, Lease: conn.SnapshotLease(), Queue: conn.SnapshotQueue(), Records: conn.SnapshotRecords(),
		Directory: directoryapi.NewClient(conn), Nodes: nodeapi.NewClient(conn, conn), LiveNodes: presence, Out: r.out, Log: s3log(w.t),
	})
	return s, r, err
}

// byHand configures a snapshotter without a schedule.
func byHand(c *snapshotter.Config) { c.Interval = 0 }

func (w *world) list(d directoryapi.Database) []snapshotapi.Snapshot {
	w.t.Helper()
	resp, err := w.client.ListSnapshots(w.t.Context(), snapshotapi.ListRequest{Database: known(d)})
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.Snapshots
}

func known(d directoryapi.Database) snapshotapi.Database {
	return snapshotapi.Database{Path: d.Path, CreatedAt: d.CreatedAt}
}

// stored waits until exactly the states with these contents are stored.
func (w *world) stored(d directoryapi.Database, contents ...string) {
	w.t.Helper()
	var want []string
	for _, c := range contents {
		want = append(want, hashOf(c))
	}
	slices.Sort(want)
	var got []string
	bustest.Until(w.t, "snapshots of "+strings.Join(contents, ", "), func() bool {
		got = nil
		for _, s := range w.list(d) {
			got = append(got, s.ID)
		}
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

// pass waits until a number of complete rounds have passed.
func (w *world) pass(r *running, rounds int) {
	w.t.Helper()
	n := r.rounds()
	bustest.Until(w.t, "rounds to pass", func() bool { return r.rounds() > n+rounds })
}

func (w *world) take(d directoryapi.Database) snapshotapi.TakeResponse {
	w.t.Helper()
	resp, err := w.client.TakeSnapshot(w.t.Context(), snapshotapi.TakeRequest{Database: known(d), Node: d.Node})
	if err != nil {
		w.t.Fatal(err)
	}
	return resp
}

func (w *world) load(d directoryapi.Database, id string) error {
	_, err := w.client.LoadSnapshot(w.t.Context(), snapshotapi.LoadRequest{Source: known(d), ID: id, Target: d.Path, Node: d.Node, Version: "v"})
	return err
}

// forget deletes all objects from the bucket directly.
func (w *world) forget() {
	w.t.Helper()
	for _, key := range w.s3.Keys(w.store.Bucket) {
		w.s3.Remove(w.store.Bucket, key)
	}
}
