package mailapi

import (
	"context"
	"encoding/json"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// Subject is the subject of the work queue.
const Subject = "ayb.v1.mail"

// Notices is where the mailer tells how a job has ended. A notice is only a
// convenience: a lost one costs the waiting caller its patience, nothing else.
type Notices interface {
	// Listen makes a one-time address and waits there: wait gives the notice
	// or ctx's error, forget ends the address.
	Listen() (address string, wait func(ctx context.Context) ([]byte, error), forget func(), err error)
	// Notify sends a notice to an address.
	Notify(address string, data []byte) error
}

// envelope is a job on the queue. Fields are only added.
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

// NewClient makes a client.
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
	if err != nil { // the mail is safe in the queue
		return Queued, nil //nolint:nilerr // not hearing of a delivery is no failure
	}
	if len(notice) > 0 {
		return "", errs.Unmarshal(notice)
	}
	return Delivered, nil
}
