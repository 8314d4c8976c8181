package tests

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// asks tries the operations other than queries of callers who may query a
// database.
func (w *permissionTest) asks(c caller, name, level string, r rights) {
	w.t.Helper()
	if r.query == ayb.QueryNone {
		for _, got := range []reply{c.schema(level), c.running(level), c.cancel(level, "none")} {
			w.want(got, 403, other("query database", name, level))
		}
		return
	}
	var s daemonapi.Schema
	if got := c.schema(level); got.status != 200 || json.Unmarshal([]byte(got.body), &s) != nil || !slices.ContainsFunc(s.Tables, func(t daemonapi.Table) bool { return t.Name == "t" }) {
		w.t.Errorf("the schema: %d %s", got.status, got.body)
	}
	c.runs(level)
	w.want(c.cancel(level, "none"), 404, `{"type":"RecordNotFound","id":"none","record_type":"query"}`)
}

// runs returns the queries that a caller sees.
func (c caller) runs(db string) []daemonapi.RunningQuery {
	c.w.t.Helper()
	var r daemonapi.Running
	got := c.running(db)
	if err := json.Unmarshal([]byte(got.body), &r); err != nil || got.status != 200 || !strings.HasPrefix(got.body, `{"queries":[`) {
		c.w.t.Fatalf("queries: %d %s", got.status, got.body)
	}
	return r.Queries
}

// endless is a statement of a caller that runs until it is stopped.
type endless struct {
	caller caller
	mark   string // in its text, to find it
	ended  chan reply
}

func (c caller) endless(db, mark string) endless {
	e := endless{c, mark, make(chan reply, 1)}
	go func() {
		e.ended <- c.query(db, "WITH RECURSIVE "+mark+"(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM "+mark+") SELECT count(*) FROM "+mark)
	}()
	return e
}

// find returns the id under which a caller sees a statement; empty if the caller
// does not see it.
func (e endless) find(c caller, db string) string {
	for _, q := range c.runs(db) {
		if strings.Contains(q.SQL, e.mark) {
			return q.ID
		}
	}
	return ""
}

// runningQueries checks who sees a running statement and who may cancel it: its
// own account, managers of the database, and of an application's statements only
// that application among the applications (S2).
func (w *permissionTest) runningQueries(t *testing.T) {
	const db = "no-access"
	reader, olivia := w.as("reader"), w.as("olivia")
	app, _ := w.mint("reader", db, ayb.QueryReadOnly)
	twin, _ := w.mint("reader", db, ayb.QueryReadOnly)
	ownApp, _ := w.mint("olivia", db, ayb.QueryReadWrite)
	w.forEachCaller(t, "of the account", func() {
		e := reader.endless(db, "plain_one")
		w.reaches(e, db, []caller{reader, olivia, w.as("manager")}, []caller{w.as("writer"), app, ownApp}, reader)
	})
	w.forEachCaller(t, "of an application", func() {
		e := app.endless(db, "app_one")
		w.reaches(e, db, []caller{reader, app, olivia}, []caller{w.as("writer"), twin, ownApp}, app)
	})
	w.forEachCaller(t, "a manager stops it", func() {
		e := twin.endless(db, "twin_one")
		w.reaches(e, db, []caller{w.as("manager")}, []caller{app}, w.as("manager"))
	})
}

// reaches checks which callers see a statement, and lets one of them cancel it.
func (w *permissionTest) reaches(e endless, db string, who, others []caller, stops caller) {
	w.t.Helper()
	id := ""
	harness.Until(w.t, "the statement to run", func() bool {
		id = e.find(who[0], db)
		return id != ""
	})
	for _, c := range who {
		if e.find(c, db) != id {
			w.t.Errorf("does not see it: %+v", c.runs(db))
		}
	}
	for _, c := range others {
		if e.find(c, db) != "" {
			w.t.Errorf("sees it: %+v", c.runs(db))
		}
		w.want(c.cancel(db, id), 404, `{"type":"RecordNotFound","id":"`+id+`","record_type":"query"}`)
	}
	select {
	case got := <-e.ended:
		w.t.Fatalf("it ended early: %d %s", got.status, got.body)
	default:
	}
	w.want(stops.cancel(db, id), 200, `{}`)
	if got := <-e.ended; got.status != 408 || !strings.Contains(got.body, "canceled") {
		w.t.Errorf("it ended with %d %s", got.status, got.body)
	}
	if slices.ContainsFunc(stops.runs(db), func(q daemonapi.RunningQuery) bool { return q.ID == id }) {
		w.t.Error("it is still listed")
	}
}
