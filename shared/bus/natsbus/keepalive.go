package natsbus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/ayb-go/ayb/shared/errs"
)

// Calls may take hours, and an answer is lost with the process that should give
// it. So whoever answers a long call says now and then that it works on it.
// The caller gives the call up after a silence, and the answering side when
// nobody listens any more.

const (
	// keepAliveHeader asks for signs in a call, and is what a sign has.
	keepAliveHeader = "Ayb-Keep-Alive"
	// keepAliveInterval is how often a sign is given.
	keepAliveInterval = 2 * time.Second
	// keepAliveTimeout is how long a caller waits for one. It covers a connection
	// that breaks and comes back.
	keepAliveTimeout = 10 * time.Second
)

// keepAlive are how often they are given, and how long they are waited for.
type keepAlive struct{ every, patience time.Duration }

// requestLong makes a call that takes longer than the silence it may have.
func (c *Conn) requestLong(ctx context.Context, msg *nats.Msg) (*nats.Msg, error) {
	msg.Header.Set(keepAliveHeader, "wanted")
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

// nextMessage waits for a sign, or for the answer.
func (c *Conn) nextMessage(ctx context.Context, sub *nats.Subscription) (*nats.Msg, error) {
	waiting, cancel := context.WithTimeout(ctx, c.keepAlive.patience)
	defer cancel()
	m, err := sub.NextMsgWithContext(waiting)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = errs.Wrap(errs.Unavailable, err, "The part of the server that worked on this went away; check whether a change was made before you repeat it")
	}
	return m, err
}

// sendKeepAlives says that a call is worked on until ctx ends, and calls gone when
// for as long as a caller would wait nobody has listened.
func (c *Conn) sendKeepAlives(ctx context.Context, req micro.Request, gone func()) {
	heard := time.Now()
	for time.Since(heard) < c.keepAlive.patience {
		sign := nats.NewMsg(req.Reply())
		sign.Header.Set(keepAliveHeader, "given")
		// Nobody answers a sign: the time for that is the pause between two.
		waiting, cancel := context.WithTimeout(ctx, c.keepAlive.every)
		if _, err := c.nc.RequestMsgWithContext(waiting, sign); errors.Is(err, context.DeadlineExceeded) {
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
