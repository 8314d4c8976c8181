package body

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// rateWindow is the waiting time within which the bytes of the minimum rate
	// must arrive.
	rateWindow = 60 * time.Second
	// anonymousWindow is the time for the body of a request without credentials,
	// which is small.
	anonymousWindow = 10 * time.Second
)

// limited is a body with a minimum rate: within each rateWindow of waiting, a
// minimum of bytes or the end of the body must arrive. Only time inside Read
// counts. Read is for one goroutine.
type limited struct {
	body  io.Reader
	rc    *http.ResponseController
	least int64         // bytes in each window
	most  time.Duration // from the start to the end of the body; zero is no limit
	end   time.Time     // the deadline that follows from it

	waited  time.Duration // in this window
	arrived int64         // in this window

	mu      sync.Mutex
	stopped error // of Interrupt: every later Read returns it
	ended   bool  // the body was read to its end
}

// limitRate returns a reader of a body that enforces the minimum rate.
func (b *Bodies) limitRate(w http.ResponseWriter, body io.Reader, most time.Duration) *limited {
	l := &limited{
		body: body, rc: http.NewResponseController(w), most: most,
		least: max(b.cfg.UploadRate*int64(rateWindow/time.Second), 1),
	}
	if most > 0 {
		l.end = time.Now().Add(most)
	}
	return l
}

// Read implements io.Reader. The error of a body that is too slow is Timeout.
func (p *limited) Read(b []byte) (int, error) {
	start := time.Now()
	if err := p.extend(start); err != nil {
		return 0, err
	}
	n, err := p.body.Read(b)
	p.waited += time.Since(start)
	if p.arrived += int64(n); p.arrived >= p.least {
		p.waited, p.arrived = 0, 0
	}
	switch {
	case errors.Is(err, io.EOF):
		p.finish()
	case err != nil:
		err = p.reason(err)
	}
	return n, err
}

// extend sets the read deadline of the next bytes.
func (p *limited) extend(now time.Time) error {
	until := now.Add(rateWindow - p.waited)
	if !p.end.IsZero() && p.end.Before(until) {
		until = p.end
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped == nil && !p.ended {
		// Recorders of tests have no deadlines; real connections do.
		_ = p.rc.SetReadDeadline(until)
	}
	return p.stopped
}

// Interrupt ends the current Read and every later one with an error. It has no
// effect after the end of the body: from then on net/http watches the connection
// for a client that goes away.
func (p *limited) Interrupt(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped == nil && !p.ended {
		p.stopped = err
		_ = p.rc.SetReadDeadline(time.Unix(1, 0))
	}
}

// finish removes the deadline after the end of the body.
func (p *limited) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped == nil && !p.ended {
		p.ended = true
		_ = p.rc.SetReadDeadline(time.Time{})
	}
}

// complete reports whether the body was read to its end.
func (p *limited) complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// mark makes err a stoppedError if Interrupt has stopped the body.
func (p *limited) mark(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || p.stopped == nil {
		return err
	}
	return &stoppedError{err}
}

// reason returns the public error of a failed Read.
func (p *limited) reason(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stopped != nil:
		return p.stopped
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case !p.end.IsZero() && !time.Now().Before(p.end):
		return &stoppedError{errs.Wrap(errs.Timeout, err, "The request body did not arrive within %s", p.most)}
	default:
		return &stoppedError{errs.Wrap(errs.Timeout, err, "The data arrives too slowly: fewer than %[2]d bytes in %[1]d seconds of waiting (limits.upload_rate; the operator can lower it)", int(rateWindow/time.Second), p.least)}
	}
}
