package natsbus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	mailStream     = "MAIL"
	registryBucket = "nodes"
	registryTTL    = 15 * time.Second

	fetchWait  = 5 * time.Second
	firstDelay = 500 * time.Millisecond
	maxDelay   = 5 * time.Minute
	// ackWait is the time until a job of a dead worker is delivered again. A live
	// worker reports progress three times within it.
	ackWait = 15 * time.Second
	// settleWait is the longest time for an acknowledgement.
	settleWait = 5 * time.Second
)

// Queue is a JetStream work queue with one durable consumer.
type Queue struct {
	conn     *Conn
	stream   string
	subject  string
	consumer string
	ackWait  time.Duration
	// open finds or creates the consumer.
	open func(ctx context.Context, q *Queue) (jetstream.Consumer, error)
}

var _ bus.Queue = (*Queue)(nil)

// MailQueue is the queue of mails to send.
func (c *Conn) MailQueue(subject string) *Queue {
	return &Queue{conn: c, stream: mailStream, subject: subject, consumer: "mailer", ackWait: ackWait, open: find}
}

// find looks up the consumer, which the control plane creates.
func find(ctx context.Context, q *Queue) (jetstream.Consumer, error) {
	return q.conn.js.Consumer(ctx, q.stream, q.consumer)
}

// Ensure creates the queue on the bus, which only the control plane does. Workers
// wait for it.
func (q *Queue) Ensure(ctx context.Context) error {
	_, err := q.conn.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: q.stream, Subjects: []string{q.subject}, Retention: jetstream.WorkQueuePolicy,
		Storage: jetstream.FileStorage, Duplicates: 10 * time.Minute,
	})
	if err = q.conn.existingDespite(ctx, q.stream, err); err == nil {
		_, err = q.conn.js.CreateOrUpdateConsumer(ctx, q.stream, jetstream.ConsumerConfig{
			Durable: q.consumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.ackWait, MaxDeliver: -1,
			MaxAckPending: -1, // jobs that wait for a retry must not block new ones
		})
		err = q.conn.existingDespite(ctx, q.stream, err)
	}
	if err != nil {
		return fmt.Errorf("prepare the queue %s on the bus: %w", q.stream, err)
	}
	return nil
}

// Put implements bus.Queue.
func (q *Queue) Put(ctx context.Context, id string, data []byte) error {
	err := q.conn.publish(ctx, &nats.Msg{Subject: q.subject, Data: data}, jetstream.WithMsgID(id))
	if errs.Is(err, errs.DiskFull) {
		return err
	}
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "The job could not be queued; try again")
	}
	return nil
}

// Work implements bus.Queue. While the queue is out of reach it retries. Concurrent
// calls work on as many jobs at a time. A job that is being handled when ctx ends is
// still acknowledged.
func (q *Queue) Work(ctx context.Context, do func(context.Context, bus.Job) error) error {
	for ctx.Err() == nil {
		cons, err := q.open(ctx, q)
		if err != nil {
			pause(ctx)
			continue
		}
		q.fetch(ctx, cons, do)
	}
	return nil
}

// fetch handles jobs until the consumer is out of reach.
func (q *Queue) fetch(ctx context.Context, cons jetstream.Consumer, do func(context.Context, bus.Job) error) {
	for ctx.Err() == nil {
		batch, err := cons.Fetch(1, jetstream.FetchMaxWait(fetchWait))
		if err != nil {
			pause(ctx)
			return
		}
		for {
			var msg jetstream.Msg
			select {
			case msg = <-batch.Messages():
			case <-ctx.Done():
				return
			}
			if msg == nil {
				break
			}
			q.handle(ctx, msg, do)
		}
		if err := batch.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) {
			pause(ctx)
			return
		}
	}
}

func (q *Queue) handle(ctx context.Context, msg jetstream.Msg, do func(context.Context, bus.Job) error) {
	attempt := 1
	if m, err := msg.Metadata(); err == nil {
		attempt = int(m.NumDelivered)
	}
	id := msg.Headers().Get(jetstream.MsgIDHeader)
	if id == "" {
		id = decodeKey(msg.Subject())
	}
	stop := q.keepPending(msg)
	err := do(ctx, bus.Job{ID: id, Data: msg.Data(), Attempt: attempt})
	stop()
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWait)
		defer cancel()
		err = msg.DoubleAck(ctx)
	} else {
		q.conn.log.Warn("could not finish a job, will retry it", "queue", q.stream, "job", id, "attempt", attempt, "err", err)
		err = msg.NakWithDelay(delay(attempt))
	}
	if err != nil { // the job is delivered again after ackWait
		q.conn.log.Warn("could not settle a job", "queue", q.stream, "job", id, "err", err)
	}
}

// keepPending reports progress until stop, so that the bus does not deliver the job
// to another worker.
func (q *Queue) keepPending(msg jetstream.Msg) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(q.ackWait / 3)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := msg.InProgress(); err != nil {
					q.conn.log.Debug("could not report progress of a job", "err", err)
				}
			case <-ended:
				return
			}
		}
	}()
	return func() { close(ended); <-done }
}

// delay returns the time before the next attempt. It doubles with each one.
func delay(attempt int) time.Duration {
	d := firstDelay
	for i := 1; i < attempt && d < maxDelay; i++ {
		d *= 2
	}
	return min(d, maxDelay)
}

// pause waits before a retry.
func pause(ctx context.Context) { pauseFor(ctx, firstDelay) }

func pauseFor(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
