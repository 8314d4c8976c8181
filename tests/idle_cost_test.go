package tests

import (
	"strconv"
	"testing"

	"github.com/ayb-go/ayb/tests/harness"
)

// P10, P11: rounds over databases that nobody writes to cost one listing of the
// bucket each, on a connection that is there already: no copy, no process, and
// no request for any of them.
func TestIdleRoundsP10P11(t *testing.T) {
	t.Parallel()
	w := startStoreWorld(t, harness.WithConfig("[querynode]\nidle_timeout = \"500ms\""))
	var names []string
	for i := range 5 {
		names = append(names, "db"+strconv.Itoa(i))
		w.create(names[i])
	}
	w.become(1, names)
	harness.Until(t, "the daemons to end", func() bool { return len(w.Daemons()) == 0 })
	w.pass(1) // whatever was due then is done
	rounds, requests, opened := w.rounds(), w.m.Requests(), w.m.Connections()
	harness.Until(t, "rounds to pass", func() bool {
		if daemons := w.Daemons(); len(daemons) > 0 {
			t.Fatalf("%d processes were started", len(daemons))
		}
		return w.rounds() >= rounds+4
	})
	passed := int64(w.rounds() - rounds)
	if n := w.m.Requests() - requests; n < passed-1 || n > passed+1 { // one round may be half done at each end
		t.Errorf("%d requests in %d rounds", n, passed)
	}
	if n := w.m.Connections() - opened; n > 0 {
		t.Errorf("%d connections were opened", n)
	}
}
