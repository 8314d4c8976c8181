package tests

import (
	"strconv"
	"testing"

	"github.com/ayb-go/ayb/tests/harness"
)

// P10, P11: rounds over unchanged databases cost one listing of the bucket each,
// on an existing connection: no copy, no process, and no request for a database.
func TestIdleRoundsP10P11(t *testing.T) {
	t.Parallel()
	srv := startFaultyStore(t, harness.WithConfig("[querynode]\nidle_timeout = \"500ms\""))
	var names []string
	for i := range 5 {
		names = append(names, "db"+strconv.Itoa(i))
		srv.create(names[i])
	}
	srv.become(1, names)
	harness.Until(t, "the daemons to end", func() bool { return len(srv.Daemons()) == 0 })
	srv.pass(1) // after it no work is due
	rounds, requests, opened := srv.rounds(), srv.m.Requests(), srv.m.Connections()
	harness.Until(t, "rounds to pass", func() bool {
		if daemons := srv.Daemons(); len(daemons) > 0 {
			t.Fatalf("%d processes were started", len(daemons))
		}
		return srv.rounds() >= rounds+4
	})
	passed := int64(srv.rounds() - rounds)
	if n := srv.m.Requests() - requests; n < passed-1 || n > passed+1 { // one round may be half done at each end
		t.Errorf("%d requests in %d rounds", n, passed)
	}
	if n := srv.m.Connections() - opened; n > 0 {
		t.Errorf("%d connections were opened", n)
	}
}
