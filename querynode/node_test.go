package querynode_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode"
	"github.com/ayb-go/ayb/querynode/daemon"
	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/querynode/engine/sqlite"
	"github.com/ayb-go/ayb/querynode/sandbox"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// The daemons of these tests run this test binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == daemonargs.Command {
		os.Exit(daemon.Main(os.Args[2:], sqlite.Open))
	}
	os.Exit(m.Run())
}

// node is a running query node on a bus, as a control plane sees it.
type node struct {
	t      *testing.T
	id     nodeapi.NodeID
	data   string
	client *nodeapi.Client
	report sandbox.Report
	role   *querynode.Node
}

func start(t *testing.T, change func(*querynode.Config)) *node {
	t.Helper()
	s := bustest.Start(t)
	n := &node{t: t, data: t.TempDir()}
	cfg := querynode.Config{
		DataPath: n.data, MaxDaemons: 10, IdleTimeout: time.Minute, Readers: 4, HeapBytes: 64 << 20,
		DatabaseBytes: 64 << 20, RequestBytes: 16 << 20, StatementTimeout: 10 * time.Second,
	}
	if change != nil {
		change(&cfg)
	}
	n.data = cfg.DataPath
	conn := bustest.Role(t, s, natsbus.QueryNode)
	q, err := querynode.New(t.Context(), cfg, querynode.Deps{
		Bus: conn, Registry: conn.NodeRegistry(), Log: bustest.Log(t),
		Isolation: func(r sandbox.Report) { n.report = r },
	})
	if err != nil {
		t.Fatal(err)
	}
	n.id, n.role = q.ID(), q
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx, func() {}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	control := bustest.Role(t, s, natsbus.ControlPlane)
	n.client = nodeapi.NewClient(control, control)
	t.Cleanup(n.client.Close)
	bustest.Until(t, "the node to serve", func() bool {
		_, err := n.client.DiscardDatabase(t.Context(), n.id, nodeapi.DiscardRequest{Path: path("none")})
		return err == nil
	})
	return n
}

func path(name string) ayb.DatabasePath {
	return ayb.DatabasePath{Entity: "alice", Database: ayb.DatabaseSlug(name)}
}

func (n *node) create(name string) {
	n.t.Helper()
	if _, err := n.client.CreateDatabase(n.t.Context(), n.id, nodeapi.CreateRequest{Path: path(name), Type: ayb.SQLite}); err != nil {
		n.t.Fatal(err)
	}
}

type result struct {
	Fields []string
	Rows   [][]*string
}

func (n *node) query(ctx context.Context, name string, mode ayb.QueryLevel, sql string) (result, error) {
	var r result
	a, err := n.client.Query(ctx, n.id, nodeapi.QueryRequest{
		Path: path(name), Type: ayb.SQLite, Mode: mode, Format: nodeapi.FormatCompat, Body: []byte(sql),
	})
	if err != nil {
		return r, err
	}
	defer a.Close()
	var text []byte
	for {
		p, last, err := a.Next(ctx)
		if err != nil {
			return r, err
		}
		if text = append(text, p...); last {
			return r, json.Unmarshal(text, &r)
		}
	}
}

// cell runs a query that gives one value.
func (n *node) cell(name, sql string) string {
	n.t.Helper()
	r, err := n.query(n.t.Context(), name, ayb.QueryReadWrite, sql)
	if err != nil || len(r.Rows) != 1 || r.Rows[0][0] == nil {
		n.t.Fatalf("%s: %v, %v", sql, r, err)
	}
	return *r.Rows[0][0]
}

func (n *node) exec(name, sql string) {
	n.t.Helper()
	if _, err := n.query(n.t.Context(), name, ayb.QueryReadWrite, sql); err != nil {
		n.t.Fatalf("%s: %v", sql, err)
	}
}

// daemons are the processes whose parent is this test and that are daemons.
func daemons(t *testing.T) []int {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has ended
		}
		for id := range strings.FieldsSeq(string(b)) {
			pid, err := strconv.Atoi(id)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, pid)
		}
	}
	return out
}

