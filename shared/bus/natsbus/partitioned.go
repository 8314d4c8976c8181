package natsbus

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	snapshotStream  = "SNAPSHOTS"
	snapshotSubject = "ayb.v1.snapshotjob"
	// snapshotsPerNode is how many snapshots of one node are made at a time.
	snapshotsPerNode = 2
	maxJobAge        = 24 * time.Hour
	// consumerIdle is how long the bus keeps the consumer of a lane nobody asks for.
	consumerIdle = time.Hour
)

// PartitionedQueue are a JetStream work queue with one subject for each job and one
// durable consumer for each lane. The stream takes one message a subject, and
// a consumer has so many unacknowledged: the bus itself counts.
type PartitionedQueue struct {
	conn       *Conn
	stream     string
	subject    string
	maxPending int
	ackWait    time.Duration
}

var _ bus.PartitionedQueue = (*PartitionedQueue)(nil)

// SnapshotQueue are the snapshots to be made; a lane is a query node.
func (c *Conn) SnapshotQueue() *PartitionedQueue {
	return &PartitionedQueue{conn: c, stream: snapshotStream, subject: snapshotSubject, maxPending: snapshotsPerNode, ackWait: ackWait}
}

// Ensure makes the queue on the bus if it is not there. The control plane
// does it.
func (l *PartitionedQueue) Ensure(ctx context.Context) error {
	_, err := l.conn.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: l.stream, Subjects: []string{l.subject + ".>"}, Retention: jetstream.WorkQueuePolicy,
		Storage: jetstream.FileStorage, MaxAge: maxJobAge,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
	})
	if err = l.conn.existingDespite(ctx, l.stream, err); err != nil {
		return fmt.Errorf("prepare the queue %s on the bus: %w", l.stream, err)
	}
	return nil
}

// codeNotStored is the bus's answer when a subject has its one message.
const codeNotStored = 10077

// Put implements bus.PartitionedQueue.
func (l *PartitionedQueue) Put(ctx context.Context, lane, id string, data []byte) error {
	err := l.conn.publish(ctx, &nats.Msg{Subject: l.subject + "." + lane + "." + encodeKey(id), Data: data})
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && api.ErrorCode == codeNotStored && strings.Contains(api.Description, "per subject") {
		return nil // it is there
	}
	if errs.Is(err, errs.DiskFull) {
		return err
	}
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "The job could not be queued; try again")
	}
	return nil
}

// Work implements bus.PartitionedQueue.
func (l *PartitionedQueue) Work(ctx context.Context, lane string, do func(context.Context, bus.Job) error) error {
	q := &Queue{conn: l.conn, stream: l.stream, consumer: lane, ackWait: l.ackWait, open: l.open}
	return q.Work(ctx, do)
}

func (l *PartitionedQueue) open(ctx context.Context, q *Queue) (jetstream.Consumer, error) {
	return l.conn.js.CreateOrUpdateConsumer(ctx, l.stream, jetstream.ConsumerConfig{
		Durable: q.consumer, FilterSubject: l.subject + "." + q.consumer + ".>", AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: l.ackWait, MaxDeliver: -1, MaxAckPending: l.maxPending, InactiveThreshold: consumerIdle,
	})
}

// encodeKey makes one token of a subject of any text.
func encodeKey(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// decodeKey is the text in the last token of a subject, empty when there is none.
func decodeKey(subject string) string {
	text, err := base64.RawURLEncoding.DecodeString(subject[strings.LastIndexByte(subject, '.')+1:])
	if err != nil {
		return ""
	}
	return string(text)
}
