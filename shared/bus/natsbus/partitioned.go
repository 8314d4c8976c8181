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
	// snapshotsPerNode is the number of concurrent snapshots of one node.
	snapshotsPerNode = 2
	maxJobAge        = 24 * time.Hour
	// consumerIdle is the time after which the bus deletes an unused consumer.
	consumerIdle = time.Hour
)

// PartitionedQueue is a JetStream work queue with one subject for each job and one
// durable consumer for each partition. The stream keeps one message of a subject,
// and the consumer limits the pending jobs of its partition.
type PartitionedQueue struct {
	conn       *Conn
	stream     string
	subject    string
	maxPending int
	ackWait    time.Duration
}

var _ bus.PartitionedQueue = (*PartitionedQueue)(nil)

// SnapshotQueue is the queue of snapshots to take. A partition is a query node.
func (c *Conn) SnapshotQueue() *PartitionedQueue {
	return &PartitionedQueue{conn: c, stream: snapshotStream, subject: snapshotSubject, maxPending: snapshotsPerNode, ackWait: ackWait}
}

// Ensure creates the queue on the bus, which only the control plane does.
func (q *PartitionedQueue) Ensure(ctx context.Context) error {
	_, err := q.conn.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: q.stream, Subjects: []string{q.subject + ".>"}, Retention: jetstream.WorkQueuePolicy,
		Storage: jetstream.FileStorage, MaxAge: maxJobAge,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
	})
	if err = q.conn.existingDespite(ctx, q.stream, err); err != nil {
		return fmt.Errorf("prepare the queue %s on the bus: %w", q.stream, err)
	}
	return nil
}

// codeNotStored is the error code of a subject that already has a message.
const codeNotStored = 10077

// Put implements bus.PartitionedQueue.
func (q *PartitionedQueue) Put(ctx context.Context, partition, id string, data []byte) error {
	err := q.conn.publish(ctx, &nats.Msg{Subject: q.subject + "." + partition + "." + encodeKey(id), Data: data})
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && api.ErrorCode == codeNotStored && strings.Contains(api.Description, "per subject") {
		return nil // the job exists
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
func (q *PartitionedQueue) Work(ctx context.Context, partition string, do func(context.Context, bus.Job) error) error {
	work := &Queue{conn: q.conn, stream: q.stream, consumer: partition, ackWait: q.ackWait, open: q.open}
	return work.Work(ctx, do)
}

func (q *PartitionedQueue) open(ctx context.Context, work *Queue) (jetstream.Consumer, error) {
	return q.conn.js.CreateOrUpdateConsumer(ctx, q.stream, jetstream.ConsumerConfig{
		Durable: work.consumer, FilterSubject: q.subject + "." + work.consumer + ".>", AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: q.ackWait, MaxDeliver: -1, MaxAckPending: q.maxPending, InactiveThreshold: consumerIdle,
	})
}

// encodeKey makes a token of a subject of any text.
func encodeKey(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// decodeKey returns the text in the last token of a subject; empty for an invalid one.
func decodeKey(subject string) string {
	text, err := base64.RawURLEncoding.DecodeString(subject[strings.LastIndexByte(subject, '.')+1:])
	if err != nil {
		return ""
	}
	return string(text)
}
