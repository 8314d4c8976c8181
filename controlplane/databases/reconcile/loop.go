package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// sweepInterval is how often a loop claims records without a call of Wake:
// those of another server that has stopped, and those whose retry is due.
const sweepInterval = 5 * time.Second

// outcome says what happens to a record after an attempt.
type outcome uint8

const (
	// completed: the work is done, and the record is completed.
	completed outcome = iota
	// retryLater: the work was certainly not done. The claim is replaced by a
	// pause, which doubles with each failure.
	retryLater
	// leaveRecord: the record stays as it is. Either the work may still be
	// carried out, and the record is due again when its lease ends, or the
	// attempt has changed the record itself.
	leaveRecord
)

// queue is one kind of recorded work. A record that is claimed is not claimed
// again, by this server or another, before its lease ends. Every method may be
// called concurrently.
type queue[T any] interface {
	// claim returns at most n records that are due and leases them until then.
	claim(ctx context.Context, n int, now, until time.Time) ([]T, error)
	// id identifies a record.
	id(record T) int64
	// work carries a record out. It may be called again for work that is done.
	work(ctx context.Context, record T) (outcome, error)
	complete(ctx context.Context, record T) error
	// lease changes until when a record is claimed.
	lease(ctx context.Context, record T, until time.Time) error
	// describe returns the attributes of a record in a log line.
	describe(record T) []any
}

// settings are the times and sizes of a loop.
type settings struct {
	name string // of the queue, in log lines
	// batch is how many records are claimed together. They are worked on by at
	// most parallel goroutines, all well within the lease.
	batch, parallel int
	lease           time.Duration
	// renewal is how often the lease of a record is extended while it is worked
	// on; zero for work that ends before its lease.
	renewal time.Duration
	// A record that failed is due again after firstRetry, then after twice as
	// long, at last every lastRetry.
	firstRetry, lastRetry time.Duration
	// idle runs when no record is due; nil for nothing.
	idle func(context.Context) error
}

// loop claims the records of a queue and carries them out. It may be used
// concurrently; run is called once.
type loop[T any] struct {
	settings
	queue queue[T]
	log   *slog.Logger
	now   func() time.Time
	woken chan struct{}

	mu     sync.Mutex
	pauses map[int64]time.Duration // after the next failure of a record
}

func newLoop[T any](s settings, q queue[T], log *slog.Logger, now func() time.Time) *loop[T] {
	return &loop[T]{settings: s, queue: q, log: log, now: now, woken: make(chan struct{}, 1), pauses: map[int64]time.Duration{}}
}

// wake starts a sweep soon. It does not wait.
func (l *loop[T]) wake() {
	select {
	case l.woken <- struct{}{}:
	default: // a sweep is due already
	}
}

// run sweeps until ctx ends: at once, when woken, and every sweepInterval. Work
// that ctx cuts short is carried out by a later run.
func (l *loop[T]) run(ctx context.Context) {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := l.sweep(ctx); err != nil && ctx.Err() == nil {
			l.log.Warn("could not claim recorded work", "queue", l.name, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-l.woken:
		case <-tick.C:
		}
	}
}

// sweep tries every record that is due.
func (l *loop[T]) sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		now := l.now()
		claimed, err := l.queue.claim(ctx, l.batch, now, now.Add(l.settings.lease))
		if err != nil {
			return err
		}
		if len(claimed) == 0 {
			if l.idle != nil {
				return l.idle(ctx)
			}
			return nil
		}
		slots := make(chan struct{}, l.parallel)
		var working sync.WaitGroup
		for _, record := range claimed {
			slots <- struct{}{}
			working.Go(func() {
				defer func() { <-slots }()
				l.tryNow(ctx, record)
			})
		}
		working.Wait()
	}
	return nil
}

// tryNow is carryOut whose error is logged, for work that is tried again.
func (l *loop[T]) tryNow(ctx context.Context, record T) {
	if err := l.carryOut(ctx, record); err != nil && ctx.Err() == nil {
		l.log.Warn("could not carry out recorded work", append([]any{"queue", l.name, "err", err}, l.queue.describe(record)...)...)
	}
}

// carryOut works on a record that the caller has claimed, and records the
// outcome.
func (l *loop[T]) carryOut(ctx context.Context, record T) error {
	result, err := l.attempt(ctx, record)
	if result == retryLater {
		return errors.Join(err, l.queue.lease(ctx, record, l.now().Add(l.pause(record))))
	}
	l.mu.Lock()
	delete(l.pauses, l.queue.id(record)) // the record may be gone
	l.mu.Unlock()
	if result == completed {
		return l.queue.complete(ctx, record)
	}
	return err
}

// attempt works on a record and renews its lease meanwhile.
func (l *loop[T]) attempt(ctx context.Context, record T) (outcome, error) {
	if l.renewal == 0 {
		return l.queue.work(ctx, record)
	}
	ctx, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { l.renew(ctx, record) })
	defer renewing.Wait()
	defer cancel()
	return l.queue.work(ctx, record)
}

// renew extends the lease of a record until ctx ends. Work that is done twice
// does no harm, so a renewal may fail.
func (l *loop[T]) renew(ctx context.Context, record T) {
	tick := time.NewTicker(l.renewal)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = l.queue.lease(ctx, record, l.now().Add(l.settings.lease))
		}
	}
}

// pause returns the time until a record that failed is due again.
func (l *loop[T]) pause(record T) time.Duration {
	id := l.queue.id(record)
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := max(l.pauses[id], l.firstRetry)
	l.pauses[id] = min(2*wait, l.lastRetry)
	return wait
}

// OutcomeUnknown reports whether a call that failed may have been carried out.
func OutcomeUnknown(err error) bool {
	return errs.Is(err, errs.Unavailable) || errs.Is(err, errs.Timeout) || errs.Is(err, errs.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
