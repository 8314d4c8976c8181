package controlplane_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// crash is a control plane that ends, or gets no answer, at one of its calls to a
// node or a snapshotter: before the call is carried out, or after.
type crash struct {
	*world
	at    int
	how   way
	calls atomic.Int32
	met   atomic.Bool // it has happened
	dead  atomic.Bool
}

type way struct{ after, dies bool }

// arm sets the number of that call.
func (c *crash) arm() {
	c.node.before = func(verb string) error {
		if c.dead.Load() {
			return errs.E(errs.Internal, "nobody asks")
		}
		if n := int(c.calls.Add(1)); n == c.at && !c.how.after {
			return c.fail(verb)
		}
		return nil
	}
	c.node.after = func(verb string) error {
		if !c.dead.Load() && c.how.after && int(c.calls.Load()) == c.at {
			return c.fail(verb)
		}
		return nil
	}
}

func (c *crash) fail(verb string) error {
	c.met.Store(true)
	if !c.how.dies {
		return errs.E(errs.Unavailable, "there is no answer to %s", verb)
	}
	c.dead.Store(true)
	if err := c.cp.Close(); err != nil {
		c.t.Error(err)
	}
	return errs.E(errs.Internal, "the control plane died at %s", verb)
}

// revive starts another control plane on the same metadata, later, and runs it
// until all recorded work is done.
func (c *crash) revive(later time.Duration) {
	c.t.Helper()
	c.node.before = func(string) error { return nil }
	c.node.after = c.node.before
	c.mu.Lock()
	c.now = c.now.Add(later)
	c.mu.Unlock()
	c.works(c.another(), func() bool { return c.idle() })
}

func (c *crash) another() *controlplane.ControlPlane {
	c.t.Helper()
	cp, err := controlplane.New(controlplane.Config{PublicURL: "https://ayb.example.com/", DatabaseURL: "sqlite://" + c.path, FernetKey: fernetKey, TokenTTL: time.Hour, DeletionGrace: week},
		controlplane.Deps{Queries: c.node, Imports: c.node, Databases: c.node, Versions: c.node, Deleted: c.node, Nodes: c.node, Snapshots: c.node, Mail: c.mail,
			BusHealthy: func() error { return nil }, Log: slog.New(slog.NewTextHandler(c.log, nil)), Now: c.node.now})
	if err != nil {
		c.t.Fatal(err)
	}
	return cp
}

// works runs a control plane until a condition holds.
func (c *crash) works(cp *controlplane.ControlPlane, until func() bool) {
	c.t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = cp.Run(ctx, ln) }() // one that dies says so
	defer func() { cancel(); <-done }()
	for deadline := time.Now().Add(20 * time.Second); !until(); {
		if time.Now().After(deadline) {
			c.t.Fatalf("it does not come to an end; log:\n%s", c.log)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// ask returns the rows of a query on the metadata, as text.
func (c *crash) ask(q string) (out []string) {
	c.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+c.path+"?_busy_timeout=5000")
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), q)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			c.t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c *crash) idle() bool {
	left := c.ask(`SELECT (SELECT count(*) FROM purge_queue) + (SELECT count(*) FROM snapshot_task) +
		(SELECT count(*) FROM database WHERE pending_operation IS NOT NULL OR deleted_at < '` + c.node.now().Add(-week).UTC().Format("2006-01-02 15:04:05") + `')`)
	return left[0] == "0"
}

// consistent checks that files and records are of the same databases, and snapshots
// of existing ones. It returns the live databases.
func (c *crash) consistent() map[string]string {
	c.t.Helper()
	recorded := c.ask(`SELECT e.slug || '/' || d.slug FROM database d JOIN entity e ON e.id = d.entity_id WHERE d.deleted_at IS NULL ORDER BY 1`)
	if on := c.node.paths(); !slices.Equal(on, recorded) {
		c.t.Errorf("there are files of %v, and records of %v", on, recorded)
	}
	deleted := c.ask(`SELECT CAST(id AS TEXT) FROM database WHERE deleted_at IS NOT NULL ORDER BY 1`)
	if keys := c.node.keys(); !slices.Equal(keys, deleted) {
		c.t.Errorf("%v are soft-deleted files, and records are of %v", keys, deleted)
	}
	named := append(c.ask(`SELECT e.slug || '/' || substr(d.slug, 1, instr(d.slug, '~') - 1) FROM database d JOIN entity e ON e.id = d.entity_id WHERE d.deleted_at IS NOT NULL`), recorded...)
	live := map[string]string{}
	c.node.disks.mu.Lock()
	defer c.node.disks.mu.Unlock()
	for path := range c.node.stored {
		if !slices.Contains(named, path.String()) {
			c.t.Errorf("there are snapshots of %s, which is none of %v", path, named)
		}
	}
	for path, h := range c.node.homes {
		if h.live == "" {
			c.t.Errorf("%s has files and no state", path)
		}
		live[path.String()] = h.versions[h.live]
	}
	return live
}