func TestQuery(t *testing.T) {
	n := start(t, nil)
	if !n.report.Complete() {
		t.Errorf("the sandbox is not complete here: %+v", n.report)
	}
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); INSERT INTO t VALUES (41); UPDATE t SET x = x + 1")
	if got := n.cell("a", "SELECT x FROM t"); got != "42" {
		t.Errorf("got %s", got)
	}
	if _, err := n.query(t.Context(), "a", ayb.QueryReadOnly, "DELETE FROM t"); !errs.Is(err, errs.ReadOnly) {
		t.Errorf("a reader's DELETE gave %v", err)
	}
	if _, err := n.query(t.Context(), "missing", ayb.QueryReadOnly, "SELECT 1"); !errs.Is(err, errs.Engine) || strings.Contains(err.Error(), n.data) {
		t.Errorf("a database that is not here gave %v", err)
	}
	for _, evil := range []string{"..", "../alice/a", "a/../../etc", ""} {
		if _, err := n.query(t.Context(), evil, ayb.QueryReadOnly, "SELECT 1"); !errs.Is(err, errs.InvalidSlug) {
			t.Errorf("path %q gave %v", evil, err)
		}
	}
}

// Q1: a crashed daemon is replaced, and waiting clients get an error.
func TestCrashedDaemonIsReplacedQ1(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x)")
	for i := range 5 {
		n.exec("a", fmt.Sprintf("INSERT INTO t VALUES (%d)", i))
		failed := make(chan error, 1)
		go func() {
			_, err := n.query(t.Context(), "a", ayb.QueryReadOnly, endless)
			failed <- err
		}()
		pids := daemons(t)
		if len(pids) != 1 {
			t.Fatalf("daemons %v", pids)
		}
		if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; err != nil && !errs.Is(err, errs.Engine) && !errs.Is(err, errs.Timeout) {
			t.Errorf("the statement in flight was told %v", err)
		}
		if got := n.cell("a", "SELECT count(*) FROM t"); got != strconv.Itoa(i+1) {
			t.Errorf("%s rows after %d acknowledged inserts", got, i+1)
		}
	}
}

const endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"

// Large simultaneous requests are refused before the daemon runs out of memory,
// with which all of its statements would fail.
func TestManyLargeRequestsDoNotKillTheDaemon(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x)")
	before := daemons(t)
	sql := "SELECT 1 --" + strings.Repeat("x", 15<<20)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := n.query(t.Context(), "a", ayb.QueryReadOnly, sql); err != nil && !errs.Is(err, errs.Unavailable) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if after := daemons(t); !slices.Equal(before, after) {
		t.Errorf("daemons %v became %v", before, after)
	}
	if _, err := n.query(t.Context(), "a", ayb.QueryReadOnly, sql); err != nil {
		t.Errorf("one alone: %v", err)
	}
}

// Q3: time is limited, and a disconnected client stops its statement.
func TestTimeAndCancelQ3(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.StatementTimeout = 2 * time.Second; c.Readers = 1 })
	n.create("a")
	n.exec("a", "CREATE TABLE t(x)")
	if _, err := n.query(t.Context(), "a", ayb.QueryReadWrite, endless); !errs.Is(err, errs.Timeout) {
		t.Errorf("an endless statement gave %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := n.query(ctx, "a", ayb.QueryReadWrite, endless)
		gone <- err
	}()
	cancel()
	if err := <-gone; !errs.Is(err, errs.Canceled) && !errs.Is(err, errs.Timeout) {
		t.Errorf("a canceled statement gave %v", err)
	}
	if got := n.cell("a", "SELECT 1"); got != "1" { // the only reader is free again
		t.Errorf("got %s", got)
	}
}

// P9: idle daemons are retired, and at most the configured number run.
func TestIdleAndCapP9(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.MaxDaemons = 3; c.IdleTimeout = 300 * time.Millisecond })
	most := 0
	for i := range 8 {
		name := fmt.Sprintf("db%d", i)
		n.create(name)
		n.exec(name, fmt.Sprintf("CREATE TABLE t AS SELECT %d AS x", i))
		most = max(most, len(daemons(t)))
	}
	if most > 3 {
		t.Errorf("%d daemons ran at once", most)
	}
	for i := range 8 {
		if got := n.cell(fmt.Sprintf("db%d", i), "SELECT x FROM t"); got != strconv.Itoa(i) {
			t.Errorf("db%d holds %s", i, got)
		}
	}
	bustest.Until(t, "all daemons to retire", func() bool { return len(daemons(t)) == 0 })
	bustest.Until(t, "db0 to be open again", func() bool { // the places are free a moment after the processes have ended
		r, err := n.query(t.Context(), "db0", ayb.QueryReadWrite, "SELECT x FROM t")
		if err != nil && !errs.Is(err, errs.Unavailable) {
			t.Fatal(err)
		}
		return err == nil && len(r.Rows) == 1 && *r.Rows[0][0] == "0"
	})
}

