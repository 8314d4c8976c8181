package natsbus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/ayb-go/ayb/shared/errs"
)

// Calls may take hours, and a callee that dies loses its answer. So the callee of a
// long call sends keep-alives. The caller fails the call when none arrives in time,
// and the callee cancels the handler when they have no receiver.

const (
	// keepAliveHeader requests keep-alives in a call, and marks a keep-alive.
	keepAliveHeader = "Ayb-Keep-Alive"
	// keepAliveInterval is the time between two keep-alives.
	keepAliveInterval = 2 * time.Second
	// keepAliveTimeout is the longest time without one. It is long enough for a
	// reconnect.
	keepAliveTimeout = 10 * time.Second
)

// keepAlive configures keep-alives: the interval, and the longest time without one.
type keepAlive struct{ interval, timeout time.Duration }

// requestLong makes a call whose deadline is later than the keep-alive timeout.
func (c *Conn) requestLong(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	msg.Header.Set(keepAliveHeader, "request")
	msg.Reply = c.newInbox()
	sub, err := c.nc.SubscribeSync(msg.Reply)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sub.Unsubscribe() }() // it fails only when the connection is gone
	if err := c.nc.PublishMsg(msg); err != nil {
		return nil, err
	}
	for {
		m, err := c.nextMessage(ctx, sub)
		if err != nil || m.Header.Get(keepAliveHeader) == "" {
			return m, err
		}
	}
}

// nextMessage waits for a keep-alive or the answer.
func (c *Conn) nextMessage(ctx context.Context, sub *nats.Subscription) (*nats.Msg, error) {
	waiting, cancel := context.WithTimeout(ctx, c.keepAlive.timeout)
	defer cancel()
	m, err := sub.NextMsgWithContext(waiting)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = errs.Wrap(errs.Unavailable, err, "The part of the server that worked on this stopped; check whether a change was made before you repeat it")
	}
	return m, err
}

// sendKeepAlives sends keep-alives until ctx ends. It calls gone when they have had
// no receiver for the keep-alive timeout.
func (c *Conn) sendKeepAlives(ctx context.Context, req micro.Request, gone func()) {
	heard := time.Now()
	for time.Since(heard) < c.keepAlive.timeout {
		alive := nats.NewMsg(req.Reply())
		alive.Header.Set(keepAliveHeader, "alive")
		// The caller never answers a keep-alive. A timeout, in place of an error
		// at once, proves that it still listens.
		waiting, cancel := context.WithTimeout(ctx, c.keepAlive.interval)
		if _, err := c.nc.RequestMsgWithContext(waiting, alive); errors.Is(err, context.DeadlineExceeded) {
			heard = time.Now()
		}
		<-waiting.Done()
		cancel()
		if ctx.Err() != nil {
			return
		}
	}
	gone()
}
