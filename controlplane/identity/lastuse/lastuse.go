// Package lastuse records when API tokens were last used. It collects the uses
// in memory and writes them to the metadata store in batches, so that no request
// waits for a write. A use prolongs a token that has an idle time.
package lastuse

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// resolution is the least time between two writes of the same token.
	resolution = time.Minute
	// interval is the time between two flushes.
	interval = 15 * time.Second
	// writeTimeout limits one flush, also the last one.
	writeTimeout = 10 * time.Second
	// batchSize is the number of uses in one transaction. Short transactions
	// leave room for other writers, and a failed one costs few uses.
	batchSize = 500
	// maxTracked limits the number of tokens in memory. Uses of further tokens
	// are not recorded.
	maxTracked = 100_000
)

// Store is the part of the metadata store that records uses. A token that is
// missing, revoked or expired stays as it is; that is no error.
type Store interface {
	TouchTokens(ctx context.Context, uses []meta.TokenUse) error
}

// Tracker collects uses. It may be used concurrently.
type Tracker struct {
	store Store
	log   *slog.Logger

	mu sync.Mutex
	// due are the uses to be written, by the short half of the token.
	due map[string]meta.TokenUse
	// written is when a use of a token was last written.
	written map[string]time.Time
}

// New makes a tracker. Run writes the uses.
func New(store Store, log *slog.Logger) (*Tracker, error) {
	if store == nil || log == nil {
		return nil, errs.E(errs.Internal, "lastuse: a dependency is missing")
	}
	return &Tracker{store: store, log: log, due: map[string]meta.TokenUse{}, written: map[string]time.Time{}}, nil
}

// Track records a use in memory, unless a use of the same minute has been
// written. It does no I/O.
func (t *Tracker) Track(token meta.APIToken, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.written[token.Short]; ok && at.Sub(last) < resolution {
		return
	}
	if _, known := t.due[token.Short]; !known && len(t.due)+len(t.written) >= maxTracked {
		return
	}
	use := meta.TokenUse{Short: token.Short, At: at}
	if token.Idle > 0 {
		use.ExpiresAt = at.Add(token.Idle)
	}
	t.due[token.Short] = use
}

// Run flushes at intervals until ctx ends, and then once more. When the store
// fails, the uses of that flush are lost and a warning is logged.
func (t *Tracker) Run(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.Flush(ctx)
		case <-ctx.Done():
			t.Flush(context.WithoutCancel(ctx))
			return
		}
	}
}

// Flush writes the due uses in batches. It stops at the first failed write.
func (t *Tracker) Flush(ctx context.Context) {
	uses := t.takeDueUses()
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	for len(uses) > 0 {
		n := min(len(uses), batchSize)
		if err := t.store.TouchTokens(ctx, uses[:n]); err != nil {
			t.log.Warn("could not record uses of tokens", "err", err, "uses", len(uses))
			t.markUnwritten(uses)
			return
		}
		uses = uses[n:]
	}
}

// takeDueUses returns and clears the due uses. It also drops the times of writes
// that are older than the resolution.
func (t *Tracker) takeDueUses() []meta.TokenUse {
	t.mu.Lock()
	defer t.mu.Unlock()
	var newest time.Time
	uses := make([]meta.TokenUse, 0, len(t.due))
	for short, use := range t.due {
		uses = append(uses, use)
		t.written[short] = use.At
		if use.At.After(newest) {
			newest = use.At
		}
	}
	clear(t.due)
	for short, at := range t.written {
		if newest.Sub(at) >= resolution {
			delete(t.written, short)
		}
	}
	return uses
}

// markUnwritten makes the next use of each token due at once.
func (t *Tracker) markUnwritten(uses []meta.TokenUse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, use := range uses {
		delete(t.written, use.Short)
	}
}
