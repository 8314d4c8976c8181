package pool

import (
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

var otherDB = ayb.DatabasePath{Entity: "a", Database: "other"}

// reserve asks the daemon that get gives to hold a request.
func hold(t *testing.T, get func() (*Daemon, error)) (*Daemon, *answer) {
	t.Helper()
	a := &answer{end: make(chan end, 1)}
	for {
		d, err := get()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := d.Open(mux.OpenFinal, []byte("hold"), 0, a); ok {
			return d, a
		}
	}
}

// ended reports whether a request has failed because its daemon ended.
func ended(t *testing.T, a *answer) bool {
	t.Helper()
	select {
	case e := <-a.end:
		if e.kind != mux.Fail {
			t.Errorf("told %v %q", e.kind, e.payload)
		}
		return true
	default:
		return false
	}
}

// placesPool has slots for several daemons.
func placesPool(t *testing.T) *Pool {
	t.Helper()
	p := limitsPool(t)
	p.cfg.MaxDaemons = 10 // before anything is asked of it
	return p
}

// A staged version has a daemon of its own. It ends with the live version's
// daemon when the files of the database change, and alone when only its own
// files change.
func TestStagedVersionsHaveDaemons(t *testing.T) {
	p := placesPool(t)
	live, liveEnd := hold(t, func() (*Daemon, error) { return p.Get(db, queries(1)) })
	one, oneEnd := hold(t, func() (*Daemon, error) { return p.GetStaged(db, "1", queries(1)) })
	two, twoEnd := hold(t, func() (*Daemon, error) { return p.GetStaged(db, "2", queries(1)) })
	beside, besideEnd := hold(t, func() (*Daemon, error) { return p.GetStaged(otherDB, "1", queries(1)) })
	if live == one || one == two || two == beside || p.Len() != 4 {
		t.Errorf("%d daemons", p.Len())
	}
	if p.Running(db) != live || p.Requests(db) != 1 {
		t.Error("a staged version counts as the database")
	}
	err := p.Exclusive(func() error {
		if !ended(t, oneEnd) || ended(t, liveEnd) || ended(t, twoEnd) || ended(t, besideEnd) {
			t.Error("not the one version was ended")
		}
		return nil
	}, InstanceKey{db, "1"})
	if err != nil {
		t.Error(err)
	}
	err = p.Exclusive(func() error {
		if !ended(t, liveEnd) || !ended(t, twoEnd) || ended(t, besideEnd) {
			t.Error("not all of the one database was ended")
		}
		return nil
	}, InstanceKey{DB: db}, InstanceKey{db, "1"})
	if err != nil {
		t.Error(err)
	}
}

// Callers that name the same keys in different orders do not wait for each
// other forever, and one at a time has them.
func TestExclusiveReservesSeveralKeys(t *testing.T) {
	p := placesPool(t)
	var wg sync.WaitGroup
	inside := make(chan struct{}, 1)
	for i := range 40 {
		places := []InstanceKey{{DB: db}, {DB: otherDB}}
		if i%2 == 0 {
			places = []InstanceKey{{DB: otherDB}, {DB: db}, {DB: db}}
		}
		wg.Go(func() {
			err := p.Exclusive(func() error {
				select {
				case inside <- struct{}{}:
				default:
					t.Error("two have the same places")
					return nil
				}
				if p.Len() != 2 {
					t.Errorf("%d slots are reserved", p.Len())
				}
				<-inside
				return nil
			}, places...)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if p.Len() != 0 {
		t.Errorf("%d slots are still reserved", p.Len())
	}
}

// The node's own work does not change the known limits, which are those of the
// last request.
func TestKnownLimits(t *testing.T) {
	p := limitsPool(t)
	first, _, a := open(t, p, queries(2), "x")
	<-a.end
	if p.KnownLimits(db) != queries(2) {
		t.Errorf("known %+v", p.KnownLimits(db))
	}
	if d, err := p.GetForMaintenance(db, p.KnownLimits(db)); err != nil || d != first {
		t.Errorf("another daemon, %v", err)
	}
	if _, err := p.GetForMaintenance(db, queries(3)); err != nil || p.KnownLimits(db) != queries(2) {
		t.Errorf("known %+v, %v", p.KnownLimits(db), err)
	}
	if _, err := p.Get(db, daemonapi.Limits{}); err != nil || p.KnownLimits(db) != (daemonapi.Limits{}) {
		t.Errorf("known %+v, %v", p.KnownLimits(db), err)
	}
}

// absent resolves all databases but one.
type absent struct {
	files
	db ayb.DatabasePath
}

func (f absent) Resolve(p ayb.DatabasePath) (dbfile.Version, error) {
	if p == f.db {
		return dbfile.Version{}, errs.E(errs.Engine, "This query node does not have the database")
	}
	return f.files.Resolve(p)
}

// The limits of databases that do not exist are not kept: an account can make
// and delete any number of them.
func TestLimitsGoWithTheirDatabase(t *testing.T) {
	p := limitsPool(t)
	_, _, first := open(t, p, queries(2), "x")
	<-first.end
	nothing := func() error { return nil }
	if err := p.Exclusive(nothing, InstanceKey{DB: db}); err != nil || p.KnownLimits(db) != queries(2) {
		t.Errorf("known %+v, %v", p.KnownLimits(db), err)
	}
	there := p.deps.Files.(files)
	err := p.Exclusive(func() error { p.deps.Files = absent{there, db}; return nil }, InstanceKey{DB: db})
	if err != nil || len(p.knownLimits) != 0 {
		t.Errorf("known %+v, %v", p.knownLimits, err)
	}
	d, _, a := open(t, p, queries(2), "x")
	if e := <-a.end; e.kind != mux.Fail {
		t.Errorf("told %v %q", e.kind, e.payload)
	}
	<-d.done
	if p.KnownLimits(db) != (daemonapi.Limits{}) {
		t.Errorf("known %+v", p.KnownLimits(db))
	}
}

// A daemon that waits for the rest of a request from a slow client is not
// stuck. A daemon that has the complete request, or does not read it, is.
func TestSlowUploadIsNotStuck(t *testing.T) {
	p := limitsPool(t)
	d, _, first := open(t, p, queries(1), "x")
	<-first.end // it has been launched
	begin := func() (uint32, *answer) {
		t.Helper()
		a := &answer{end: make(chan end, 1)}
		id, ok := d.Open(mux.Open, []byte("head"), 0, a)
		if !ok {
			t.Fatal("no stream")
		}
		return id, a
	}
	late := p.now() + time.Hour
	id, a := begin()
	if d.stuck(late) {
		t.Error("stuck although nothing came")
	}
	d.Send(mux.Data, id, make([]byte, mux.Window/2-1))
	if d.stuck(late) {
		t.Error("stuck although it may wait for more")
	}
	d.Send(mux.Final, id, nil)
	if !d.stuck(late) {
		t.Error("not stuck although it has everything")
	}
	d.Send(mux.Cancel, id, nil)
	<-a.end
	id, _ = begin()
	d.Send(mux.Data, id, make([]byte, mux.Window/2))
	if !d.stuck(late) {
		t.Error("not stuck although it does not take what it has")
	}
}
