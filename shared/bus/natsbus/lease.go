package natsbus

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/ayb-go/ayb/shared/bus"
)

const (
	leaseBucket = "snapshot_lease"
	leaseKey    = "schedule"
	leaseLife   = 6 * time.Second
)

// Lease is a key of a bucket whose entries expire. A process that creates the key
// holds the lease while it renews the key. The clock is that of the bus.
type Lease struct {
	conn *Conn
	life time.Duration
}

var _ bus.Lease = (*Lease)(nil)

// SnapshotLease is the lease of the scheduler of snapshots.
func (c *Conn) SnapshotLease() *Lease { return &Lease{conn: c, life: leaseLife} }

// Ensure creates the bucket on the bus, which only the control plane does. It is in
// memory, so after a restart of the bus the lease is free.
func (l *Lease) Ensure(ctx context.Context) error {
	_, err := l.conn.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: leaseBucket, TTL: l.life, Storage: jetstream.MemoryStorage,
	})
	if err != nil {
		return fmt.Errorf("prepare the lease %s on the bus: %w", leaseBucket, err)
	}
	return nil
}

// Hold implements bus.Lease.
func (l *Lease) Hold(ctx context.Context, do func(context.Context)) error {
	me := []byte(rand.Text())
	for ctx.Err() == nil {
		if rev, err := l.write(ctx, me, 0); err == nil {
			l.renewWhile(ctx, me, rev, do)
			continue
		}
		pauseFor(ctx, l.life/6)
	}
	return nil
}

// write writes the key if its revision is still rev; 0 means that it is absent.
func (l *Lease) write(ctx context.Context, me []byte, rev uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, l.life/3)
	defer cancel()
	ack, err := l.conn.js.Publish(ctx, "$KV."+leaseBucket+"."+leaseKey, me, jetstream.WithExpectLastSequencePerSubject(rev))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// renewWhile renews the lease while do runs, and waits for do.
func (l *Lease) renewWhile(ctx context.Context, me []byte, rev uint64, do func(context.Context)) {
	holding, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(holding)
	}()
	l.renew(holding, done, me, rev)
	cancel()
	<-done
	l.release(ctx, me)
}

// renew renews the lease until done is closed, or until the lease may expire.
func (l *Lease) renew(ctx context.Context, done <-chan struct{}, me []byte, rev uint64) {
	renewed := time.Now()
	tick := time.NewTicker(l.life / 6)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		at := time.Now()
		next, err := l.write(ctx, me, rev)
		switch {
		case err == nil:
			rev, renewed = next, at
		case time.Since(renewed) > l.life/2:
			l.conn.log.Warn("could not renew the lease", "err", err)
			return
		}
	}
}

// release deletes the key if this process still holds the lease. If that fails, the
// lease expires by itself.
func (l *Lease) release(ctx context.Context, me []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.life/3)
	defer cancel()
	stream, err := l.conn.js.Stream(ctx, "KV_"+leaseBucket)
	if err != nil {
		return
	}
	subject := "$KV." + leaseBucket + "." + leaseKey
	msg, err := stream.GetLastMsgForSubject(ctx, subject)
	if err != nil || string(msg.Data) != string(me) {
		return
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeSequence(msg.Sequence+1)); err != nil {
		l.conn.log.Debug("could not release the lease", "err", err)
	}
}
