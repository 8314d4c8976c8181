package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/tests/harness"
)

// endlessWork are statements that end only when they are stopped, each in
// another part of the engine, with statements that wait for the same connection.
var endlessWork = []struct{ name, sql, next string }{
	{"recursion", "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n", "SELECT 1"},
	{"sort", "SELECT a.s, b.s FROM list a, list b, list c ORDER BY a.x * b.x * c.x % 1000, a.s, b.s", "SELECT 1"},
	{"join", "SELECT count(*) FROM list a, list b, list c WHERE a.s || b.s LIKE '%1%2%3%' || c.s", "SELECT 1"},
	{"insert", "INSERT INTO big SELECT a.x, b.s FROM list a, list b, list c", "INSERT INTO done VALUES (1)"},
	{"update", "UPDATE list SET s = s || (SELECT count(*) FROM list a, list b WHERE a.s LIKE b.s || list.x)", "INSERT INTO done VALUES (1)"},
}

const stopSchema = `CREATE TABLE list(x, s); CREATE TABLE big(x, s); CREATE TABLE done(x);
	INSERT INTO list WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n LIMIT 2000) SELECT x, 'text ' || x FROM n`

// hangs is a time that only a statement that is not stopped needs.
const hangs = 30 * time.Second

// stopTimeout is the time limit of the statements that it stops.
const stopTimeout = 500 * time.Millisecond

// stopper stops statements of a user and measures how long that takes.
type stopper struct {
	t      *testing.T
	w      *harness.Server
	user   *harness.User
	db     string
	client *http.Client
}

// stopWay is a way to stop a statement while the server runs.
type stopWay struct {
	name string
	says string // the error of the statement's client
	// stop returns the moment at which the statement must begin to stop. It was
	// sent at begin and has this id.
	stop func(s *stopper, begin time.Time, gone context.CancelFunc, id string) time.Time
}

var ways = []stopWay{
	{"disconnect", "context canceled", func(_ *stopper, _ time.Time, gone context.CancelFunc, _ string) time.Time {
		now := time.Now()
		gone()
		return now
	}},
	{timedOut, "took longer than 500 ms", func(_ *stopper, begin time.Time, _ context.CancelFunc, _ string) time.Time {
		return begin.Add(stopTimeout)
	}},
	{"cancel", "canceled by alice", func(s *stopper, _ time.Time, _ context.CancelFunc, id string) time.Time {
		now := time.Now()
		if err := s.user.CancelQuery(s.t.Context(), s.user.Name, s.db, id); err != nil {
			s.t.Error(err)
		}
		return now
	}},
}

// timedOut is the stop by the time limit.
const timedOut = "timeout"

// tries returns how often each stop is measured.
func tries() int {
	if harness.Full() {
		return 20
	}
	return 3
}

// checkTimes prints the durations of the stops, and fails only for extreme ones:
// make bench measures them on a quiet machine.
func checkTimes(t *testing.T, took []time.Duration) {
	t.Helper()
	round := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
	t.Logf("stopped after %s in the median, %s at most, of %d", round(median(took)), round(slices.Max(took)), len(took))
	if slices.Max(took) > hangs {
		t.Errorf("a stop took %s", slices.Max(took))
	}
}

// Q3: a disconnected client, a time limit and a cancel each end every kind of
// statement: its connection is free for the next statement.
func TestStopQ3(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne, harness.WithConfig("[querynode]\nreaders = 1"))
	s := &stopper{t, srv, srv.Register("alice"), "a.sqlite", &http.Client{}}
	s.user.Create(s.db)
	s.user.Exec(s.db, stopSchema)
	for _, work := range endlessWork {
		for _, way := range ways {
			t.Run(work.name+"/"+way.name, func(t *testing.T) {
				s := &stopper{t, srv, s.user, s.db, s.client}
				var took []time.Duration
				for range tries() {
					d, err := s.once(way, work.sql, work.next)
					if err == nil || !strings.Contains(err.Error(), way.says) {
						t.Fatalf("it ended with %v", err)
					}
					took = append(took, d)
				}
				checkTimes(t, took)
			})
		}
	}
	if got := s.user.Cell(s.db, "SELECT (SELECT count(*) FROM big) || ' ' || (SELECT sum(length(s) > 9) FROM list)"); got != "0 0" {
		t.Errorf("stopped statements have left %s rows", got)
	}
}

