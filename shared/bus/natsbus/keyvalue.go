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
	recordBucket = "snapshot_records"
	// recordBatch is the number of values in one fetch.
	recordBatch = 1000
	recordWait  = 10 * time.Second
)

// KeyValue is a JetStream key-value bucket without history.
type KeyValue struct{ conn *Conn }

var _ bus.KeyValue = (*KeyValue)(nil)

// SnapshotRecords is the store of the last snapshot of each database.
func (c *Conn) SnapshotRecords() *KeyValue { return &KeyValue{c} }

// Ensure creates the bucket on the bus, which only the control plane does.
func (r *KeyValue) Ensure(ctx context.Context) error {
	_, err := r.conn.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: recordBucket, Storage: jetstream.FileStorage})
	if err = r.conn.existingDespite(ctx, "KV_"+recordBucket, err); err != nil {
		return fmt.Errorf("prepare the bucket %s on the bus: %w", recordBucket, err)
	}
	return nil
}

// Set implements bus.KeyValue. It purges a removed key: the usual deletion would leave
// a marker in the stream.
func (r *KeyValue) Set(ctx context.Context, name string, value []byte) error {
	subject := "$KV." + recordBucket + "." + encodeKey(name)
	var err error
	if value == nil {
		var stream jetstream.Stream
		if stream, err = r.conn.js.Stream(ctx, "KV_"+recordBucket); err == nil {
			err = stream.Purge(ctx, jetstream.WithPurgeSubject(subject))
		}
	} else {
		_, err = r.conn.js.Publish(ctx, subject, value)
	}
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "The bus could not store a value")
	}
	return nil
}

// All implements bus.KeyValue.
func (r *KeyValue) All(ctx context.Context) (map[string][]byte, error) {
	all, err := r.read(ctx)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The values on the bus could not be read")
	}
	return all, nil
}

func (r *KeyValue) read(ctx context.Context) (map[string][]byte, error) {
	cons, err := r.conn.js.CreateConsumer(ctx, "KV_"+recordBucket, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, AckPolicy: jetstream.AckNonePolicy,
		FilterSubject:     "$KV." + recordBucket + ".>",
		InactiveThreshold: time.Minute, MemoryStorage: true, Replicas: 1,
	})
	if err != nil {
		return nil, err
	}
	defer r.drop(ctx, cons)
	want := int(cons.CachedInfo().NumPending) //nolint:gosec // a number of records
	all := make(map[string][]byte, want)
	for got := 0; got < want; {
		batch, err := cons.Fetch(min(recordBatch, want-got), jetstream.FetchMaxWait(recordWait))
		if err != nil {
			return nil, err
		}
		before := got
		for msg := range batch.Messages() {
			got++
			all[decodeKey(msg.Subject())] = msg.Data()
		}
		if err := batch.Error(); err != nil && !errors.Is(err, nats.ErrTimeout) {
			return nil, err
		}
		if got == before { // the rest were removed meanwhile
			break
		}
	}
	return all, nil
}

// drop deletes the consumer. If that fails, the bus deletes it after a minute.
func (r *KeyValue) drop(ctx context.Context, cons jetstream.Consumer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWait)
	defer cancel()
	if err := r.conn.js.DeleteConsumer(ctx, "KV_"+recordBucket, cons.CachedInfo().Name); err != nil {
		r.conn.log.Debug("could not delete a consumer", "err", err)
	}
}
