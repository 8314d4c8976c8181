package tests

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

const (
	// hostileLimits are low, so that attacks reach them early.
	hostileLimits = `[limits]
database_bytes = "8MiB"
heap_bytes = "24MiB"
statement_timeout = "2s"
request_bytes = "2MiB"
[querynode]
idle_timeout = "2s"
`
	hostileRequestBytes = 2 << 20
	// A daemon has 24 MiB for SQLite, and copies of a few requests and answers;
	// a server the requests and answers of all of them on their way.
	daemonPeak = 128 << 20
	serverPeak = 192 << 20
)

// TestHostile attacks a server in the ways of a tenant. Each attack is refused
// or contained, the attacked database answers again at once, and neither the
// server nor another tenant is affected.
func TestHostile(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne, harness.WithConfig(hostileLimits))
	watch := watchMemory(t, srv)
	neighbour := startNeighbour(t, srv)
	mallory := srv.Register("mallory")
	t.Run("attacks", func(t *testing.T) { // ends after the last one
		t.Run("sql", func(t *testing.T) { t.Parallel(); hostileSQL(t, srv, mallory) })
		t.Run("http", func(t *testing.T) { t.Parallel(); hostileHTTP(t, srv, mallory) })
		t.Run("files", func(t *testing.T) { t.Parallel(); hostileFiles(t, srv, mallory) })
	})
	neighbour.check()
	watch.check()
	if out := srv.Process("ayb").Output(); strings.Contains(out, "panic") {
		t.Errorf("something panicked:\n%s", out)
	}
}

// attackResult is the answer to an attack.
type attackResult struct {
	status int
	body   string
	broken error // the body did not come to its end
}

// sendAttack sends a request of the attacker and reads up to 1 MiB of the
// answer.
func sendAttack(t *testing.T, method, url string, user *harness.User, body io.Reader, headers ...string) attackResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+user.Token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	resp, err := client.Do(req)
	if err != nil {
		return attackResult{broken: err}
	}
	defer func() { _ = resp.Body.Close() }() // closed early when the answer is endless
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return attackResult{resp.StatusCode, string(text), err}
}

// target is a database of the attacker.
type target struct {
	t    *testing.T
	w    *harness.Server
	user *harness.User
	db   string
}

var targets atomic.Int64

func newTarget(t *testing.T, srv *harness.Server, user *harness.User) target {
	t.Helper()
	name := fmt.Sprintf("target%d.sqlite", targets.Add(1))
	if _, err := user.CreateDatabase(t.Context(), user.Name, name, httpapi.CreateDatabaseRequest{DBType: "sqlite"}); err != nil {
		t.Fatal(err)
	}
	return target{t, srv, user, name}
}

func (a target) url() string { return a.w.URL + httpapi.DatabasePath(a.user.Name, a.db, "query") }

// sql sends SQL as plain text.
func (a target) sql(sql string) attackResult {
	a.t.Helper()
	return sendAttack(a.t, http.MethodPost, a.url(), a.user, strings.NewReader(sql))
}

// survives checks that the database works as before. Because of the tight
// limits, on a busy machine the first try may be too slow.
func (a target) survives() {
	a.t.Helper()
	var got attackResult
	harness.Until(a.t, "the database to have time", func() bool {
		got = a.sql("SELECT 6 * 7")
		return got.status != http.StatusRequestTimeout && got.status != http.StatusServiceUnavailable
	})
	if got.status != http.StatusOK || got.body != `{"fields":["6 * 7"],"rows":[["42"]]}` {
		a.t.Errorf("the next query got %d %.300s %v", got.status, got.body, got.broken)
	}
}

