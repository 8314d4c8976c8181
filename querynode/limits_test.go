package querynode_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// limited runs a query with limits of the database's own.
func (n *node) limited(ctx context.Context, name string, own daemonapi.Limits, timeout time.Duration, sql string) (result, error) {
	var r result
	a, err := n.client.Query(ctx, n.id, nodeapi.QueryRequest{
		Path: path(name), Type: ayb.SQLite, Mode: ayb.QueryReadWrite, Format: nodeapi.FormatCompat, Limits: own, Timeout: timeout, Body: []byte(sql),
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

func fill(bytes int) string {
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES (zeroblob(%d))", bytes)
}

// A daemon starts with the limits of its database. Other limits take effect
// with the next request, and the data stays.
func TestLimitsOfADatabase(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.DatabaseBytes = 4 << 20 })
	n.create("a")
	ctx := t.Context()
	for _, step := range []struct {
		own  daemonapi.Limits
		size int
		code errs.Code
	}{
		{daemonapi.Limits{}, 3 << 20, ""},
		{daemonapi.Limits{}, 3 << 20, errs.Full},
		{daemonapi.Limits{DatabaseBytes: 16 << 20}, 3 << 20, ""},
		{daemonapi.Limits{DatabaseBytes: 16 << 20}, 16 << 20, errs.Full},
		{daemonapi.Limits{DatabaseBytes: 1 << 20}, 100_000, errs.Full}, // it is larger already
		{daemonapi.Limits{HeapBytes: 2 << 20, DatabaseBytes: 64 << 20}, 1 << 20, ""},
		{daemonapi.Limits{HeapBytes: 2 << 20, DatabaseBytes: 64 << 20}, 8 << 20, errs.SQL}, // out of memory
		{daemonapi.Limits{DatabaseBytes: 64 << 20}, 8 << 20, ""},
	} {
		_, err := n.limited(ctx, "a", step.own, 0, fill(step.size))
		if step.code == "" && err != nil || step.code != "" && err == nil {
			t.Errorf("%d bytes within %+v: %v", step.size, step.own, err)
		}
		if step.code == errs.Full && !errs.Is(err, errs.Full) {
			t.Errorf("%d bytes within %+v: %v", step.size, step.own, err)
		}
		// The next query works.
		if _, err := n.limited(ctx, "a", step.own, 0, "SELECT count(*) FROM t"); err != nil {
			t.Errorf("after %d bytes within %+v: %v", step.size, step.own, err)
		}
	}
	if got := n.cell("a", "SELECT count(*) || ' ' || sum(length(x)) FROM t"); got != fmt.Sprint("4 ", 6<<20+1<<20+8<<20) {
		t.Errorf("the database holds %s", got)
	}
}

// The time limit of a database may be longer or shorter than the node's.
func TestTimeoutOfADatabase(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.StatementTimeout = 300 * time.Millisecond })
	n.create("a")
	for timeout, want := range map[time.Duration]string{100 * time.Millisecond: "100 ms", 0: "300 ms", time.Second: "1 s"} {
		begin := time.Now()
		_, err := n.limited(t.Context(), "a", daemonapi.Limits{}, timeout, endless)
		if took := time.Since(begin); !errs.Is(err, errs.Timeout) || !strings.Contains(err.Error(), " "+want+" ") || took < timeout {
			t.Errorf("limit %s: %v after %s", timeout, err, took)
		}
	}
}

// New limits do not disturb running statements. Later statements wait for
// these, and two daemons never run at once.
func TestNewLimitsWaitForWhatRuns(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.MaxDaemons = 1 })
	n.create("a")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := make(chan error, 1)
	n.exec("a", "CREATE TABLE t(x)")
	go func() {
		_, err := n.limited(ctx, "a", daemonapi.Limits{}, 0, endless)
		told <- err
	}()
	n.untilRequests("a", 1)
	next := make(chan error, 1)
	go func() {
		_, err := n.limited(t.Context(), "a", daemonapi.Limits{Queries: 1}, 0, "INSERT INTO t VALUES (1)")
		next <- err
	}()
	n.untilRequests("a", 2)
	select {
	case err := <-next:
		t.Fatalf("it did not wait: %v", err)
	case err := <-told:
		t.Fatalf("what ran was ended: %v", err)
	default:
	}
	if got := len(daemons(t)); got != 1 {
		t.Errorf("%d daemons", got)
	}
	cancel()
	if err := <-told; err == nil {
		t.Error("the endless statement has ended")
	}
	if err := <-next; err != nil {
		t.Error(err)
	}
	n.untilRequests("a", 0)
}

// Requests with alternating limits are all answered, as from two control planes
// of which one has not learned of a change.
func TestLimitsByTurns(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.MaxDaemons = 1 })
	n.create("a")
	n.exec("a", "CREATE TABLE t(x)")
	done := make(chan error, 60)
	for i := range 60 {
		go func() {
			_, err := n.limited(t.Context(), "a", daemonapi.Limits{Queries: 1 + i%2}, 0, "INSERT INTO t VALUES (1)")
			done <- err
		}()
	}
	for range 60 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := n.cell("a", "SELECT count(*) FROM t"); got != "60" {
		t.Errorf("%s rows", got)
	}
}

func (n *node) untilRequests(name string, want int) {
	n.t.Helper()
	bustest.Until(n.t, fmt.Sprint(want, " requests"), func() bool {
		u, err := n.client.DatabaseUsage(n.t.Context(), n.id, nodeapi.UsageRequest{Path: path(name)})
		return err == nil && u.Requests == want
	})
}

// Usage measures files and starts nothing.
func TestUsage(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	usage := func(name string) (nodeapi.UsageResponse, error) {
		return n.client.DatabaseUsage(t.Context(), n.id, nodeapi.UsageRequest{Path: path(name)})
	}
	if u, err := usage("a"); err != nil || u != (nodeapi.UsageResponse{}) || len(daemons(t)) != 0 {
		t.Errorf("a database never written: %+v, %v, %d daemons", u, err, len(daemons(t)))
	}
	n.exec("a", fill(1<<20))
	if u, err := usage("a"); err != nil || u.DatabaseBytes+u.WALBytes < 1<<20 || u.Requests != 0 {
		t.Errorf("after a write: %+v, %v", u, err)
	}
	if _, err := usage("missing"); !errs.Is(err, errs.Engine) || strings.Contains(err.Error(), n.data) {
		t.Errorf("a missing one: %v", err)
	}
	if _, err := usage("../a"); !errs.Is(err, errs.InvalidSlug) {
		t.Errorf("a path that is none: %v", err)
	}
}
