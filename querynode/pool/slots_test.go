package pool

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// of is a database of an account.
func of(account string, n int) ayb.DatabasePath {
	return ayb.DatabasePath{Entity: ayb.EntitySlug(account), Database: ayb.DatabaseSlug(fmt.Sprintf("db%d", n))}
}

// occupy sends a request on a database: k is Open for a request whose rest is
// missing, and OpenFinal for a request on which the daemon works.
func occupy(p *Pool, db ayb.DatabasePath, k mux.Kind) (*answer, error) {
	a := &answer{end: make(chan end, 1)}
	for {
		d, err := p.Get(db, queries(1))
		if err != nil {
			return nil, err
		}
		if _, ok := d.Open(k, []byte("hold"), 0, a); ok {
			return a, nil
		}
	}
}

// occupyAll takes as many slots as an account can have.
func occupyAll(t *testing.T, p *Pool, account string, k mux.Kind) (all []*answer) {
	t.Helper()
	for n := range p.cfg.MaxDaemons + 1 {
		a, err := occupy(p, of(account, n), k)
		if errs.Is(err, errs.Unavailable) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	t.Fatalf("%s has more places than there are", account)
	return nil
}

// No account has more busy slots than are left for the others, and each further
// account gets one while all others are busy.
func TestAccountsShareThePlaces(t *testing.T) {
	p := limitsPool(t)
	p.cfg.MaxDaemons = 12
	for _, c := range []struct {
		account string
		want    int
	}{{"a", 6}, {"b", 3}, {"c", 2}, {"d", 1}} {
		if got := len(occupyAll(t, p, c.account, mux.OpenFinal)); got != c.want {
			t.Errorf("%s has %d places, not %d", c.account, got, c.want)
		}
	}
	_, err := occupy(p, of("a", 11), mux.OpenFinal)
	if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "6 databases of a are busy") {
		t.Error(err)
	}
	_, err = occupy(p, of("e", 0), mux.OpenFinal)
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("what works was ended for another account: %v", err)
	}
}

// An account that has most slots with requests that only wait for their clients
// loses one to an account with fewer. The error names the reason.
func TestWaitingRequestsArePreempted(t *testing.T) {
	p := limitsPool(t)
	p.cfg.MaxDaemons = 12
	most := occupyAll(t, p, "a", mux.Open)
	for _, other := range []string{"b", "c", "d"} {
		occupyAll(t, p, other, mux.Open)
	}
	if _, err := occupy(p, of("e", 0), mux.OpenFinal); err != nil {
		t.Fatal(err)
	}
	var told []end
	for _, a := range most {
		select {
		case e := <-a.end:
			told = append(told, e)
		default:
		}
	}
	// The slot is free once the previous daemon has ended; its request has then failed.
	for len(told) == 0 {
		for _, a := range most {
			select {
			case e := <-a.end:
				told = append(told, e)
			default:
			}
		}
	}
	err := errs.Unmarshal([]byte(told[0].payload))
	if len(told) != 1 || !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "another account needed its place") {
		t.Errorf("%d were told, the first %v", len(told), err)
	}
}

// Idle daemons end first, and among them those of the account with the most
// daemons.
func TestLargestAccountLosesIdleDaemonFirst(t *testing.T) {
	p := limitsPool(t)
	p.cfg.MaxDaemons = 5
	use := func(db ayb.DatabasePath) {
		t.Helper()
		a, err := occupy(p, db, mux.OpenFinal)
		if err != nil {
			t.Fatal(err)
		}
		d := p.Running(db)
		d.Send(mux.Cancel, 1, nil)
		<-a.end
	}
	use(of("one", 0)) // idles longest
	for n := range 4 {
		use(of("many", n))
	}
	for n := range 3 {
		if _, err := occupy(p, of("new", n), mux.OpenFinal); err != nil {
			t.Fatalf("newcomer %d: %v", n, err)
		}
	}
	if p.Running(of("one", 0)) == nil {
		t.Error("the only daemon of an account was ended while another account had several")
	}
}

// When no descriptors are left, an idle daemon ends.
func TestDescriptorsOfIdleDaemonsAreUsed(t *testing.T) {
	p := limitsPool(t)
	p.cfg.MaxDaemons = 50
	for n := range 4 {
		a, err := occupy(p, of("many", n), mux.OpenFinal)
		if err != nil {
			t.Fatal(err)
		}
		p.Running(of("many", n)).Send(mux.Cancel, 1, nil)
		<-a.end
	}
	restore := leaveDescriptors(t, 0)
	defer restore()
	if f, err := os.Open(os.DevNull); err == nil {
		_ = f.Close()
		t.Fatal("there are descriptors left")
	}
	a, err := occupy(p, of("new", 0), mux.OpenFinal)
	if err != nil {
		t.Fatal(err)
	}
	for {
		d := p.Running(of("new", 0))
		if d == nil {
			t.Fatalf("the new daemon ended: %v", <-a.end)
		}
		d.mu.Lock()
		started := d.proc != nil
		d.mu.Unlock()
		if started {
			break
		}
	}
	if p.Len() >= 5 {
		t.Errorf("%d daemons", p.Len())
	}
}
