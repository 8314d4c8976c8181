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

// Lease is a key of a bucket whose entries run out: who could write it when it
// was not there has the lease as long as it is renewed. The clock is the
// bus's.
type Lease struct {
	conn *Conn
	life time.Duration
}

var _ bus.Lease = (*Lease)(nil)

// SnapshotLease is the right to decide when snapshots are made.
func (c *Conn) SnapshotLease() *Lease { return &Lease{conn: c, life: leaseLife} }

// Ensure makes the bucket on the bus if it is not there. The control plane
// does it. In memory: a bus that starts again knows no holder.
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

// write writes the key if its revision is still rev; 0 is none.
func (l *Lease) write(ctx context.Context, me []byte, rev uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, l.life/3)
	defer cancel()
	ack, err := l.conn.js.Publish(ctx, "$KV."+leaseBucket+"."+leaseKey, me, jetstream.WithExpectLastSequencePerSubject(rev))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// renewWhile renews the lease while do works, and waits for do.
func (l *Lease) renewWhile(ctx context.Context, me []byte, rev uint64, do func(context.Context)) {
	holding, lose := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(holding)
	}()
	l.renew(holding, done, me, rev)
	lose()
	<-done
	l.release(ctx, me)
}

// renew returns when the lease cannot be relied on any longer, or done is
// closed.
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
			l.conn.log.Warn("lease lost", "err", err)
			return
		}
	}
}

// release gives the lease to whoever wants it. When it fails the lease runs
// out by itself.
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
		l.conn.log.Debug("lease not released", "err", err)
	}
}
