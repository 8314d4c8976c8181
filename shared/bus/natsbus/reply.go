package natsbus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/ayb-go/ayb/shared/errs"
)

// Listen makes an address to which another role can send one message. It implements
// mailapi.Notices.
func (c *Conn) Listen() (address string, wait func(context.Context) ([]byte, error), forget func(), err error) {
	address = c.newInbox()
	sub, err := c.nc.SubscribeSync(address)
	if err != nil {
		return "", nil, nil, errs.Wrap(errs.Unavailable, err, "The bus is not connected; try again")
	}
	wait = func(ctx context.Context) ([]byte, error) {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return nil, fmt.Errorf("wait for a notice: %w", err)
		}
		return m.Data, nil
	}
	return address, wait, func() { _ = sub.Unsubscribe() }, nil
}

// Notify sends one message to an address of Listen. An address without a listener is
// not an error.
func (c *Conn) Notify(address string, data []byte) error {
	if err := c.nc.PublishMsg(&nats.Msg{Subject: address, Data: data}); err != nil {
		return fmt.Errorf("send a notice: %w", err)
	}
	return nil
}
