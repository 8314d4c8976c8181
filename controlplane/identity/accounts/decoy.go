package accounts

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// decoy answers log-ins of names that nobody has. Those who have a name wait
// until their mail is on its way, and are told how that went; a name that is
// not there must not be known by a quicker answer or by a better one (S14). So
// it gets an answer that was given to a real mail not long ago, after the same
// time. Until there was a mail it gets the answer of one that was delivered.
type decoy struct {
	mu     sync.Mutex
	recent []mailOutcome
	next   int
}

// mailOutcome is how sending one mail went.
type mailOutcome struct {
	took     time.Duration
	delivery mailapi.Delivery
	err      error
}

// maxOutcomes is from how many mails an answer is taken.
const maxOutcomes = 32

// record remembers how sending a mail went.
func (d *decoy) record(s mailOutcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.recent) < maxOutcomes {
		d.recent = append(d.recent, s)
		return
	}
	d.recent[d.next] = s
	d.next = (d.next + 1) % maxOutcomes
}

// answer waits as long as one of the recent mails took and gives its outcome.
func (d *decoy) answer(ctx context.Context) (mailapi.Delivery, error) {
	d.mu.Lock()
	s := mailOutcome{delivery: mailapi.Delivered}
	if n := len(d.recent); n > 0 {
		s = d.recent[rand.IntN(n)]
	}
	d.mu.Unlock()
	wait := time.NewTimer(s.took)
	defer wait.Stop()
	select {
	case <-wait.C:
		return s.delivery, s.err
	case <-ctx.Done():
		return "", errs.Wrap(errs.Canceled, ctx.Err(), "The request was given up before it was done")
	}
}
