package mailapi

import (
	"context"
	"encoding/json"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// Subject is the subject of the work queue.
const Subject = "ayb.v1.mail"

// Notices carry the outcome of a job from the mailer to the waiting sender. A lost
// notice is harmless: the sender waits for MaxWait and returns Queued.
type Notices interface {
	// Listen makes an address for one notice. wait returns the notice or the error
	// of ctx; forget ends the address.
	Listen() (address string, wait func(ctx context.Context) ([]byte, error), forget func(), err error)
	// Notify sends a notice to an address.
	Notify(address string, data []byte) error
}

// envelope is a job in the queue. Fields may be added, but never removed or changed.
type envelope struct {
	Job    Job    `json:"job"`
	Notify string `json:"notify,omitempty"`
}

// Client queues mails. It is safe for concurrent use.
type Client struct {
	queue   bus.Queue
	notices Notices
}

var _ Sender = (*Client)(nil)

// NewClient returns a client of a queue.
func NewClient(q bus.Queue, n Notices) *Client { return &Client{q, n} }

// Send implements Sender.
func (c *Client) Send(ctx context.Context, job Job) (Delivery, error) {
	address, wait, forget, err := c.notices.Listen()
	if err != nil {
		return "", err
	}
	defer forget()
	data, err := json.Marshal(envelope{job, address})
	if err != nil {
		return "", errs.Wrap(errs.Internal, err, "The mail could not be encoded")
	}
	if err := c.queue.Put(ctx, job.ID, data); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, MaxWait)
	defer cancel()
	notice, err := wait(ctx)
	if err != nil {
		return Queued, nil //nolint:nilerr // the mail is safe in the queue
	}
	if len(notice) > 0 {
		return "", errs.Unmarshal(notice)
	}
	return Delivered, nil
}
