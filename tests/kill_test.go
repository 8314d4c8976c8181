package tests

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/ayb-go/ayb/tests/harness"
)

// kill sends SIGKILL to a daemon, which may have ended already.
func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		t.Fatal(err)
	}
}

// alive reports whether a process runs. A zombie does not.
func alive(pid int) bool { return harness.RSS(pid) > 0 }

// Q1: neither a killed daemon nor a killed server loses acknowledged changes or
// shows a part of others, and both serve again without help. Meanwhile writers
// share commits.
func TestKillLoopQ1(t *testing.T) {
	const clients = 32
	rounds := 25
	if harness.Full() {
		rounds = 200
	}
	w := harness.Start(t, harness.AllInOne)
	in := startInserters(t, w.Register("alice"), "kill.sqlite", clients, false)
	begin := time.Now()
	for round := range rounds {
		in.more(1 + rand.IntN(200)) // so that it hits different moments
		daemons := w.Daemons()
		if len(daemons) == 0 {
			t.Fatal("inserts were acknowledged and no daemon runs")
		}
		if round%10 == 9 {
			w.Kill("ayb")
			waitEnded(t, "the daemons to end with their server", daemons)
			w.StartRole("ayb")
		} else {
			for _, pid := range daemons {
				kill(t, pid)
			}
		}
		in.halves()
	}
	in.more(20)
	in.check()
	t.Logf("%d rounds in %s", rounds, time.Since(begin).Round(time.Second))
}

// waitEnded waits for the end of processes.
func waitEnded(t *testing.T, what string, pids []int) {
	t.Helper()
	harness.Until(t, what, func() bool { return !slices.ContainsFunc(pids, alive) })
}

// Any role may be killed under load and started again: no acknowledged insert
// and no mail of an acknowledged registration is lost.
func TestKilledRoles(t *testing.T) {
	srv := harness.Start(t, harness.Split, harness.WithConfig("[limits]\nrate_per_minute = 0"))
	alice := srv.Register("alice")
	first := startInserters(t, alice, "first.sqlite", 4, false)
	second := startInserters(t, alice, "second.sqlite", 4, false)
	mails := startRegistrars(t, srv, 4)
	for round := range 3 {
		for _, role := range harness.Split.Roles() {
			first.more(10 + rand.IntN(20))
			second.more(10)
			mails.more(2)
			srv.Kill(role)
			if role == "ayb-mailer" {
				mails.more(2) // the mails wait
				first.more(5) // queries do not need the mailer
			}
			srv.StartRole(role)
			srv.WaitHealthy()
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