// once runs a statement and another one that waits for its connection, stops the
// first, and returns the time until the second was answered and the error of the
// first.
func (s *stopper) once(way stopWay, sql, next string) (time.Duration, error) {
	s.t.Helper()
	timed := way.name == timedOut
	ctx, gone := context.WithCancel(s.t.Context())
	defer gone()
	begin, ended := time.Now(), make(chan error, 1)
	computed := computedBy(s.w)
	go func() {
		_, err := sendQuery(ctx, s.client, s.user, s.db, body(sql, way, stopTimeout))
		ended <- err
	}()
	id := ""
	harness.Until(s.t, "the statement to run", func() bool {
		id = s.find(sql, "running")
		return id != "" || timed && time.Since(begin) > stopTimeout
	})
	answered := make(chan error, 1)
	go func() {
		_, err := sendQuery(s.t.Context(), s.client, s.user, s.db, next)
		answered <- err
	}()
	if !timed { // the time limit needs no call
		harness.Until(s.t, "another statement to wait", func() bool { return s.find(next, "waiting") != "" })
		// At another point of its work each time.
		enough := computed + time.Duration(30+rand.IntN(200))*time.Millisecond
		harness.Until(s.t, "the statement to have run for a while", func() bool { return computedBy(s.w) >= enough })
	}
	moment := way.stop(s, begin, gone, id)
	if err := <-answered; err != nil {
		s.t.Errorf("%s: %v", next, err)
	}
	took := time.Since(moment)
	return took, <-ended
}

// body returns a request for a statement, with a time limit if that is the way
// to stop it.
func body(sql string, way stopWay, limit time.Duration) string {
	if way.name != timedOut {
		limit = time.Minute
	}
	return fmt.Sprintf(`{"sql":%s,"timeout_ms":%d}`, quoted(sql), limit.Milliseconds())
}

// quoted returns a text as JSON.
func quoted(text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always works
	}
	return b
}

// find returns the id of a statement in some state; empty if it is not listed.
func (s *stopper) find(sql, state string) string {
	s.t.Helper()
	list, err := s.user.RunningQueries(s.t.Context(), s.user.Name, s.db)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, q := range list {
		if strings.HasPrefix(q.SQL, sql) && q.State == state {
			return q.ID
		}
	}
	return ""
}

// Q3: a query node that is asked to end stops the running statements.
func TestStopNodeQ3(t *testing.T) {
	srv := harness.Start(t, harness.Split)
	alice := srv.Register("alice")
	for i := range endlessWork {
		alice.Create(fmt.Sprintf("db%d", i))
		alice.Exec(fmt.Sprintf("db%d", i), stopSchema)
	}
	var took []time.Duration
	for try := range tries() {
		if try > 0 {
			srv.StartRole("ayb-querynode")
			srv.WaitHealthy()
		}
		pids, ended := startEndless(t, srv, alice)
		node := srv.Process("ayb-querynode")
		begin := time.Now()
		node.Signal(syscall.SIGTERM)
		took = append(took, waitDaemonsEnd(t, begin, pids)...)
		for range endlessWork {
			if err := <-ended; !errs.Is(err, errs.Unavailable) && !errs.Is(err, errs.Engine) {
				t.Errorf("a statement ended with %v", err)
			}
		}
		harness.Until(t, "the node to end", node.Ended)
		if code := node.ExitCode(); code != 0 {
			t.Errorf("the node's status is %d", code)
		}
	}
	checkTimes(t, took)
}

// Q3: a server that is asked to end gives requests ten seconds, and then stops
// the rest.
func TestStopServerQ3(t *testing.T) {
	const patience = 10 * time.Second
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	for i := range endlessWork {
		alice.Create(fmt.Sprintf("db%d", i))
		alice.Exec(fmt.Sprintf("db%d", i), stopSchema)
	}
	pids, _ := startEndless(t, srv, alice)
	server := srv.Process("ayb")
	begin := time.Now()
	server.Signal(syscall.SIGTERM)
	took := waitDaemonsEnd(t, begin.Add(patience), pids)
	if early := slices.Min(took); early < -patience/2 {
		t.Errorf("a statement was stopped %s before its time", -early)
	}
	checkTimes(t, took)
	harness.Until(t, "the server to end", server.Ended)
}

// startEndless runs a statement on each of some databases, and returns their
// daemons and the errors of the statements.
func startEndless(t *testing.T, srv *harness.Server, user *harness.User) ([]int, <-chan error) {
	t.Helper()
	ended := make(chan error, len(endlessWork))
	for i, work := range endlessWork {
		go func() {
			_, err := sendQuery(t.Context(), http.DefaultClient, user, fmt.Sprintf("db%d", i), work.sql)
			ended <- err
		}()
	}
	var pids []int
	harness.Until(t, "all statements to run", func() bool {
		pids = srv.Daemons()
		return len(pids) == len(endlessWork) && !slices.ContainsFunc(pids, func(pid int) bool {
			return harness.ProcessorTime(pid) < 150*time.Millisecond
		})
	})
	return pids, ended
}

// waitDaemonsEnd waits for the end of processes and returns how long each took.
func waitDaemonsEnd(t *testing.T, begin time.Time, pids []int) []time.Duration {
	t.Helper()
	var took []time.Duration
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(pids) > 0 && time.Since(begin) < time.Minute {
		pids = slices.DeleteFunc(pids, func(pid int) bool {
			if alive(pid) {
				return false
			}
			took = append(took, time.Since(begin))
			return true
		})
		<-tick.C
	}
	if len(pids) > 0 {
		t.Fatalf("%d daemons run on", len(pids))
	}
	return took
}
