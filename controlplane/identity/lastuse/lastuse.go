// Package lastuse remembers when API tokens were last used and writes it to
// the metadata store now and then, many at a time and never while a request
// waits. It decides nothing about tokens: what a use means for the end of a
// token is told by the token.
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
	// resolution is how often at most one token is written.
	resolution = time.Minute
	// interval is how often the tokens that are due are written.
	interval = 15 * time.Second
	// writeTimeout limits the writes of one time, also of the last one.
	writeTimeout = 10 * time.Second
	// batchSize is how many uses one transaction records: others write to the
	// store too, and what fails must not cost the uses of all tokens.
	batchSize = 500
	// maxTracked limits what is remembered between two writes; uses of more
	// tokens than that are not recorded.
	maxTracked = 100_000
)

// Store is what is needed of the metadata store. A token that is gone,
// revoked or expired is left as it is, and that is no error.
type Store interface {
	TouchTokens(ctx context.Context, uses []meta.TokenUse) error
}

// Tracker collects uses. It may be used concurrently.
type Tracker struct {
	store Store
	log   *slog.Logger

	mu sync.Mutex
	// due are uses that have to be written.
	due map[string]meta.TokenUse
	// written is when a use of a token was last handed to the store.
	written map[string]time.Time
}

// New makes a tracker. Nothing is written unless Run runs.
func New(store Store, log *slog.Logger) (*Tracker, error) {
	if store == nil || log == nil {
		return nil, errs.E(errs.Internal, "lastuse: a dependency is missing")
	}
	return &Tracker{store: store, log: log, due: map[string]meta.TokenUse{}, written: map[string]time.Time{}}, nil
}

// Track notes a use, unless one of the same minute has been written. It does no
// I/O.
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

// Run writes what is due until ctx ends, and once more then. A store that
// fails costs the uses of that moment and a line in the log.
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

// Flush writes what is due now, some at a time. When a write fails the rest is
// not tried.
func (t *Tracker) Flush(ctx context.Context) {
	uses := t.takeDueUses()
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	for len(uses) > 0 {
		n := min(len(uses), batchSize)
		if err := t.store.TouchTokens(ctx, uses[:n]); err != nil {
			t.log.Warn("uses of tokens are not recorded", "err", err)
			t.markUnwritten(uses)
			return
		}
		uses = uses[n:]
	}
}

// takeDueUses empties what is due and forgets what was written long ago.
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

// markUnwritten makes tokens due at their next use again.
func (t *Tracker) markUnwritten(uses []meta.TokenUse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, use := range uses {
		delete(t.written, use.Short)
	}
}