// N11: whenever the control plane ends or gets no answer, a database has the old
// state or the new one. After the repair by another control plane, no file, record
// or snapshot is left over.
func TestCrashes(t *testing.T) {
	const old, fresh, past = "the old state", "the new state", "a state of the past"
	db := ayb.DatabasePath{Entity: "alice", Database: "db"}
	type setup func(c *crash, alice string)
	deleted := func(c *crash, alice string) {
		c.want(c.do("DELETE", "/v1/alice/db", "", "Authorization", alice), 200, `{}`)
	}
	besides := func(name, state string) []map[string]string {
		return []map[string]string{{"alice/db": old}, {"alice/db": old, name: state}}
	}
	for _, tt := range []struct {
		name   string
		before setup
		do     func(c *crash, alice, bob string)
		want   []map[string]string // one of these is live in the end, the last one without a crash
	}{
		{"import", nil, func(c *crash, alice, _ string) {
			c.do("POST", "/v1/alice/new/import?format=sqlite", fresh, "Authorization", alice)
		}, besides("alice/new", fresh)},
		{"replace", nil, func(c *crash, alice, _ string) {
			c.do("POST", "/v1/alice/db/import?format=sqlite&mode=replace", fresh, "Authorization", alice)
		}, []map[string]string{{"alice/db": old}, {"alice/db": fresh}}},
		{"fork", nil, func(c *crash, _, bob string) {
			c.do("POST", "/v1/alice/db/fork", `{"to":"bob/copy"}`, "Authorization", bob)
		}, besides("bob/copy", old)},
		{"restore", nil, func(c *crash, alice, _ string) {
			c.do("POST", "/v1/alice/db/restore_snapshot", idOf(past), "Authorization", alice)
		}, []map[string]string{{"alice/db": old}, {"alice/db": past}}},
		{"restore to", nil, func(c *crash, alice, _ string) {
			c.do("POST", "/v1/alice/db/restore_snapshot", `{"snapshot_id":"`+idOf(past)+`","to":"alice/new"}`, "Authorization", alice)
		}, besides("alice/new", past)},
		{"delete", nil, deletedBy, []map[string]string{{"alice/db": old}, {}}},
		{"undelete", deleted, func(c *crash, alice, _ string) {
			c.do("POST", "/v1/alice/db/undelete", "", "Authorization", alice)
		}, []map[string]string{{}, {"alice/db": old}}},
		{"rename", nil, func(c *crash, alice, _ string) {
			c.do("POST", "/v1/alice/db/rename", `{"to":"alice/renamed"}`, "Authorization", alice)
			c.works(c.another(), func() bool { return c.met.Load() || c.idle() })
		}, []map[string]string{{"alice/db": old}, {"alice/renamed": old}}},
		{"end of grace", deleted, func(c *crash, _, _ string) {
			c.mu.Lock()
			c.now = c.now.Add(week + time.Second)
			c.mu.Unlock()
			c.works(c.another(), func() bool { return c.met.Load() || c.idle() })
		}, []map[string]string{{}}},
		{"end of the account", deleted, func(c *crash, alice, _ string) {
			c.do("DELETE", "/v1/entity/alice", "", "Authorization", alice)
			c.works(c.another(), func() bool { return c.met.Load() || c.idle() })
		}, []map[string]string{{}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for at, more := 1, true; more; at++ {
				for _, how := range []way{{false, true}, {true, true}, {false, false}, {true, false}} {
					c := &crash{world: newWorld(t), at: at, how: how}
					alice, bob := c.account("alice"), c.account("bob")
					c.mustCreate(alice, "alice/db")
					c.publish(alice, "alice/db", "fork")
					c.node.write(db, past)
					c.do("POST", "/v1/alice/db/snapshots", "", "Authorization", alice)
					c.node.write(db, old)
					if tt.before != nil {
						tt.before(c, alice)
					}
					c.arm()
					tt.do(c, alice, bob)
					more = c.met.Load()
					c.revive(2 * time.Hour)
					got := c.consistent()
					want := tt.want
					if !more {
						want = want[len(want)-1:]
					}
					if !slices.ContainsFunc(want, func(w map[string]string) bool { return fmt.Sprint(w) == fmt.Sprint(got) }) {
						t.Errorf("call %d, %+v: %v is live", at, how, got)
					}
					if got["alice/db"] == past && !strings.Contains(fmt.Sprint(c.node.stored[db]), idOf(old)) {
						t.Errorf("died at call %d: the state before the restore is lost", at)
					}
					if t.Failed() {
						t.Fatalf("log:\n%s", c.log)
					}
					if !more && at == 1 {
						t.Error("it makes no call at which it could die")
					}
				}
			}
		})
	}
}

func deletedBy(c *crash, alice, _ string) {
	c.do("DELETE", "/v1/alice/db", "", "Authorization", alice)
}
