package tests

import (
	"fmt"
	"strings"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/tests/harness"
)

func (c caller) export(db string) reply { return c.do("GET", "/v1/olivia/"+db+"/export", "") }

func (c caller) importCSV(db string) reply {
	return c.do("POST", "/v1/olivia/"+db+"/import?format=csv&table=brought&mode=replace", "a,b\n1,2\n")
}

func (c caller) replaceBy(db, file string) reply {
	return c.do("POST", "/v1/olivia/"+db+"/import?format=sqlite&mode=replace", file)
}

func (c caller) fork(db, to string) reply {
	return c.do("POST", "/v1/olivia/"+db+"/fork", `{"to":"`+to+`"}`)
}

// moved renames a database when the snapshots of the previous database of that
// name are gone; they are removed in the background.
func (w *permissionTest) moved(c caller, db, to string) (got reply) {
	w.t.Helper()
	harness.Until(w.t, "the name "+to+" to be free", func() bool {
		got = c.rename(db, to)
		return got.status != 409 || !strings.Contains(got.body, "still snapshots")
	})
	return got
}

func (c caller) rename(db, to string) reply {
	return c.do("POST", "/v1/olivia/"+db+"/rename", `{"to":"`+to+`"}`)
}

func (c caller) snapshots(db string) reply {
	return c.do("GET", "/v1/olivia/"+db+"/list_snapshots", "")
}

func (c caller) takeSnapshot(db string) reply { return c.do("POST", "/v1/olivia/"+db+"/snapshots", "") }

func (c caller) restore(db string) reply {
	return c.do("POST", "/v1/olivia/"+db+"/restore_snapshot", strings.Repeat("0", 64))
}

func (c caller) deleteDatabase(db string) reply { return c.do("DELETE", "/v1/olivia/"+db, "") }

func (c caller) undelete(db string) reply { return c.do("POST", "/v1/olivia/"+db+"/undelete", "") }

// data tries all operations on complete databases. The server has no snapshots:
// callers with the right to them get an error that says so.
func (w *permissionTest) data(c caller, name, level string, r rights) {
	w.t.Helper()
	file := c.export(level)
	switch {
	case r.query == ayb.QueryNone:
		w.want(file, 403, other("query database", name, level))
	case file.status != 200 || !strings.HasPrefix(file.body, "SQLite format 3\x00"):
		w.t.Errorf("export: %d %.80q", file.status, file.body)
	}
	brought := c.importCSV(level)
	switch r.query {
	case ayb.QueryReadWrite:
		if brought.status != 200 || w.owner.Cell(level, "SELECT a || b FROM brought") != "12" {
			w.t.Errorf("import: %d %s", brought.status, brought.body)
		}
	case ayb.QueryReadOnly:
		w.want(brought, 403, noWrite)
	default:
		w.want(brought, 403, other("import into database", name, level))
	}
	w.forks(c, name, level, r)
	if r.manage {
		w.transfers(c, level)
	} else {
		for _, got := range []reply{c.snapshots(level), c.takeSnapshot(level), c.restore(level)} {
			w.want(got, 403, other("manage snapshots on database", name, level))
		}
		w.want(c.replaceBy(level, file.body), 403, other("replace database", name, level))
	}
	if name != "olivia" {
		w.want(c.rename(level, "olivia/x"), 403, other("rename database", name, level))
		w.want(c.deleteDatabase(level), 403, other("delete database", name, level))
		w.want(c.undelete(level), 403, other("undelete database", name, level))
		return
	}
	w.want(w.moved(c, level, "olivia/x"), 200, `{}`)
	w.want(c.query("x", "SELECT min(x) AS one FROM t"), 200, one)
	w.want(w.moved(c, "x", "olivia/"+level), 200, `{}`)
	w.want(c.deleteDatabase(level), 200, `{}`)
	w.want(w.as("manager").query(level, "SELECT 1"), 403, other("query database", "manager", level))
	w.want(c.undelete(level), 200, `{}`)
	w.want(w.as("manager").query(level, "SELECT min(x) AS one FROM t"), 200, one)
}

// forks forks a database, reads the copy and deletes it.
func (w *permissionTest) forks(c caller, name, level string, r rights) {
	w.t.Helper()
	to := fmt.Sprintf("%s/fork-of-%s", name, level)
	got := c.fork(level, to)
	if !r.discover {
		w.want(got, 403, other("fork database", name, level))
		return
	}
	w.want(got, 201, `{"entity":"`+name+`","database":"fork-of-`+level+`","database_type":"sqlite","forked_from":"olivia/`+level+`"}`)
	w.want(c.do("POST", "/v1/"+to+"/query", "SELECT min(x) AS one FROM t"), 200, one)
	if details := c.details(level); !strings.HasSuffix(details.body, `"forks":["`+to+`"]}`) {
		w.t.Errorf("details: %s", details.body)
	}
	w.want(c.do("DELETE", "/v1/"+to, ""), 200, `{}`)
	w.want(c.details(level), 200, detailsOf(r, level))
}

// transfers tries the operations for managers only.
func (w *permissionTest) transfers(c caller, level string) {
	w.t.Helper()
	w.want(c.snapshots(level), 200, `{"snapshots":[]}`)
	for _, got := range []reply{c.takeSnapshot(level), c.restore(level)} {
		if got.status != 500 || !strings.HasPrefix(got.body, `{"type":"SnapshotError","message":"Snapshots are not configured on this server`) {
			w.t.Errorf("snapshots: %d %s", got.status, got.body)
		}
	}
	before := w.owner.Cell(level, "SELECT group_concat(x) FROM t")
	file := c.export(level)
	w.owner.Exec(level, "INSERT INTO t VALUES (1000)")
	if got := c.replaceBy(level, file.body); got.status != 200 {
		w.t.Errorf("replace: %d %s", got.status, got.body)
	}
	if after := w.owner.Cell(level, "SELECT group_concat(x) FROM t"); after != before {
		w.t.Errorf("replaced by %s, not %s", after, before)
	}
}
