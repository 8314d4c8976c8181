package schedule_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/directoryapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/snapshotter/bucket"
	"github.com/ayb-go/ayb/snapshotter/bucket/s3test"
	"github.com/ayb-go/ayb/snapshotter/jobs"
	"github.com/ayb-go/ayb/snapshotter/schedule"
)

// hall fakes the environment of a schedule: databases with change tokens, and
// the queue.
type hall struct {
	nodeapi.Snapshots // only marks are asked for

	mu      sync.Mutex
	dbs     []directoryapi.Database
	marks   map[ayb.DatabasePath]string
	records map[string][]byte
	queued  map[string]jobs.Job
	calls   int
	// directory is called before each answer of the directory.
	directory func()
}

func newHall() *hall {
	return &hall{marks: map[ayb.DatabasePath]string{}, records: map[string][]byte{}, queued: map[string]jobs.Job{}, directory: func() {}}
}

func (h *hall) Hold(ctx context.Context, do func(context.Context)) error { do(ctx); return nil }

func (h *hall) LiveNodes() []nodeapi.NodeStatus { return []nodeapi.NodeStatus{{ID: "n1"}} }

func (h *hall) ListDatabases(_ context.Context, req directoryapi.ListRequest) (directoryapi.ListResponse, error) {
	h.directory()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	end := min(int(req.After)+req.Limit, len(h.dbs))
	return directoryapi.ListResponse{Databases: h.dbs[req.After:end], More: end < len(h.dbs)}, nil
}

func (h *hall) ListChangeTokens(_ context.Context, _ nodeapi.NodeID, req nodeapi.ChangeTokensRequest) (resp nodeapi.ChangeTokensResponse, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	for _, d := range h.dbs { // they are in the order of their paths
		if d.Path.String() <= req.After {
			continue
		}
		if len(resp.Tokens) == req.Limit {
			resp.More = true
			break
		}
		resp.Tokens = append(resp.Tokens, nodeapi.ChangeToken{Path: d.Path, Token: h.marks[d.Path]})
	}
	return resp, nil
}

func (h *hall) Put(_ context.Context, lane, id string, data []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var j jobs.Job
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	h.queued[lane+" "+id] = j
	return nil
}

func (h *hall) Work(context.Context, string, func(context.Context, bus.Job) error) error { return nil }

func (h *hall) Set(_ context.Context, key string, value []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if value == nil {
		delete(h.records, key)
	} else {
		h.records[key] = value
	}
	return nil
}

func (h *hall) All(context.Context) (map[string][]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string][]byte{}
	for k, v := range h.records {
		out[k] = v
	}
	return out, nil
}

