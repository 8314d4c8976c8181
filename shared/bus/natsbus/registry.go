package natsbus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// Registry is a key-value bucket whose entries expire.
type Registry struct{ conn *Conn }

var _ bus.Registry = (*Registry)(nil)

// NodeRegistry is the registry of the query nodes.
func (c *Conn) NodeRegistry() *Registry { return &Registry{c} }

// Ensure creates the registry on the bus, which only the control plane does. Nodes
// retry until it exists.
func (r *Registry) Ensure(ctx context.Context) error {
	_, err := r.conn.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: registryBucket, TTL: registryTTL, Storage: jetstream.FileStorage,
	})
	if err = r.conn.existingDespite(ctx, "KV_"+registryBucket, err); err != nil {
		return fmt.Errorf("prepare the registry %s on the bus: %w", registryBucket, err)
	}
	return nil
}

// Set implements bus.Registry.
func (r *Registry) Set(ctx context.Context, key string, value []byte) error {
	err := r.conn.publish(ctx, &nats.Msg{Subject: "$KV." + registryBucket + "." + key, Data: value})
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "The bus could not store the heartbeat of the node")
	}
	return nil
}

// Watch implements bus.Registry.
func (r *Registry) Watch(ctx context.Context, report func(key string, value []byte)) error {
	for ctx.Err() == nil {
		reopened := r.conn.store.reopened()
		kv, err := r.conn.js.KeyValue(ctx, registryBucket)
		if err == nil {
			err = follow(ctx, kv, reopened, report)
		}
		if err != nil && ctx.Err() == nil {
			r.conn.log.Debug("could not watch the registry", "err", err)
		}
		pause(ctx)
	}
	return nil
}

func follow(ctx context.Context, kv jetstream.KeyValue, reopened <-chan struct{}, report func(string, []byte)) error {
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
			case e == nil: // the end of the initial entries
			case e.Operation() == jetstream.KeyValuePut:
				report(e.Key(), e.Value())
			default:
				report(e.Key(), nil)
			}
		}
	}
}
