package natsbus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// Registry is the key-value bucket where query nodes show that they live.
type Registry struct{ conn *Conn }

var _ bus.Registry = (*Registry)(nil)

// NodeRegistry is the board of the query nodes.
func (c *Conn) NodeRegistry() *Registry { return &Registry{c} }

// Ensure makes the board on the bus if it is not there. The control plane
// does it; nodes try again until it is.
func (b *Registry) Ensure(ctx context.Context) error {
	_, err := b.conn.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: registryBucket, TTL: registryTTL, Storage: jetstream.FileStorage,
	})
	if err = b.conn.existingDespite(ctx, "KV_"+registryBucket, err); err != nil {
		return fmt.Errorf("prepare the board %s on the bus: %w", registryBucket, err)
	}
	return nil
}

// Set implements bus.Registry.
func (b *Registry) Set(ctx context.Context, key string, value []byte) error {
	err := b.conn.publish(ctx, &nats.Msg{Subject: "$KV." + registryBucket + "." + key, Data: value})
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "The bus does not take the node's heartbeat")
	}
	return nil
}

// Watch implements bus.Registry.
func (b *Registry) Watch(ctx context.Context, seen func(key string, value []byte)) error {
	for ctx.Err() == nil {
		reopened := b.conn.store.reopened()
		kv, err := b.conn.js.KeyValue(ctx, registryBucket)
		if err == nil {
			err = follow(ctx, kv, reopened, seen)
		}
		if err != nil && ctx.Err() == nil {
			b.conn.log.Debug("board not reached", "err", err)
		}
		pause(ctx)
	}
	return nil
}

func follow(ctx context.Context, kv jetstream.KeyValue, reopened <-chan struct{}, seen func(string, []byte)) error {
	w, err := kv.WatchAll(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = w.Stop() }() // it fails only when the connection is gone
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-reopened:
			return nil
		case e, ok := <-w.Updates():
			if !ok {
				return nil
			}
			switch {
			case e == nil: // the end of what was there at the start
			case e.Operation() == jetstream.KeyValuePut:
				seen(e.Key(), e.Value())
			default:
				seen(e.Key(), nil)
			}
		}
	}
}
