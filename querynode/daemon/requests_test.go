//go:build linux && cgo

package daemon

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

func agent(r daemonapi.Request, name string) daemonapi.Request {
	r.Agent = name
	return r
}

func all(r daemonapi.Request) daemonapi.Request {
	r.All = true
	return r
}

// Callers see their own statements, managers see all.
func TestListingShowsOwnOnly(t *testing.T) {
	w := startDaemon(t)
	own := w.open(by("alice", forever+" -- account"))
	w.wait(1, "running")
	app := w.open(agent(by("alice", forever+" -- app"), "app1"))
	w.wait(2, "running")
	other := w.open(by("bob", forever+" -- bob"))
	w.wait(3, "running")
	for name, c := range map[string]struct {
		who  daemonapi.Request
		want []string
	}{
		"an account sees its apps'":   {by("alice", ""), []string{"account", "app"}},
		"an app sees its own":         {agent(by("alice", ""), "app1"), []string{"app"}},
		"another app nothing":         {agent(by("alice", ""), "app2"), nil},
		"an app of another caller":    {agent(by("bob", ""), "app1"), nil},
		"another account its own":     {by("bob", ""), []string{"bob"}},
		"a third nothing":             {by("carol", ""), nil},
		"nobody nothing":              {by("", ""), nil},
		"a manager all, oldest first": {all(by("carol", "")), []string{"account", "app", "bob"}},
	} {
		var got []string
		for _, q := range w.list(c.who) {
			got = append(got, q.SQL[strings.Index(q.SQL, " -- ")+4:])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	ids := map[string]bool{}
	for i, q := range w.everything() {
		if ids[q.ID] = true; !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(q.ID) {
			t.Errorf("id %q", q.ID)
		}
		if age := time.Since(q.Started); q.Mode != ayb.QueryReadWrite || age < 0 || age > time.Minute || (i == 1) != (q.Agent == "app1") {
			t.Errorf("described as %+v", q)
		}
	}
	if len(ids) != 3 {
		t.Errorf("ids %v", ids)
	}
	for id := range ids {
		if err := w.cancel(all(by("alice", "")), id); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []*mux.Stream{own, app, other} {
		if _, err := answer(s); !errs.Is(err, errs.Canceled) {
			t.Error(err)
		}
	}
}

// A caller who may not see a statement cannot stop it. The error of a stopped
// statement names the caller who stopped it.
func TestCancelReachesOnlyOnesOwn(t *testing.T) {
	w := startDaemon(t)
	s := w.open(agent(by("alice", forever), "app1"))
	id := w.wait(1, "running")[0].ID
	for name, who := range map[string]daemonapi.Request{
		"another account": by("bob", ""), "another app": agent(by("alice", ""), "app2"), "nobody": by("", ""),
	} {
		err := w.cancel(who, id)
		if e := errs.Public(err); e.Code != errs.NotFound || e.Attrs["record_type"] != "query" || e.Attrs["id"] != id {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, wrong := range []string{"", id[:15], id + "0", strings.Repeat("0", 16), strings.Repeat("x", 100_000)} {
		if err := w.cancel(all(by("alice", "")), wrong); !errs.Is(err, errs.NotFound) || len(err.Error()) > 200 {
			t.Errorf("%.20s: %v", wrong, err)
		}
	}
	w.wait(1, "running")
	if err := w.cancel(by("alice", ""), id); err != nil {
		t.Error(err)
	}
	if _, err := answer(s); !errs.Is(err, errs.Canceled) || err.Error() != "The statement was canceled by alice" {
		t.Errorf("the client was told %v", err)
	}
	if err := w.cancel(by("alice", ""), id); !errs.Is(err, errs.NotFound) {
		t.Errorf("canceled twice: %v", err)
	}
	w.wait(0, "")
}

// Q3: a canceled statement stops within 100 ms: while it reads, writes, waits for
// the writer, waits for a reader, or waits for a client that takes nothing.
func TestCancelIsQuickQ3(t *testing.T) {
	w := startDaemon(t, func(c *daemonargs.Config) { c.Readers = 1 })
	w.must(by("alice", "CREATE TABLE t(x)"))
	stream := "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c"
	for name, c := range map[string]struct {
		before []string
		sql    string
		state  string
		read   bool
	}{
		"reading":                 {nil, forever, "running", true},
		"writing":                 {nil, writeForever, "running", true},
		"waiting for the writer":  {[]string{writeForever}, writeForever, "waiting", true},
		"waiting for a reader":    {[]string{forever}, forever, "waiting", true},
		"waiting for its client":  {nil, stream, "running", false},
		"streaming to its client": {nil, stream, "running", true},
	} {
		var took []time.Duration
		for range 5 {
			for _, sql := range c.before {
				w.open(by("first", sql))
				w.wait(1, "running")
			}
			s := w.open(by("alice", c.sql))
			var end time.Time
			var told error
			done := make(chan struct{})
			follow := func() {
				defer close(done)
				_, told = answer(s)
				end = time.Now()
			}
			if c.read {
				go follow()
			}
			var mine []daemonapi.RunningQuery
			until(t, func() bool {
				mine = w.list(by("alice", ""))
				return len(mine) == 1 && mine[0].State == c.state
			})
			begin := time.Now()
			if err := w.cancel(by("alice", ""), mine[0].ID); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !c.read {
				until(t, func() bool { return len(w.list(by("alice", ""))) == 0 })
				end = time.Now()
				took = append(took, end.Sub(begin))
				follow()
			} else {
				<-done
				took = append(took, end.Sub(begin))
			}
			if !errs.Is(told, errs.Canceled) || !strings.Contains(told.Error(), "canceled by alice") {
				t.Errorf("%s: told %v", name, told)
			}
			for _, q := range w.everything() {
				if err := w.cancel(all(by("alice", "")), q.ID); err != nil {
					t.Error(err)
				}
			}
			w.wait(0, "")
		}
		slices.Sort(took)
		t.Logf("%s: stopped after %v", name, took)
	}
	w.must(by("alice", "SELECT 1; INSERT INTO t VALUES (1)"))
}

// Canceling a statement affects no other of its commit group, and no change happens
// twice.
func TestCancelLeavesTheCommitGroupAlone(t *testing.T) {
	w := startDaemon(t)
	w.must(by("alice", "CREATE TABLE t(x)"))
	const rounds, neighbours = 10, 10
	var wg sync.WaitGroup
	for round := range rounds {
		first := w.open(by("first", writeForever))
		held := w.wait(1, "running")[0].ID
		insert := func() {
			for range neighbours {
				wg.Go(func() {
					if _, err := w.ask(by("neighbour", "INSERT INTO t VALUES (1)")); err != nil {
						t.Error(err)
					}
				})
			}
		}
		insert()
		until(t, func() bool { return len(w.everything()) == 1+neighbours })
		bad := w.open(by("bad", writeForever))
		insert()
		until(t, func() bool { return len(w.everything()) == 2+2*neighbours })
		if err := w.cancel(by("first", ""), held); err != nil { // those behind it make a group
			t.Error(err)
		}
		mine := w.list(by("bad", ""))
		if round%2 == 0 {
			until(t, func() bool { return w.list(by("bad", ""))[0].State == "running" })
		}
		if err := w.cancel(by("bad", ""), mine[0].ID); err != nil {
			t.Error(err)
		}
		for _, s := range []*mux.Stream{first, bad} {
			if _, err := answer(s); !errs.Is(err, errs.Canceled) {
				t.Errorf("canceled: %v", err)
			}
		}
		wg.Wait()
		w.wait(0, "")
	}
	if got := w.must(by("alice", "SELECT count(*) FROM t")); got != `{"fields":["count(*)"],"rows":[["200"]]}` {
		t.Errorf("got %s", got)
	}
}

// A committed statement is not reported as canceled, however late its client reads
// the answer.
func TestCommittedAnswerOutlivesCancel(t *testing.T) {
	w := startDaemon(t)
	w.must(by("alice", "CREATE TABLE t(x)"))
	s := w.open(by("alice", "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) INSERT INTO t SELECT n FROM c RETURNING x || 'xxxxxxxxxxxxxxxx'"))
	until(t, func() bool {
		return w.must(by("bob", "SELECT count(*) FROM t")) == `{"fields":["count(*)"],"rows":[["100000"]]}`
	})
	for _, q := range w.list(by("alice", "")) {
		if err := w.cancel(by("alice", ""), q.ID); err != nil {
			t.Error(err)
		}
	}
	text, err := answer(s)
	if err != nil || strings.Count(text, "xxxxxxxxxxxxxxxx") < 100000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// The list shows no parameters, and of long texts the beginning.
func TestShownSQL(t *testing.T) {
	batch := daemonapi.Batch{Statements: []daemonapi.Statement{
		{SQL: "SELECT ?", Params: daemonapi.Params{Positional: []daemonapi.Value{{Kind: daemonapi.Text, Bytes: []byte("s3cret")}}}}, {SQL: "SELECT 2"},
	}}
	if got := shownText(batch); got != "SELECT ?\nSELECT 2" {
		t.Errorf("shown as %q", got)
	}
	for _, text := range []string{
		"", "SELECT 1", strings.Repeat("x", shownSQLBytes), strings.Repeat("x", shownSQLBytes+1), "\xff\xfe", strings.Repeat("\xff", 600), strings.Repeat("\x80", 600),
		strings.Repeat("😀", 300), "a" + strings.Repeat("😀", 300), "aa" + strings.Repeat("😀", 300), "aaa" + strings.Repeat("😀", 300),
	} {
		got := shownText(daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: text}, {SQL: text}}})
		whole := text + "\n" + text
		if len(got) > shownSQLBytes || !utf8.ValidString(got) || len(got) < min(len(whole), shownSQLBytes)-3 && utf8.ValidString(text) {
			t.Errorf("%.20q is shown as %d bytes: %q", text, len(got), got)
		}
		if utf8.ValidString(text) && !strings.HasPrefix(whole, got) {
			t.Errorf("%.20q is shown as %q", text, got)
		}
	}
}
