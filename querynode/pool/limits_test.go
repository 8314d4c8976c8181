package pool

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/querynode/socketpair"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

var db = ayb.DatabasePath{Entity: "a", Database: "b"}

// told is a daemon that answers with the limits it was started with; a request
// to hold it answers when that is canceled.
func told(conn *socketpair.Conn, limits string, f mux.Frame) {
	if f.Kind == mux.Cancel || f.Kind == mux.OpenFinal && string(f.Payload) != "hold" {
		conn.Send(mux.Final, f.Stream, []byte(limits))
	}
}

func limitsPool(t *testing.T) *Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := New(Config{
		MaxDaemons: 1, IdleTimeout: time.Minute, StatementTimeout: time.Minute,
		Command: func(_ dbfile.Version, own daemonapi.Limits, _ space.Seat) (string, []string, error) {
			return self, []string{"hostile", fmt.Sprint(own.Queries)}, nil
		},
	}, Deps{Files: files{t.TempDir()}, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	t.Cleanup(p.Close)
	return p
}

func queries(n int) daemonapi.Limits { return daemonapi.Limits{Queries: n} }

// open asks something of the daemon with these limits.
func open(t *testing.T, p *Pool, own daemonapi.Limits, what string) (*Daemon, uint32, *answer) {
	t.Helper()
	a := &answer{end: make(chan end, 1)}
	for {
		d, err := p.Get(db, own)
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := d.Open(mux.OpenFinal, []byte(what), 0, a); ok {
			return d, id, a
		}
	}
}

// busy is a daemon that was started with the limits 1 and has work.
func busy(t *testing.T, p *Pool) (*Daemon, uint32, *answer) {
	t.Helper()
	_, _, a := open(t, p, queries(1), "x")
	<-a.end
	return open(t, p, queries(1), "hold")
}

// A daemon serves requests with its own limits. A daemon with other limits
// follows when it has answered them, and two never run at once.
func TestOtherLimitsFollow(t *testing.T) {
	p := limitsPool(t)
	first, held, one := busy(t, p)
	if d, _, a := open(t, p, queries(1), "x"); d != first || (<-a.end).payload != "1" {
		t.Error("the same limits have another daemon")
	}
	second, _, two := open(t, p, queries(2), "x")
	if second == first {
		t.Fatal("other limits have the same daemon")
	}
	if p.Running(db) != first || p.Requests(db) != 2 || p.Len() != 1 {
		t.Errorf("%d requests on %d databases", p.Requests(db), p.Len())
	}
	// A daemon that has not started takes the newest limits: two control planes
	// with different limits cause no queue of daemons.
	for _, n := range []int{1, 2, 1, 3} {
		if d, _, _ := open(t, p, queries(n), "x"); d != second {
			t.Errorf("limits %d: a third daemon", n)
		}
	}
	select {
	case <-two.end:
		t.Error("answered while the daemon before worked")
	default:
	}
	first.Send(mux.Cancel, held, nil)
	if e := <-one.end; e.kind != mux.Final || e.payload != "1" {
		t.Errorf("what ran before was told %v %q", e.kind, e.payload)
	}
	if e := <-two.end; e.kind != mux.Final || e.payload != "3" {
		t.Errorf("what waited was told %v %q", e.kind, e.payload)
	}
	select {
	case <-first.done:
	default:
		t.Error("two daemons of one database ran at once")
	}
	if p.Running(db) != second {
		t.Error("the second is not the one that runs")
	}
}

// An idle daemon is replaced at once.
func TestIdleDaemonWithOtherLimits(t *testing.T) {
	p := limitsPool(t)
	for n := range 4 {
		if _, _, a := open(t, p, queries(n), "x"); (<-a.end).payload != fmt.Sprint(n) {
			t.Errorf("limits %d are not those of the daemon", n)
		}
	}
	if len(p.retiring) != 0 {
		t.Errorf("%d are still remembered", len(p.retiring))
	}
}

// A slow reader does not delay the new limits of a database forever.
func TestSlowReaderDoesNotHoldUpNewLimits(t *testing.T) {
	p := limitsPool(t)
	first, _, one := busy(t, p)
	_, _, two := open(t, p, queries(2), "x")
	first.closeOverdue(p.now())
	if first.idleSince() != 0 || p.Running(db) != first {
		t.Error("it was ended at once")
	}
	first.closeOverdue(p.now() + time.Minute + closeGrace + 1)
	if e := <-one.end; e.kind != mux.Fail || errs.Unmarshal([]byte(e.payload)).Code != errs.Engine {
		t.Errorf("the slow one was told %v %q", e.kind, e.payload)
	}
	if e := <-two.end; e.payload != "2" {
		t.Errorf("the next got %v %q", e.kind, e.payload)
	}
}

// A deleted database ends both of its daemons.
func TestExclusiveEndsBoth(t *testing.T) {
	p := limitsPool(t)
	_, _, one := busy(t, p)
	_, _, two := open(t, p, queries(2), "hold")
	ran := false
	if err := p.Exclusive(func() error { ran = true; return nil }, InstanceKey{DB: db}); err != nil || !ran {
		t.Error(err)
	}
	for _, a := range []*answer{one, two} {
		if e := <-a.end; e.kind != mux.Fail {
			t.Errorf("told %v %q", e.kind, e.payload)
		}
	}
	if p.Running(db) != nil || p.Requests(db) != 0 {
		t.Errorf("%d requests are left", p.Requests(db))
	}
}

func TestRunningStartsNothing(t *testing.T) {
	p := limitsPool(t)
	if p.Running(db) != nil || p.Len() != 0 || p.Requests(db) != 0 {
		t.Error("a daemon was started")
	}
}

// A longer time limit of the request delays the kill.
func TestStuckAfterItsOwnTimeout(t *testing.T) {
	p := limitsPool(t)
	d, _, a := open(t, p, queries(1), "x")
	<-a.end // it has been launched
	if _, ok := d.Open(mux.OpenFinal, []byte("hold"), time.Hour, a); !ok {
		t.Fatal("no stream")
	}
	for after, want := range map[time.Duration]bool{3 * time.Minute: false, 2*time.Hour + 2*closeGrace: true} {
		if got := d.stuck(p.now() + after); got != want {
			t.Errorf("after %s: stuck %v", after, got)
		}
	}
}

// Limits of a control plane are clamped to values with which a daemon can work.
func TestClampLimits(t *testing.T) {
	for in, want := range map[daemonapi.Limits]daemonapi.Limits{
		{}: {},
		{DatabaseBytes: 1, HeapBytes: 1, Queries: -1}:                                   {DatabaseBytes: MinDatabaseBytes, HeapBytes: MinHeapBytes, Queries: 1},
		{DatabaseBytes: 1 << 62, HeapBytes: 1 << 62, Queries: 1 << 30}:                  {DatabaseBytes: MaxDatabaseBytes, HeapBytes: MaxHeapBytes, Queries: MaxQueries},
		{DatabaseBytes: MinDatabaseBytes + 1, HeapBytes: MinHeapBytes + 1, Queries: 64}: {DatabaseBytes: MinDatabaseBytes + 1, HeapBytes: MinHeapBytes + 1, Queries: 64},
	} {
		if got := clampLimits(in); got != want {
			t.Errorf("%+v became %+v, want %+v", in, got, want)
		}
	}
}

// The error for too many requests names the limit that would speed them up.
func TestFullNamesTheLimit(t *testing.T) {
	p := limitsPool(t)
	d, _, _ := open(t, p, queries(1), "hold")
	for range maxStreams - 1 {
		if _, ok := d.Open(mux.OpenFinal, []byte("hold"), 0, &answer{end: make(chan end, 1)}); !ok {
			t.Fatal("no stream")
		}
	}
	_, err := p.Get(db, queries(1))
	if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "1024 statements") || !strings.Contains(err.Error(), "limits.queries_per_database") {
		t.Errorf("got %v", err)
	}
}
