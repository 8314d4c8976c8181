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
	// cancelGrace is how long a canceled request may take to end. After that
	// the node ignores it, even if its daemon shows signs of life.
	cancelGrace = 20 * time.Second
)

// Call makes a request of the node's own and waits for the complete answer,
// which must have at most maxReply bytes. get finds the daemon, as for other
// requests. When ctx ends the request is canceled, and the error is Canceled or
// Timeout.
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

// reply is a Receiver that collects a short answer. Only the daemon's read loop
// uses text until end has a value.
type reply struct {
	text  []byte
	large chan struct{}
	end   chan error
}

// wait waits for the end of the answer, or cancels the request.
func (r *reply) wait(ctx context.Context, asked daemonapi.Kind, cancel func()) ([]byte, error) {
	var reason error
	select {
	case err := <-r.end:
		if err != nil {
			return nil, errs.Unmarshal(filterDaemonError(asked, errs.Marshal(err)))
		}
		return r.text, nil
	case <-ctx.Done():
		reason = errs.Wrap(errs.Canceled, context.Cause(ctx), "The request was canceled")
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			reason = errs.Wrap(errs.Timeout, ctx.Err(), "The request took too long")
		}
	case <-r.large:
		reason = errs.E(errs.Engine, "The answer of the query daemon is longer than %d bytes", maxReply)
	}
	cancel()
	t := time.NewTimer(cancelGrace)
	defer t.Stop()
	select {
	case <-r.end: //nolint:errcheck // reason is the error
	case <-t.C:
	}
	return nil, reason
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
