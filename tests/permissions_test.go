package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/tests/harness"
)

// TestPermissions checks the tables of permissions with real servers: caller ×
// public level × operation, with plain and with scoped tokens. Topologies and
// metadata stores are tried in pairs.
func TestPermissions(t *testing.T) {
	for _, setting := range harness.Settings() {
		t.Run(setting.String(), func(t *testing.T) {
			srv := startPermissionTest(t, setting)
			t.Run("plain tokens", srv.plainTokens)
			t.Run("read-only means read-only", srv.readOnly)
			t.Run("scoped tokens", srv.scopedTokens)
			t.Run("at once", srv.atOnce)
			t.Run("running queries", srv.runningQueries)
		})
	}
}

func (w *permissionTest) plainTokens(t *testing.T) {
	for _, name := range callers {
		for _, level := range w.levels {
			w.forEachCaller(t, name+"/"+level, func() { w.plainCell(name, level, plain(name, level)) })
		}
	}
}

func (w *permissionTest) plainCell(name, level string, r rights) {
	c := w.as(name)
	if got := slices.Contains(c.listed(), level); got != r.discover {
		w.t.Errorf("listed is %t", got)
	}
	switch {
	case r.discover:
		w.want(c.details(level), 200, detailsOf(r, level))
	case name == "anonymous":
		w.want(c.details(level), 401, `{"type":"Unauthorized","message":"Database olivia/`+level+` is not accessible"}`)
	default:
		w.want(c.details(level), 403, `{"type":"Unauthorized","message":"Authenticated entity `+name+` can't access database olivia/`+level+`"}`)
	}
	if name == "anonymous" {
		for _, got := range []reply{c.query(level, "SELECT 1 AS one"), c.query(level, "DELETE FROM t"), c.permissions(level), c.update(level, level), c.share(level, "guest", "manager"),
			c.schema(level), c.running(level), c.cancel(level, "none"), c.export(level), c.importCSV(level), c.fork(level, "anonymous/x"),
			c.replaceBy(level, "x"), c.snapshots(level), c.takeSnapshot(level), c.restore(level), c.rename(level, "olivia/x"), c.deleteDatabase(level), c.undelete(level)} {
			w.want(got, 401, needToken)
		}
		return
	}
	w.queries(c, name, level, r)
	if r.manage {
		w.manages(c, level)
		// Only the owner sees the limits.
		if got := c.usage(level); got.status != 200 || strings.Contains(got.body, `"account":{"entity":"olivia",`) != (name == "olivia") || strings.Contains(got.body, `"limits"`) != (name == "olivia") {
			w.t.Errorf("usage: %d %s", got.status, got.body)
		}
		w.data(c, name, level, r)
		return
	}
	w.data(c, name, level, r)
	w.want(c.usage(level), 403, other("see the usage of database", name, level))
	w.want(c.permissions(level), 403, other("list permissions for database", name, level))
	w.want(c.update(level, "read-only"), 403, other("update database", name, level))
	w.want(c.share(level, "guest", "manager"), 403, other("set permissions for database", name, level))
	w.want(c.share(level, name, "manager"), 403, other("set permissions for database", name, level))
	w.want(c.share(level, "Olivia", "no-access"), 400, `{"type":"CantSetOwnerPermissions","message":"olivia owns olivia/`+level+`, so their permissions can't be changed"}`)
	if after := w.as("olivia").details(level); after.body != detailsOf(plain("olivia", level), level) {
		w.t.Errorf("a refused update changed it: %s", after.body)
	}
}

// queries reads and writes, and checks the rows afterwards.
func (w *permissionTest) queries(c caller, name, level string, r rights) {
	w.t.Helper()
	before := w.owner.Cell(level, "SELECT count(*) FROM t")
	read, write := c.query(level, "SELECT min(x) AS one FROM t"), c.query(level, "INSERT INTO t VALUES (2)")
	added := 0
	w.asks(c, name, level, r)
	switch r.query {
	case ayb.QueryReadWrite:
		w.want(read, 200, one)
		w.want(write, 200, noResult)
		added = 1
	case ayb.QueryReadOnly:
		w.want(read, 200, one)
		w.want(write, 403, noWrite)
	default:
		w.want(read, 403, other("query database", name, level))
		w.want(write, 403, other("query database", name, level))
	}
	if got := w.owner.Cell(level, "SELECT count(*) - "+before+" FROM t"); got != fmt.Sprint(added) {
		w.t.Errorf("%s rows were added", got)
	}
}

// manages grants, changes and removes rights, lists them, and changes the public
// level.
func (w *permissionTest) manages(c caller, level string) {
	w.t.Helper()
	const three = `{"entity_slug":"reader","sharing_level":"read-only"}`
	list := c.permissions(level)
	if list.status != 200 || !strings.Contains(list.body, three) || strings.Contains(list.body, "olivia") {
		w.t.Errorf("permissions: %d %s", list.status, list.body)
	}
	for _, grant := range []string{"read-only", "manager", "read-write"} {
		w.want(c.share(level, "GUEST", grant), 204, "")
		if now := c.permissions(level); !strings.HasSuffix(now.body, `,{"entity_slug":"guest","sharing_level":"`+grant+`"}]}`) {
			w.t.Errorf("after a grant: %s", now.body)
		}
	}
	w.want(c.share(level, "guest", "no-access"), 204, "")
	w.want(c.permissions(level), 200, list.body)
	w.want(c.share(level, "olivia", "read-only"), 400, `{"type":"CantSetOwnerPermissions","message":"olivia owns olivia/`+level+`, so their permissions can't be changed"}`)
	for _, l := range []string{"read-only", level} {
		w.want(c.update(level, l), 200, `{}`)
		if got := c.details(level); !strings.Contains(got.body, `"public_sharing_level":"`+l+`"`) {
			w.t.Errorf("after an update: %s", got.body)
		}
	}
}

// atOnce changes grants and levels: they hold for the next request.
func (w *permissionTest) atOnce(t *testing.T) {
	w.forEachCaller(t, "grants and levels", func() {
		w.owner.Create("moving")
		w.owner.Exec("moving", "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
		c, olivia := w.as("guest"), w.as("olivia")
		app, _ := w.mint("guest", "moving", ayb.QueryReadWrite)
		for range 10 {
			for _, step := range []struct {
				public, grant string
				query         ayb.QueryLevel
			}{
				{"no-access", "read-write", ayb.QueryReadWrite}, {"no-access", "read-only", ayb.QueryReadOnly}, {"no-access", "manager", ayb.QueryReadWrite},
				{"read-only", "no-access", ayb.QueryReadOnly}, {"fork", "no-access", ayb.QueryNone}, {"no-access", "no-access", ayb.QueryNone},
			} {
				w.want(olivia.update("moving", step.public), 200, `{}`)
				w.want(olivia.share("moving", "guest", step.grant), 204, "")
				w.queries(c, "guest", "moving", rights{query: step.query})
				w.queries(app, "guest", "moving", rights{query: step.query})
			}
		}
	})
	w.forEachCaller(t, "a manager steps down", func() {
		w.want(w.as("olivia").share("moving", "guest", "manager"), 204, "")
		w.want(w.as("guest").share("moving", "guest", "read-only"), 204, "")
		w.want(w.as("guest").share("moving", "guest", "manager"), 403, other("set permissions for database", "guest", "moving"))
	})
}