func TestBusyPlacesAreUnavailable(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.MaxDaemons = 1 })
	n.create("a")
	n.create("b")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = n.query(ctx, "a", ayb.QueryReadWrite, endless) // ended by cancel
	}()
	bustest.Until(t, "the place to be taken", func() bool { return len(daemons(t)) == 1 })
	if _, err := n.query(t.Context(), "b", ayb.QueryReadWrite, "SELECT 1"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v", err)
	}
	cancel()
	<-done
	bustest.Until(t, "the place to be free", func() bool {
		_, err := n.query(t.Context(), "b", ayb.QueryReadWrite, "SELECT 1")
		return err == nil
	})
}

// Q2: every caller gets the answer to its own query, while others cancel theirs
// at any moment.
func TestAnswersAreNeverMixedUpQ2(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x)")
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			for i := range 30 {
				want := fmt.Sprintf("%d/%d", g, i)
				ctx, cancel := context.WithCancel(t.Context())
				if i%3 == 0 {
					go cancel()
				}
				r, err := n.query(ctx, "a", ayb.QueryReadWrite, "SELECT '"+want+"'")
				cancel()
				if err != nil && !errs.Is(err, errs.Canceled) {
					t.Errorf("%s: %v", want, err)
				}
				if err == nil && *r.Rows[0][0] != want {
					t.Errorf("%s got %s", want, *r.Rows[0][0])
				}
			}
		})
	}
	wg.Wait()
}

// P3: the first queries of many databases start their daemons in parallel, and
// answers are not mixed up.
func TestManyDatabasesAtOnce(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.MaxDaemons = 2 * 64 }) // an account has half of them at most
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			name := fmt.Sprintf("db%d", g)
			n.create(name)
			for i := range 5 {
				sql := fmt.Sprintf("CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES (%d); SELECT sum(x) || '-%d' FROM t", g, i)
				r, err := n.query(t.Context(), name, ayb.QueryReadWrite, sql)
				if want := fmt.Sprintf("%d-%d", g*(i+1), i); err != nil || *r.Rows[0][0] != want {
					t.Errorf("%s: %v, %v; want %s", name, r, err, want)
				}
			}
		})
	}
	wg.Wait()
}

// A database can be deleted while statements run on it, and a new one with its
// name is empty.
func TestDelete(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.create("b")
	n.exec("a", "CREATE TABLE t(x)")
	told := make(chan error, 1)
	go func() {
		_, err := n.query(t.Context(), "a", ayb.QueryReadWrite, endless)
		told <- err
	}()
	bustest.Until(t, "a statement to run", func() bool { return len(daemons(t)) == 1 })
	for range 2 { // the second time there is nothing to do
		if _, err := n.client.DeleteDatabase(t.Context(), n.id, nodeapi.DeleteRequest{Path: path("a")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-told; err == nil {
		t.Error("a statement on a deleted database succeeded")
	}
	if _, err := os.Stat(filepath.Join(n.data, "databases", "alice", "a")); !os.IsNotExist(err) {
		t.Errorf("files are left: %v", err)
	}
	n.create("a")
	if got := n.cell("a", "SELECT count(*) FROM sqlite_schema"); got != "0" {
		t.Errorf("the new database has %s tables", got)
	}
	if got := n.cell("b", "SELECT 1"); got != "1" {
		t.Errorf("the neighbour answers %s", got)
	}
}

func TestNodeIDStays(t *testing.T) {
	dir := t.TempDir()
	ids := map[nodeapi.NodeID]bool{}
	for range 2 {
		s := bustest.Start(t)
		conn := bustest.Role(t, s, natsbus.QueryNode)
		q, err := querynode.New(t.Context(), querynode.Config{DataPath: dir}, querynode.Deps{
			Bus: conn, Registry: conn.NodeRegistry(), Log: bustest.Log(t), Isolation: func(sandbox.Report) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[q.ID()] = true
		if _, err := querynode.New(t.Context(), querynode.Config{DataPath: dir}, querynode.Deps{
			Bus: conn, Registry: conn.NodeRegistry(), Log: bustest.Log(t), Isolation: func(sandbox.Report) {},
		}); err == nil || !strings.Contains(err.Error(), "used by another query node") {
			t.Errorf("a second node on the same directory: %v", err)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(ids) != 1 {
		t.Errorf("ids %v", ids)
	}
}
