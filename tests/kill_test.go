package tests

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/tests/harness"
)

// inserters insert numbers into a database at the same time, each number
// once, and note which inserts were acknowledged.
type inserters struct {
	t    *testing.T
	user *harness.User
	db   string
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu     sync.Mutex
	next   int
	acked  []int
	failed int
}

func startInserters(t *testing.T, user *harness.User, db string, clients int) *inserters {
	t.Helper()
	user.Create(db)
	user.Exec(db, "CREATE TABLE t(x INTEGER PRIMARY KEY)")
	ctx, cancel := context.WithCancel(t.Context())
	in := &inserters{t: t, user: user, db: db, stop: cancel}
	for range clients {
		in.wg.Go(func() { in.work(ctx) })
	}
	t.Cleanup(in.end)
	return in
}

// end stops the clients. Requests under way are completed.
func (in *inserters) end() {
	in.stop()
	in.wg.Wait()
}

func (in *inserters) work(ctx context.Context) {
	for ctx.Err() == nil {
		in.mu.Lock()
		in.next++
		n := in.next
		in.mu.Unlock()
		_, err := in.user.Query(context.WithoutCancel(ctx), in.user.Name, in.db, fmt.Sprintf("INSERT INTO t VALUES (%d)", n))
		in.note(n, err)
		if err != nil {
			harness.Breathe()
		}
	}
}

func (in *inserters) note(n int, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch errs.CodeOf(err) {
	case "":
		in.acked = append(in.acked, n)
	case errs.Unavailable, errs.Engine, errs.Timeout:
		in.failed++ // it may be there or not
	default:
		// A conflict would mean that a statement ran twice.
		in.t.Errorf("insert %d: %v", n, err)
	}
}

func (in *inserters) count() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.acked)
}

// more waits for more acknowledged inserts.
func (in *inserters) more(n int) {
	in.t.Helper()
	want := in.count() + n
	harness.Until(in.t, fmt.Sprintf("%d more inserts", n), func() bool { return in.count() >= want })
}

// check looks for every acknowledged insert.
func (in *inserters) check() {
	in.t.Helper()
	in.end()
	r, err := in.user.Query(in.t.Context(), in.user.Name, in.db, "SELECT x FROM t")
	if err != nil {
		in.t.Fatal(err)
	}
	there := map[int]bool{}
	for _, row := range r.Rows {
		n, err := strconv.Atoi(*row[0])
		if err != nil || n < 1 || n > in.next {
			in.t.Errorf("row %q was never sent", *row[0])
		}
		there[n] = true
	}
	lost := 0
	for _, n := range in.acked {
		if !there[n] {
			lost++
		}
	}
	if lost > 0 {
		in.t.Errorf("%d of %d acknowledged inserts are lost", lost, len(in.acked))
	}
	if got := in.user.Cell(in.db, "PRAGMA integrity_check"); got != "ok" {
		in.t.Errorf("integrity_check: %s", got)
	}
	in.t.Logf("%d inserts acknowledged, %d failed, %d rows", len(in.acked), in.failed, len(r.Rows))
}

// kill sends SIGKILL to a daemon, which may just have ended.
func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		t.Fatal(err)
	}
}

// alive tells whether a process runs; one that has ended and that nobody has
// waited for does not.
func alive(pid int) bool { return harness.RSS(pid) > 0 }

// Q1: neither a killed daemon nor a killed server loses what was
// acknowledged, and both serve again by themselves.
func TestKillLoopQ1(t *testing.T) {
	const rounds = 50
	w := harness.Start(t, harness.AllInOne)
	in := startInserters(t, w.Register("alice"), "kill.sqlite", 4)
	for round := range rounds {
		in.more(1 + rand.IntN(50)) // so that it hits different moments
		daemons := w.Daemons()
		if round%2 == 1 {
			w.Kill("ayb")
			harness.Until(t, "the daemons to end with their server", func() bool {
				for _, pid := range daemons {
					if alive(pid) {
						return false
					}
				}
				return true
			})
			w.StartRole("ayb")
			continue
		}
		if len(daemons) == 0 {
			t.Fatal("inserts were acknowledged and no daemon runs")
		}
		for _, pid := range daemons {
			kill(t, pid)
		}
	}
	in.more(20)
	in.check()
}

// Any role may die under load and come back: no acknowledged insert and no
// mail of an acknowledged registration is lost.
func TestKilledRoles(t *testing.T) {
	w := harness.Start(t, harness.Split, harness.With("[limits]\nrate_per_minute = 0"))
	alice := w.Register("alice")
	first := startInserters(t, alice, "first.sqlite", 4)
	second := startInserters(t, alice, "second.sqlite", 4)
	mails := startRegistrars(t, w, 4)
	for round := range 3 {
		for _, role := range harness.Split.Roles() {
			first.more(10 + rand.IntN(20))
			second.more(10)
			mails.more(2)
			w.Kill(role)
			if role == "ayb-mailer" {
				mails.more(2) // the mails wait
				first.more(5) // nobody else needs the mailer
			}
			w.StartRole(role)
			w.WaitHealthy()
			t.Logf("round %d: %s is back", round, role)
		}
	}
	first.more(20)
	second.more(20)
	first.check()
	second.check()
	mails.check()
}

func median(ds []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(ds))[len(ds)/2]
}
