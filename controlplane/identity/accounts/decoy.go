package accounts

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// decoy answers log-ins of names without an account. A real log-in waits until
// its mail is sent and returns the outcome. An unknown name must not be
// recognizable by a faster or a different answer. So the decoy waits as long as
// one of the last real mails took, and returns the outcome of that mail. Before
// the first mail it returns the outcome of a delivered one. It is safe for
// concurrent use.
type decoy struct {
	mu     sync.Mutex
	recent []mailOutcome
	next   int
}

// mailOutcome is the duration and the result of sending one mail.
type mailOutcome struct {
	took     time.Duration
	delivery mailapi.Delivery
	err      error
}

// maxOutcomes is the number of mails whose outcomes are kept.
const maxOutcomes = 32

// record keeps an outcome; the oldest one makes room.
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

// answer picks one of the kept outcomes, waits as long as that mail took, and
// returns its result.
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
		return "", errs.Wrap(errs.Canceled, ctx.Err(), "The request was canceled before the answer")
	}
}
