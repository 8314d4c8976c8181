package tests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// endlessRead computes until it is stopped.
const endlessRead = "WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c"

// limitedServer is a server with an account whose limits are set with `ayb
// admin` while the server runs.
type limitedServer struct {
	*harness.Server
	t     *testing.T
	alice *harness.User
}

// admin runs `ayb admin limits`.
func (w limitedServer) admin(args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), filepath.Join(w.Bin, "ayb"), append([]string{"admin", "--config", w.Config, "limits"}, args...)...)
	cmd.Dir = w.Dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("admin limits %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// wantHit checks the error of a limit: its code, its name, its value, and who
// can change it.
func (w limitedServer) wantHit(err error, code errs.Code, limit limits.Limit, value string) {
	w.t.Helper()
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Code != code || !strings.Contains(e.Message, "limits."+limit.String()) || !strings.Contains(e.Message, value) || !strings.Contains(e.Message, "operator of the server") {
		w.t.Errorf("%s: got %v, want %s that names the value %s", limit, err, code, value)
	}
}

func (w limitedServer) query(db, sql string) error {
	_, err := w.alice.Query(w.t.Context(), "alice", db, sql)
	return err
}

// Every limit is set for a database or an account of a running server, and then
// reached. The error is clear, the daemon survives, and the next query works.
// Other databases do not change.
func TestLimitsOfAccountsAndDatabases(t *testing.T) {
	for _, setting := range harness.Settings() {
		t.Run(setting.String(), func(t *testing.T) {
			w := limitedServer{Server: setting.Start(t), t: t}
			w.alice = w.Register("alice")
			w.alice.Create("other")
			t.Run("statements", w.statementLimits)
			t.Run("queries at once", w.queryLimits)
			t.Run("accounts", w.accountLimits)
			t.Run("noticed", func(t *testing.T) { w.changesAreNoticed(t, setting.Topology == harness.Split) })
		})
	}
}

// statementLimits reaches the limits that a single statement can reach.
func (w limitedServer) statementLimits(t *testing.T) {
	for _, tt := range []struct {
		limit limits.Limit
		set   string
		sql   string
		code  errs.Code
		value string
	}{
		{limits.DatabaseBytes, "1MiB", "INSERT INTO t VALUES (zeroblob(2000000))", errs.Full, "1 MiB"},
		{limits.HeapBytes, "2MiB", "INSERT INTO t SELECT length(randomblob(1500000) || randomblob(400000))", errs.SQL, "2 MiB"},
		{limits.StatementTimeout, "2s", endlessRead, errs.Timeout, "2 s"},
		{limits.ResultBytes, "1KiB", "SELECT printf('%2000s', 'x')", errs.TooLarge, "1 KiB"},
		{limits.RequestBytes, "1KiB", "SELECT '" + strings.Repeat("x", 2000) + "'", errs.TooLarge, "1024 bytes"},
	} {
		t.Run(tt.limit.String(), func(t *testing.T) {
			w.t = t
			db := tt.limit.String()
			w.alice.Create(db)
			w.admin("set", "alice/"+db, tt.limit.String()+"="+tt.set)
			w.alice.Exec(db, "CREATE TABLE t(x)")
			before := w.Daemons()
			w.wantHit(w.query(db, tt.sql), tt.code, tt.limit, tt.value)
			if got := w.alice.Cell(db, "SELECT count(*) FROM t"); got != "0" {
				t.Errorf("%s rows afterwards", got)
			}
			w.alice.Exec(db, "INSERT INTO t VALUES (1)")
			if after := w.Daemons(); !slices.Equal(before, after) {
				t.Errorf("daemons %v became %v", before, after)
			}
			if tt.limit == limits.StatementTimeout { // the server's own limit is too long for a test
				return
			}
			if err := w.query("other", "CREATE TABLE IF NOT EXISTS t(x); "+tt.sql); err != nil {
				t.Errorf("another database: %v", err)
			}
		})
	}
}

// run starts endless statements and waits until the node runs them. The returned
// function stops them.
func (w limitedServer) run(db string, n int) (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	var running sync.WaitGroup
	for range n {
		running.Go(func() { _, _ = w.alice.Query(ctx, "alice", db, endlessRead) }) // ended by stop
	}
	w.untilRunning(db, n)
	return func() {
		cancel()
		running.Wait()
		w.untilRunning(db, 0)
	}
}

func (w limitedServer) untilRunning(db string, n int) {
	w.t.Helper()
	harness.Until(w.t, fmt.Sprint(n, " queries to run on ", db), func() bool {
		u, err := w.alice.Usage(w.t.Context(), "alice", db)
		return err == nil && u.Running == n
	})
}

// queryLimits: the second statement waits, at most until its deadline.
func (w limitedServer) queryLimits(t *testing.T) {
	w.t = t
	w.alice.Create("queries")
	w.admin("set", "alice/queries", "queries_per_database=1")
	stop := w.run("queries", 2)
	harness.Until(t, "one to run and one to wait", func() bool {
		states := map[string]int{}
		list, err := w.alice.RunningQueries(t.Context(), "alice", "queries")
		for _, q := range list {
			states[q.State]++
		}
		return err == nil && states["running"] == 1 && states["waiting"] == 1
	})
	w.wantHit(w.queryWithDeadline("queries", "SELECT 1"), errs.Unavailable, limits.QueriesPerDatabase, "at most 1 statements")
	stop()
	w.alice.Exec("queries", "SELECT 1")
}

// queryWithDeadline runs a statement that may wait and run only for a moment.
func (w limitedServer) queryWithDeadline(db, sql string) error {
	w.t.Helper()
	body := strings.NewReader(fmt.Sprintf(`{"sql":%q,"timeout_ms":200}`, sql))
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.URL+"/v1/alice/"+db+"/query", body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+w.alice.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return httpapi.ToError(resp.StatusCode, answer)
}

// accountLimits reaches the limits of an account. Limits that are set now also
// hold for databases that have not been used yet.
func (w limitedServer) accountLimits(t *testing.T) {
	w.t = t
	w.alice.Create("account")
	owned, err := w.alice.Entity(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	n := len(owned.Databases)
	w.admin("set", "alice", "queries_per_account=2", fmt.Sprintf("databases_per_account=%d", n))
	stop := w.run("account", 2)
	w.wantHit(w.query("account", "SELECT 1"), errs.Unavailable, limits.QueriesPerAccount, "2 queries run")
	stop()
	w.alice.Exec("account", "SELECT 1")

	create := func() error {
		_, err := w.alice.CreateDatabase(t.Context(), "alice", "more", httpapi.CreateDatabaseRequest{DBType: "sqlite"})
		return err
	}
	w.wantHit(create(), errs.Forbidden, limits.DatabasesPerAccount, fmt.Sprintf("may have %d", n))
	w.admin("unset", "alice", "databases_per_account")
	if err := create(); err != nil {
		t.Error(err)
	}
	w.alice.Create("fresh") // not in any cache
	u, err := w.alice.Usage(t.Context(), "alice", "fresh")
	if err != nil || u.Account.Entity != "alice" || u.Account.Databases != n+2 || u.Account.Limits["queries_per_account"] != (httpapi.Limit{Value: 2, Source: "account"}) ||
		u.Limits["databases_per_account"] != (httpapi.Limit{Value: 1000, Source: "server"}) || len(u.Limits) != len(limits.All()) {
		t.Errorf("usage %+v, %v", u, err)
	}
}

// changesAreNoticed: with a connection to the bus a running server uses new
// limits at once; without one the program says how long that takes.
func (w limitedServer) changesAreNoticed(t *testing.T, split bool) {
	w.t = t
	w.alice.Create("noticed")
	w.alice.Exec("noticed", "CREATE TABLE t(x)")
	for _, most := range []int{1, 2, 3} {
		out := w.admin("set", "alice/noticed", fmt.Sprintf("result_bytes=%d", most*1000))
		if !split {
			if !strings.Contains(out, "within a minute") {
				t.Errorf("printed %s", out)
			}
			return
		}
		if !strings.Contains(out, "use the new limits now") {
			t.Errorf("printed %s", out)
		}
		for size, code := range map[int]errs.Code{most*1000 - 100: "", most*1000 + 1: errs.TooLarge} {
			if err := w.query("noticed", fmt.Sprintf("SELECT printf('%%%ds', 'x')", size)); errs.CodeOf(err) != code {
				t.Errorf("%d bytes of %d: %v", size, most*1000, err)
			}
		}
	}
}

// A query node accepts every value that an operator may set.
func TestLimitsMatchThoseOfNodes(t *testing.T) {
	for l, want := range map[limits.Limit][2]int64{
		limits.DatabaseBytes: {pool.MinDatabaseBytes, pool.MaxDatabaseBytes}, limits.HeapBytes: {pool.MinHeapBytes, pool.MaxHeapBytes},
		limits.QueriesPerDatabase: {1, pool.MaxQueries},
	} {
		if least, most := l.Bounds(limits.Values{}); least != want[0] || most != want[1] {
			t.Errorf("%s may be %d to %d, and a node takes %v", l, least, most, want)
		}
	}
}
