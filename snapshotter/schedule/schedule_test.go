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

// environment fakes what surrounds a schedule: databases with change tokens, and
// the queue.
type environment struct {
	nodeapi.Snapshots // only change tokens are asked for

	mu      sync.Mutex
	dbs     []directoryapi.Database
	tokens  map[ayb.DatabasePath]string
	records map[string][]byte
	queued  map[string]jobs.Job
	calls   int
	// directory is called before each answer of the directory.
	directory func()
}

func newEnvironment() *environment {
	return &environment{tokens: map[ayb.DatabasePath]string{}, records: map[string][]byte{}, queued: map[string]jobs.Job{}, directory: func() {}}
}

func (e *environment) Hold(ctx context.Context, do func(context.Context)) error { do(ctx); return nil }

func (e *environment) LiveNodes() []nodeapi.NodeStatus { return []nodeapi.NodeStatus{{ID: "n1"}} }

func (e *environment) ListDatabases(_ context.Context, req directoryapi.ListRequest) (directoryapi.ListResponse, error) {
	e.directory()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	end := min(int(req.After)+req.Limit, len(e.dbs))
	return directoryapi.ListResponse{Databases: e.dbs[req.After:end], More: end < len(e.dbs)}, nil
}

func (e *environment) ListChangeTokens(_ context.Context, _ nodeapi.NodeID, req nodeapi.ChangeTokensRequest) (resp nodeapi.ChangeTokensResponse, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	for _, d := range e.dbs { // they are in the order of their paths
		if d.Path.String() <= req.After {
			continue
		}
		if len(resp.Tokens) == req.Limit {
			resp.More = true
			break
		}
		resp.Tokens = append(resp.Tokens, nodeapi.ChangeToken{Path: d.Path, Token: e.tokens[d.Path]})
	}
	return resp, nil
}

func (e *environment) Put(_ context.Context, partition, id string, data []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var j jobs.Job
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	e.queued[partition+" "+id] = j
	return nil
}

func (e *environment) Work(context.Context, string, func(context.Context, bus.Job) error) error {
	return nil
}

func (e *environment) Set(_ context.Context, key string, value []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if value == nil {
		delete(e.records, key)
	} else {
		e.records[key] = value
	}
	return nil
}

func (e *environment) All(context.Context) (map[string][]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string][]byte{}
	for k, v := range e.records {
		out[k] = v
	}
	return out, nil
}