// wants checks an answer, and that it contains no internals of the server.
func (r attackResult) wants(t *testing.T, srv *harness.Server, status int, says string) {
	t.Helper()
	if r.broken != nil || status > 0 && r.status != status || !strings.Contains(r.body, says) {
		t.Errorf("got %d %.400s %v; want %d %q", r.status, r.body, r.broken, status, says)
	}
	if r.status != http.StatusOK && !strings.HasPrefix(r.body, `{"type":"`) {
		t.Errorf("the error %d has the body %.200q", r.status, r.body)
	}
	for _, secret := range []string{srv.Dir, "/databases/", "goroutine", ".go:"} {
		if strings.Contains(r.body, secret) {
			t.Errorf("the answer names %q: %.400s", secret, r.body)
		}
	}
}

// quietNeighbour is another tenant, who works during the attacks.
type quietNeighbour struct {
	t      *testing.T
	user   *harness.User
	stop   chan struct{}
	done   sync.WaitGroup
	rounds int
	worst  time.Duration
}

func startNeighbour(t *testing.T, srv *harness.Server) *quietNeighbour {
	t.Helper()
	n := &quietNeighbour{t: t, user: srv.Register("alice"), stop: make(chan struct{})}
	n.user.Create("shop.sqlite")
	// This allows for a busy machine.
	if out, err := exec.CommandContext(t.Context(), filepath.Join(srv.Bin, "ayb"), "admin", "limits", "set", "alice", "statement_timeout=1m", "--config", srv.Config).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n.user.Exec("shop.sqlite", "CREATE TABLE t(n INTEGER PRIMARY KEY, v TEXT)")
	n.done.Go(n.work)
	return n
}

func (n *quietNeighbour) work() {
	for {
		select {
		case <-n.stop:
			return
		default:
		}
		n.rounds++
		begin := time.Now()
		n.ask(fmt.Sprintf("INSERT INTO t VALUES (%d, 'v%[1]d') RETURNING v", n.rounds), fmt.Sprintf("v%d", n.rounds))
		n.ask("SELECT count(*) || '/' || sum(n) FROM t", fmt.Sprintf("%d/%d", n.rounds, n.rounds*(n.rounds+1)/2))
		n.worst = max(n.worst, time.Since(begin))
	}
}

func (n *quietNeighbour) ask(sql, want string) {
	r, err := n.user.Query(context.Background(), "alice", "shop.sqlite", sql)
	if err != nil || len(r.Rows) != 1 || r.Rows[0][0] == nil || *r.Rows[0][0] != want {
		n.t.Errorf("the neighbour asked %s and got %v, %v", sql, r, err)
	}
}

func (n *quietNeighbour) check() {
	n.t.Helper()
	close(n.stop)
	n.done.Wait()
	n.t.Logf("the neighbour made %d rounds, the slowest in %s", n.rounds, n.worst)
	if n.rounds < 10 || n.worst > 10*time.Second {
		n.t.Errorf("the neighbour was held up")
	}
	if got := n.user.Cell("shop.sqlite", "PRAGMA integrity_check"); got != "ok" {
		n.t.Errorf("the neighbour's database: %s", got)
	}
}

// memoryWatch follows the memory of the largest daemon.
type memoryWatch struct {
	t    *testing.T
	w    *harness.Server
	stop chan struct{}
	done sync.WaitGroup
	peak int64
}

func watchMemory(t *testing.T, srv *harness.Server) *memoryWatch {
	m := &memoryWatch{t: t, w: srv, stop: make(chan struct{})}
	server := srv.Process("ayb")
	m.done.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			for _, pid := range server.Children() {
				m.peak = max(m.peak, harness.PeakRSS(pid))
			}
			select {
			case <-m.stop:
				return
			case <-tick.C:
			}
		}
	})
	return m
}

func (m *memoryWatch) check() {
	m.t.Helper()
	close(m.stop)
	m.done.Wait()
	server := harness.PeakRSS(m.w.Process("ayb").PID())
	m.t.Logf("the server had %d MB at most, the largest daemon %d MB", server>>20, m.peak>>20)
	if harness.Race() {
		return // the detector multiplies memory
	}
	if server > serverPeak || m.peak > daemonPeak || m.peak == 0 {
		m.t.Errorf("allowed are %d MB and %d MB", serverPeak>>20, daemonPeak>>20)
	}
}