func (h *hall) schedule(t *testing.T, store bucket.Config, records bus.KeyValue, say func(string, ...any)) *schedule.Schedule {
	t.Helper()
	s, err := bucket.New(store)
	if err != nil {
		t.Fatal(err)
	}
	sch, err := schedule.New(schedule.Config{Interval: 20 * time.Millisecond}, schedule.Deps{
		Lease: h, Queue: h, Records: records, Directory: h, Nodes: h, LiveNodes: h, Store: s, Printf: say, Log: bustest.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return sch
}

func id(i int) string { return fmt.Sprintf("%064x", i) }

// add adds a database whose state with this change token is recorded as stored.
func (h *hall) add(t *testing.T, name, mark string, rec *jobs.Record) ayb.DatabasePath {
	t.Helper()
	p := ayb.DatabasePath{Entity: "ann", Database: ayb.DatabaseSlug(name)}
	h.dbs = append(h.dbs, directoryapi.Database{Number: int64(len(h.dbs) + 1), Path: p, Node: "n1"})
	h.marks[p] = mark
	if rec != nil {
		if err := jobs.Save(t.Context(), h, p, *rec); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// A database is queued if it has changed, has no record, or if its snapshot is
// missing in the bucket. No other database is.
func TestWhatIsDue(t *testing.T) {
	server := s3test.Start(t)
	store := server.Bucket("bucket")
	h := newHall()
	for i, name := range []string{"a-same", "b-changed", "c-new", "d-lost", "e-never", "f-replaced"} {
		rec := &jobs.Record{ChangeToken: "m", ID: id(i)}
		mark := "m"
		switch name {
		case "b-changed":
			mark = "n"
		case "c-new", "e-never":
			rec = nil
		}
		if name == "e-never" {
			mark = ""
		}
		h.add(t, name, mark, rec)
		if name != "d-lost" && name != "f-replaced" {
			server.Put("bucket", "bucket/sqlite/ann/"+name+"/"+id(i), "x")
		}
	}
	// The bucket has another state of this database, and this state under the
	// name of another database.
	server.Put("bucket", "bucket/sqlite/ann/f-replaced/"+id(99), "x")
	server.Put("bucket", "bucket/sqlite/bob/f-replaced/"+id(5), "x")
	h.records["ann/gone"] = []byte(`{"mark":"m","id":"x"}`)
	h.records["ann/c-new"] = []byte(`{broken`)

	if err := h.schedule(t, store, h, t.Logf).Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for k := range h.queued {
		got = append(got, k)
	}
	slices.Sort(got)
	if want := []string{"n1 ann/b-changed", "n1 ann/c-new", "n1 ann/d-lost", "n1 ann/f-replaced"}; !slices.Equal(got, want) {
		t.Errorf("queued %q", got)
	}
	if j := h.queued["n1 ann/b-changed"]; j.Previous != id(1) || j.Node != "n1" || j.Path != h.dbs[1].Path {
		t.Errorf("job %+v", j)
	}
	if _, there := h.records["ann/gone"]; there {
		t.Error("the record of a database that is no more stays")
	}
}

// N5: rounds go on after a panic. They do not overlap or pile up.
func TestRoundsGoOn(t *testing.T) {
	server := s3test.Start(t)
	h := newHall()
	h.add(t, "a", "m", nil)
	var rounds, now, most atomic.Int64
	h.directory = func() {
		n := now.Add(1)
		defer now.Add(-1)
		most.Store(max(most.Load(), n))
		if rounds.Add(1) == 1 {
			panic("a defect")
		}
		<-time.After(60 * time.Millisecond) // longer than the interval
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	s := h.schedule(t, server.Bucket("bucket"), h, t.Logf)
	go func() { done <- s.Run(ctx) }()
	bustest.Until(t, "rounds after a panic", func() bool { return rounds.Load() > 4 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if most.Load() != 1 {
		t.Errorf("%d rounds at once", most.Load())
	}
	if len(h.queued) != 1 {
		t.Errorf("queued %v", h.queued)
	}
}

// P10: a round over thousands of idle databases costs one call for a thousand
// databases and one request to the store for a thousand snapshots. It starts no
// process.
func TestIdleDatabasesCostNothing(t *testing.T) {
	many := 2000
	if os.Getenv("AYB_TEST_FULL") == "1" {
		many = 10_000
	}
	server := s3test.Start(t)
	store := server.Bucket("bucket")
	h := newHall()
	root := filepath.Join(server.Dir, "bucket", "bucket", "sqlite", "ann")
	for i := range many {
		name := fmt.Sprintf("db-%05d", i)
		h.add(t, name, "m", &jobs.Record{ChangeToken: "m", ID: id(i)})
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, id(i)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	counter := server.FaultProxy() // only counts
	store = counter.Through(store)
	records := h.onTheBus(t)

	s := h.schedule(t, store, records, t.Logf)
	var requests int64
	for range 2 { // the second without the look for unfinished uploads
		before := counter.Requests()
		h.calls = 0
		start := time.Now()
		if err := s.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		requests = counter.Requests() - before
		t.Logf("a round over %d idle databases took %s: %d requests to the store, %d calls", many, time.Since(start).Round(time.Millisecond), requests, h.calls)
	}
	if len(h.queued) != 0 {
		t.Errorf("%d jobs for idle databases", len(h.queued))
	}
	if requests == 0 || requests > int64(many/1000+1) {
		t.Errorf("%d requests to the store", requests)
	}
	if h.calls > 2*(many/1000+1) {
		t.Errorf("%d calls", h.calls)
	}
}

// onTheBus stores the records on a real bus.
func (h *hall) onTheBus(t *testing.T) bus.KeyValue {
	t.Helper()
	records := bustest.Role(t, bustest.Start(t), natsbus.Snapshotter).SnapshotRecords()
	var group sync.WaitGroup
	next := make(chan string)
	for range 16 {
		group.Go(func() {
			for k := range next {
				if err := records.Set(t.Context(), k, h.records[k]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for k := range h.records {
		next <- k
	}
	close(next)
	group.Wait()
	return records
}

func TestNewRefuses(t *testing.T) {
	h := newHall()
	deps := schedule.Deps{Lease: h, Queue: h, Records: h, Directory: h, Nodes: h, LiveNodes: h, Store: &bucket.Store{}, Printf: t.Logf, Log: bustest.Log(t)}
	if _, err := schedule.New(schedule.Config{}, deps); err == nil || !strings.Contains(err.Error(), "interval") {
		t.Errorf("no interval: %v", err)
	}
	deps.Store = nil
	if _, err := schedule.New(schedule.Config{Interval: time.Second}, deps); err == nil {
		t.Error("no store")
	}
}
