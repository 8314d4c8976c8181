package tests

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/ayb-go/ayb/tests/harness"
)

// Q2, Q3: statements are stopped again and again, in every way and at any
// moment. Writers that share commits with them are not affected: each of their
// inserts is acknowledged and stored once. A stopped insert is stored completely
// or not at all.
func TestStopNeighbours(t *testing.T) {
	const writers, rows = 31, 20
	rounds := 10
	if harness.Full() {
		rounds = 100
	}
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	in := startInserters(t, alice, "a.sqlite", writers, true)
	alice.Exec("a.sqlite", stopSchema+"; CREATE TABLE stopped(try, x)")
	s := &stopper{t, srv, alice, "a.sqlite", &http.Client{}}
	for range rounds {
		for _, way := range ways {
			in.more(writers)
			s.stopEndless(way)
			for range 5 {
				s.stopShort(way, rows)
			}
		}
	}
	in.more(writers)
	in.check()
	r, err := alice.Query(t.Context(), alice.Name, "a.sqlite", "SELECT try, count(*) FROM stopped GROUP BY try")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if *row[1] != fmt.Sprint(rows) {
			t.Errorf("statement %s has left %s of %d rows", *row[0], *row[1], rows)
		}
	}
	if got := alice.Cell("a.sqlite", "SELECT count(*) FROM big"); got != "0" {
		t.Errorf("stopped statements have left %s rows", got)
	}
	t.Logf("%d of %d short statements came through", len(r.Rows), rounds*len(ways)*5)
}

// stopEndless stops a statement that would block the writer without end.
func (s *stopper) stopEndless(way stopWay) {
	s.t.Helper()
	const sql = "INSERT INTO big SELECT a.x, b.s FROM list a, list b, list c"
	ctx, gone := context.WithCancel(s.t.Context())
	defer gone()
	ended := make(chan error, 1)
	go func() {
		_, err := sendQuery(ctx, s.client, s.user, s.db, body(sql, way, stopTimeout))
		ended <- err
	}()
	if way.name != timedOut {
		id := ""
		harness.Until(s.t, "the statement to run", func() bool {
			id = s.find(sql, "running")
			return id != ""
		})
		way.stop(s, time.Now(), gone, id)
	}
	if err := <-ended; err == nil {
		s.t.Error("an endless statement has come to an end")
	}
}

// stopShort stops a statement that takes a few milliseconds, so that the stop
// comes while it waits, runs, is committed, or after its end.
func (s *stopper) stopShort(way stopWay, rows int) {
	s.t.Helper()
	sql := fmt.Sprintf("INSERT INTO stopped SELECT '%s-%x', a.x FROM list a WHERE (SELECT count(*) FROM list b WHERE b.x < a.x / 10) >= 0 LIMIT %d",
		way.name, rand.Uint64(), rows)
	after := time.Duration(1+rand.IntN(20)) * time.Millisecond
	ctx, gone := context.WithCancel(s.t.Context())
	defer gone()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = sendQuery(ctx, s.client, s.user, s.db, body(sql, way, after)) // it may succeed
	}()
	switch way.name {
	case "disconnect":
		time.AfterFunc(after, gone)
	case "cancel":
		s.cancelSoon(sql, ended)
	}
	<-ended
}

// cancelSoon cancels a statement as soon as it is listed, unless it ends before.
func (s *stopper) cancelSoon(sql string, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		default:
		}
		for _, state := range []string{"running", "waiting"} {
			if id := s.find(sql, state); id != "" {
				_ = s.user.CancelQuery(s.t.Context(), s.user.Name, s.db, id) // it may have ended
				return
			}
		}
	}
}
