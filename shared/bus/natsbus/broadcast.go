package natsbus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

var _ bus.Broadcaster = (*Conn)(nil)

// Publish implements bus.Broadcaster.
func (c *Conn) Publish(subject string, data []byte) error {
	if err := c.nc.Publish(subject, data); err != nil {
		return errs.Wrap(errs.Unavailable, err, "The bus is not connected")
	}
	return nil
}

// Subscribe implements bus.Broadcaster.
func (c *Conn) Subscribe(subject string, receive func([]byte) []byte) (func(), error) {
	sub, err := c.nc.Subscribe(subject, func(m *nats.Msg) {
		answer := receive(m.Data)
		if answer == nil || m.Reply == "" {
			return
		}
		if err := c.nc.Publish(m.Reply, answer); err != nil {
			c.log.Debug("could not send an answer to a broadcast", "err", err)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil // it fails only when the connection is gone
}

// Ask implements bus.Broadcaster.
func (c *Conn) Ask(subject string, data []byte) (bus.Answers, error) {
	inbox := c.nc.NewInbox()
	sub, err := c.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The bus is not connected")
	}
	a := answers{sub}
	if err := c.nc.PublishMsg(&nats.Msg{Subject: subject, Reply: inbox, Data: data}); err != nil {
		a.Close()
		return nil, errs.Wrap(errs.Unavailable, err, "The bus is not connected")
	}
	return a, nil
}

// answers implements bus.Answers.
type answers struct{ sub *nats.Subscription }

// Next implements bus.Answers.
func (a answers) Next(ctx context.Context) ([]byte, error) {
	for {
		m, err := a.sub.NextMsgWithContext(ctx)
		if err != nil {
			return nil, errs.Wrap(errs.Unavailable, err, "Some of the processes did not answer in time")
		}
		if m.Header.Get(statusHeader) == "" { // otherwise the subject has no subscriber
			return m.Data, nil
		}
	}
}

// Close implements bus.Answers.
func (a answers) Close() { _ = a.sub.Unsubscribe() } // it fails only when the connection is gone
