package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// fakeQueue has records that are due at a time, and answers attempts from a
// list.
type fakeQueue struct {
	mu        sync.Mutex
	due       map[int64]time.Time
	answers   []outcome // of the next attempts; completed when there are no more
	takes     time.Duration
	attempts  []time.Duration // since the start
	running   int
	mostAtOne int
	start     time.Time
	stolen    bool // a record could have been claimed during its attempt
}

func newFakeQueue(records int) *fakeQueue {
	q := &fakeQueue{due: map[int64]time.Time{}, start: time.Now()}
	for id := range records {
		q.due[int64(id)] = q.start
	}
	return q
}

func (q *fakeQueue) claim(_ context.Context, n int, now, until time.Time) (out []int64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, due := range q.due {
		if len(out) < n && !due.After(now) {
			q.due[id] = until
			out = append(out, id)
		}
	}
	return out, nil
}

func (q *fakeQueue) id(record int64) int64 { return record }

func (q *fakeQueue) lease(_ context.Context, record int64, until time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.due[record] = until
	return nil
}

func (q *fakeQueue) complete(_ context.Context, record int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.due, record)
	return nil
}

func (q *fakeQueue) describe(record int64) []any { return []any{"record", record} }

func (q *fakeQueue) work(_ context.Context, record int64) (outcome, error) {
	q.mu.Lock()
	q.attempts = append(q.attempts, time.Since(q.start))
	q.running++
	q.mostAtOne = max(q.mostAtOne, q.running)
	result := completed
	if len(q.answers) > 0 {
		result, q.answers = q.answers[0], q.answers[1:]
	}
	q.mu.Unlock()
	<-time.After(q.takes)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	q.stolen = q.stolen || !q.due[record].After(time.Now())
	if result == completed {
		return completed, nil
	}
	return result, errors.New("it failed")
}

// after runs a loop of q for a time.
func (q *fakeQueue) after(t *testing.T, s settings, d time.Duration) *fakeQueue {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	l := newLoop[int64](s, q, slog.New(slog.DiscardHandler), time.Now)
	go func() { defer close(done); l.run(ctx) }()
	<-time.After(d)
	cancel()
	<-done
	return q
}

// The pause after a failure doubles up to the last one. A record whose outcome is
// unknown waits for the end of its lease.
func TestLoopRetries(t *testing.T) {
	s := settings{batch: 1, parallel: 1, lease: time.Minute, firstRetry: 10 * time.Second, lastRetry: 40 * time.Second}
	for name, tt := range map[string]struct {
		answers []outcome
		want    []time.Duration
	}{
		"done":        {nil, []time.Duration{0}},
		"later":       {[]outcome{retryLater, retryLater, retryLater, retryLater}, []time.Duration{0, 10, 30, 70, 110}},
		"unknown":     {[]outcome{leaveRecord}, []time.Duration{0, 60}},
		"then a lost": {[]outcome{retryLater, leaveRecord}, []time.Duration{0, 10, 70}},
	} {
		synctest.Test(t, func(t *testing.T) {
			q := newFakeQueue(1)
			q.answers = tt.answers
			q.after(t, s, time.Hour)
			for i := range tt.want {
				tt.want[i] *= time.Second
			}
			if !slices.Equal(q.attempts, tt.want) || len(q.due) != 0 {
				t.Errorf("%s: attempts after %v, not %v; %d records left", name, q.attempts, tt.want, len(q.due))
			}
		})
	}
}

// Work that takes longer than its lease keeps the record only with a renewal.
func TestLoopRenewsLeases(t *testing.T) {
	for renewal, stolen := range map[time.Duration]bool{0: true, 20 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			q := newFakeQueue(1)
			q.takes = 10 * time.Minute
			q.after(t, settings{batch: 1, parallel: 1, lease: time.Minute, renewal: renewal}, time.Hour)
			if q.stolen != stolen || len(q.due) != 0 {
				t.Errorf("renewed every %v: lease lost %v, %d records left", renewal, q.stolen, len(q.due))
			}
		})
	}
}

// A batch is worked on in parallel, and the idle hook runs when no record is due.
func TestLoopBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idle := 0
		q := newFakeQueue(100)
		q.takes = time.Second
		q.after(t, settings{batch: 32, parallel: 8, lease: time.Minute, idle: func(context.Context) error { idle++; return nil }}, 14*time.Second)
		if len(q.due) != 0 || q.mostAtOne != 8 || idle == 0 {
			t.Errorf("%d records left, %d at one time, idle %d times", len(q.due), q.mostAtOne, idle)
		}
	})
}

// A service without its dependencies is refused.
func TestDependencies(t *testing.T) {
	_, operations := NewOperations(OperationDeps{})
	_, purges := NewPurges(PurgeDeps{})
	_, tasks := NewSnapshotTasks(SnapshotTaskDeps{})
	for _, err := range []error{operations, purges, tasks} {
		if !errs.Is(err, errs.Internal) {
			t.Errorf("missing dependencies: %v", err)
		}
	}
}
