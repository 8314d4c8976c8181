package relay

import (
	"context"
	"errors"
	"time"

	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

const (
	// maxReply bounds the answer to a request of the node's own.
	maxReply = 64 << 10
	// cancelGrace is how long a request that was given up may take to end. One
	// that shows that it lives and does not end is forgotten then.
	cancelGrace = 20 * time.Second
)

// Call makes a request of the node's own and waits for the whole answer, which
// has to be short. get finds the daemon, as for others. When ctx ends the
// request is canceled, and the error is Canceled or Timeout.
func Call(ctx context.Context, get func() (*pool.Daemon, error), req daemonapi.Request) ([]byte, error) {
	payload := append(daemonapi.AppendHead(nil, &req), req.Body...)
	for {
		d, err := get()
		if err != nil {
			return nil, err
		}
		r := &reply{end: make(chan error, 1), large: make(chan struct{}, 1)}
		if id, ok := d.Open(mux.OpenFinal, payload, req.Timeout, r); ok {
			return r.wait(ctx, req.Kind, func() { d.Send(mux.Cancel, id, nil) })
		}
	}
}

// reply is a Receiver that keeps a short answer. Its text is for the daemon's
// read loop until the end is told.
type reply struct {
	text  []byte
	large chan struct{}
	end   chan error
}

// wait waits for the end of the answer, or gives it up.
func (r *reply) wait(ctx context.Context, asked daemonapi.Kind, cancel func()) ([]byte, error) {
	var given error
	select {
	case err := <-r.end:
		if err != nil {
			return nil, errs.Unmarshal(filterDaemonError(asked, errs.Marshal(err)))
		}
		return r.text, nil
	case <-ctx.Done():
		given = errs.Wrap(errs.Canceled, context.Cause(ctx), "The request was given up")
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			given = errs.Wrap(errs.Timeout, ctx.Err(), "The request took too long")
		}
	case <-r.large:
		given = errs.E(errs.Engine, "The query daemon gave an answer that could not be used")
	}
	cancel()
	t := time.NewTimer(cancelGrace)
	defer t.Stop()
	select {
	case <-r.end: //nolint:errcheck // given says why
	case <-t.C:
	}
	return nil, given
}

// Receive implements pool.Receiver.
func (r *reply) Receive(k mux.Kind, payload []byte) {
	switch k {
	case mux.Data, mux.Final:
		if len(r.text)+len(payload) <= maxReply {
			r.text = append(r.text, payload...)
		} else if k == mux.Data {
			select {
			case r.large <- struct{}{}:
			default:
			}
		}
		if k == mux.Final {
			r.end <- nil
		}
	case mux.Fail:
		r.end <- errs.Unmarshal(payload)
	}
}