func (e *environment) schedule(t *testing.T, store bucket.Config, records bus.KeyValue, say func(string, ...any)) *schedule.Schedule {
	t.Helper()
	s, err := bucket.New(store)
	if err != nil {
		t.Fatal(err)
	}
	sch, err := schedule.New(schedule.Config{Interval: 20 * time.Millisecond}, schedule.Deps{
		Lease: e, Queue: e, Records: records, Directory: e, Nodes: e, LiveNodes: e, Store: s, Printf: say, Log: bustest.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return sch
}

func id(i int) string { return fmt.Sprintf("%064x", i) }

// add adds a database whose state with this change token is recorded as stored.
func (e *environment) add(t *testing.T, name, token string, rec *jobs.Record) ayb.DatabasePath {
	t.Helper()
	p := ayb.DatabasePath{Entity: "ann", Database: ayb.DatabaseSlug(name)}
	e.dbs = append(e.dbs, directoryapi.Database{Number: int64(len(e.dbs) + 1), Path: p, Node: "n1"})
	e.tokens[p] = token
	if rec != nil {
		if err := jobs.Save(t.Context(), e, p, *rec); err != nil {
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
	e := newEnvironment()
	for i, name := range []string{"a-same", "b-changed", "c-new", "d-lost", "e-never", "f-replaced"} {
		rec := &jobs.Record{ChangeToken: "m", ID: id(i)}
		token := "m"
		switch name {
		case "b-changed":
			token = "n"
		case "c-new", "e-never":
			rec = nil
		}
		if name == "e-never" {
			token = ""
		}
		e.add(t, name, token, rec)
		if name != "d-lost" && name != "f-replaced" {
			server.Put("bucket", "bucket/sqlite/ann/"+name+"/"+id(i), "x")
		}
	}
	// The bucket has another state of this database, and this state under the
	// name of another database.
	server.Put("bucket", "bucket/sqlite/ann/f-replaced/"+id(99), "x")
	server.Put("bucket", "bucket/sqlite/bob/f-replaced/"+id(5), "x")
	e.records["ann/gone"] = []byte(`{"mark":"m","id":"x"}`)
	e.records["ann/c-new"] = []byte(`{broken`)

	if err := e.schedule(t, store, e, t.Logf).Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for k := range e.queued {
		got = append(got, k)
	}
	slices.Sort(got)
	if want := []string{"n1 ann/b-changed", "n1 ann/c-new", "n1 ann/d-lost", "n1 ann/f-replaced"}; !slices.Equal(got, want) {
		t.Errorf("queued %q", got)
	}
	if j := e.queued["n1 ann/b-changed"]; j.Previous != id(1) || j.Node != "n1" || j.Path != e.dbs[1].Path {
		t.Errorf("job %+v", j)
	}
	if _, there := e.records["ann/gone"]; there {
		t.Error("the record of a database that is no more stays")
	}
}

// N5: rounds go on after a panic. They do not overlap or pile up.
func TestRoundsGoOn(t *testing.T) {
	server := s3test.Start(t)
	e := newEnvironment()
	e.add(t, "a", "m", nil)
	var rounds, now, most atomic.Int64
	e.directory = func() {
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
	s := e.schedule(t, server.Bucket("bucket"), e, t.Logf)
	go func() { done <- s.Run(ctx) }()
	bustest.Until(t, "rounds after a panic", func() bool { return rounds.Load() > 4 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if most.Load() != 1 {
		t.Errorf("%d rounds at once", most.Load())
	}
	if len(e.queued) != 1 {
		t.Errorf("queued %v", e.queued)
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
	e := newEnvironment()
	root := filepath.Join(server.Dir, "bucket", "bucket", "sqlite", "ann")
	for i := range many {
		name := fmt.Sprintf("db-%05d", i)
		e.add(t, name, "m", &jobs.Record{ChangeToken: "m", ID: id(i)})
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
	records := e.onTheBus(t)

	s := e.schedule(t, store, records, t.Logf)
	var requests int64
	for range 2 { // the second without the look for unfinished uploads
		before := counter.Requests()
		e.calls = 0
		start := time.Now()
		if err := s.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		requests = counter.Requests() - before
		t.Logf("a round over %d idle databases took %s: %d requests to the store, %d calls", many, time.Since(start).Round(time.Millisecond), requests, e.calls)
	}
	if len(e.queued) != 0 {
		t.Errorf("%d jobs for idle databases", len(e.queued))
	}
	if requests == 0 || requests > int64(many/1000+1) {
		t.Errorf("%d requests to the store", requests)
	}
	if e.calls > 2*(many/1000+1) {
		t.Errorf("%d calls", e.calls)
	}
}

// onTheBus stores the records on a real bus.
func (e *environment) onTheBus(t *testing.T) bus.KeyValue {
	t.Helper()
	records := bustest.Role(t, bustest.Start(t), natsbus.Snapshotter).SnapshotRecords()
	var group sync.WaitGroup
	next := make(chan string)
	for range 16 {
		group.Go(func() {
			for k := range next {
				if err := records.Set(t.Context(), k, e.records[k]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for k := range e.records {
		next <- k
	}
	close(next)
	group.Wait()
	return records
}

func TestNewRefuses(t *testing.T) {
	e := newEnvironment()
	deps := schedule.Deps{Lease: e, Queue: e, Records: e, Directory: e, Nodes: e, LiveNodes: e, Store: &bucket.Store{}, Printf: t.Logf, Log: bustest.Log(t)}
	if _, err := schedule.New(schedule.Config{}, deps); err == nil || !strings.Contains(err.Error(), "interval") {
		t.Errorf("no interval: %v", err)
	}
	deps.Store = nil
	if _, err := schedule.New(schedule.Config{Interval: time.Second}, deps); err == nil {
		t.Error("no store")
	}
}
