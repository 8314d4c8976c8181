package api

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
	// bodyWindow is how long the server waits in all until as many bytes have
	// come as the least rate asks for.
	bodyWindow = 60 * time.Second
	// openBodyTime is how long a body may take from somebody who has shown no
	// credentials: there it is small.
	openBodyTime = 10 * time.Second
)

// paced is a body that has to come at a least rate: in every bodyWindow that the
// server waits for it, so much of it, or the rest. Time in which nobody reads
// does not count. Read is for one goroutine.
type paced struct {
	body  io.Reader
	rc    *http.ResponseController
	least int64     // bytes in each window
	end   time.Time // when it has to be there, zero for no such time

	waited time.Duration // in this window
	come   int64         // in this window

	mu   sync.Mutex
	done error // why nothing more is to be read
	over bool  // all has been read
}

// pace gives the reader of a body that comes at the configured rate at least.
func (s *Server) pace(w http.ResponseWriter, body io.Reader, end time.Time) *paced {
	return &paced{
		body: body, rc: http.NewResponseController(w), end: end,
		least: max(s.cfg.UploadRate*int64(bodyWindow/time.Second), 1),
	}
}

// Read implements io.Reader. The error of a body that does not come in time is
// Timeout.
func (p *paced) Read(b []byte) (int, error) {
	begun := time.Now()
	if err := p.extend(begun); err != nil {
		return 0, err
	}
	n, err := p.body.Read(b)
	p.waited += time.Since(begun)
	if p.come += int64(n); p.come >= p.least {
		p.waited, p.come = 0, 0
	}
	switch {
	case errors.Is(err, io.EOF):
		p.finish()
	case err != nil:
		err = p.reason(err)
	}
	return n, err
}

// extend sets until when the next bytes may come.
func (p *paced) extend(now time.Time) error {
	until := now.Add(bodyWindow - p.waited)
	if !p.end.IsZero() && p.end.Before(until) {
		until = p.end
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == nil && !p.over {
		// Recorders of tests have no deadlines; real connections do.
		_ = p.rc.SetReadDeadline(until)
	}
	return p.done
}

// Interrupt ends a Read that waits, and every later one, with an error. It does
// nothing when all has come: the server then looks whether the client goes away.
func (p *paced) Interrupt(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == nil && !p.over {
		p.done = err
		_ = p.rc.SetReadDeadline(time.Unix(1, 0))
	}
}

// finish says that all has come: the client may wait for as long as it likes.
func (p *paced) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == nil && !p.over {
		p.over = true
		_ = p.rc.SetReadDeadline(time.Time{})
	}
}

// ended tells whether all has come.
func (p *paced) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// told makes an error of the request one that its client is told, if this has
// stopped to read what the client has to send.
func (p *paced) told(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || p.done == nil {
		return err
	}
	return &toldError{err}
}

// reason tells why a Read failed.
func (p *paced) reason(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.done != nil:
		return p.done
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case !p.end.IsZero() && !time.Now().Before(p.end):
		return &toldError{errs.Wrap(errs.Timeout, err, "The data did not come within the time that it may take")}
	default:
		return &toldError{errs.Wrap(errs.Timeout, err, "The data comes too slowly: in %d seconds of waiting less than %d bytes came (limits.upload_rate; the operator can lower it)", int(bodyWindow/time.Second), p.least)}
	}
}
