package tests

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

const crowd = 64

// visitor is one client with its own connections.
type visitor struct {
	t      *testing.T
	client *httpapi.Client
	db     string
	number int
}

// cell requests one value.
func (v visitor) cell(ctx context.Context, sql string) string {
	r, err := v.client.Query(ctx, "alice", v.db, sql)
	if err != nil || len(r.Rows) != 1 || len(r.Rows[0]) != 1 || r.Rows[0][0] == nil {
		v.t.Errorf("visitor %d: %s: %v, %v", v.number, sql, r, err)
		return ""
	}
	return *r.Rows[0][0]
}

// visit writes and reads data of this visitor only, and requests constants of
// this visitor only.
func (v visitor) visit(ctx context.Context, times int) {
	sum := 0
	for i := range times {
		own := fmt.Sprintf("visitor %d, time %d", v.number, i)
		if got := v.cell(ctx, "SELECT '"+own+"'"); got != own {
			v.t.Errorf("%s got %q", own, got)
		}
		if got := v.cell(ctx, fmt.Sprintf("INSERT INTO t VALUES (%d, %d, '%s') RETURNING text", v.number, i, own)); got != own {
			v.t.Errorf("%s inserted %q", own, got)
		}
		sum += i
		want := fmt.Sprintf("%d/%d/%d", v.number, i+1, sum)
		if got := v.cell(ctx, fmt.Sprintf("SELECT min(who) || '/' || count(*) || '/' || sum(i) FROM t WHERE who = %d", v.number)); got != want {
			v.t.Errorf("%s counts %q, not %q", own, got, want)
		}
	}
}

type visitors []visitor

// run lets all visitors work at the same time.
func (vs visitors) run(ctx context.Context, times int) {
	var wg sync.WaitGroup
	for _, v := range vs {
		wg.Go(func() { v.visit(ctx, times) })
	}
	wg.Wait()
}

// Q2: 64 clients never get each other's answers, on one database and on 64
// databases.
func TestCrowdQ2(t *testing.T) {
	const table = "CREATE TABLE t(who INTEGER, i INTEGER, text TEXT, PRIMARY KEY (who, i))"
	for _, topology := range harness.Topologies() {
		t.Run(string(topology), func(t *testing.T) {
			srv := harness.Start(t, topology)
			alice := srv.Register("alice")
			t.Run("one database", func(t *testing.T) {
				alice.Create("one.sqlite")
				alice.Exec("one.sqlite", table)
				var all visitors
				for n := range crowd {
					all = append(all, visitor{t, srv.Client(alice.Token), "one.sqlite", n})
				}
				all.run(t.Context(), 20)
				if got := alice.Cell("one.sqlite", "SELECT count(DISTINCT who) || '/' || count(*) FROM t"); got != fmt.Sprintf("%d/%d", crowd, crowd*20) {
					t.Errorf("the table has %s", got)
				}
			})
			t.Run("databases of their own", func(t *testing.T) {
				var all visitors
				var wg sync.WaitGroup
				for n := range crowd {
					v := visitor{t, srv.Client(alice.Token), fmt.Sprintf("own%d.sqlite", n), n}
					all = append(all, v)
					wg.Go(func() { // all daemons start at the same moment, too
						if _, err := v.client.CreateDatabase(t.Context(), "alice", v.db, httpapi.CreateDatabaseRequest{DBType: "sqlite"}); err != nil {
							t.Errorf("create %s: %v", v.db, err)
						} else if _, err := v.client.Query(t.Context(), "alice", v.db, table); err != nil {
							t.Errorf("%s: %v", v.db, err)
						}
					})
				}
				wg.Wait()
				all.run(t.Context(), 10)
				if n := len(srv.Daemons()); n < crowd {
					t.Errorf("%d databases are in use by %d daemons", crowd, n)
				}
				for _, v := range all {
					if got, want := v.cell(t.Context(), "SELECT min(who) || '/' || max(who) || '/' || count(*) FROM t"), fmt.Sprintf("%d/%d/10", v.number, v.number); got != want {
						t.Errorf("%s has %q, not %q", v.db, got, want)
					}
				}
			})
		})
	}
}
