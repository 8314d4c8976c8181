package natsbus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// reopenInterval is the time between two checks of the store.
	reopenInterval = time.Second
	// maxReopenInterval is the longest time between two attempts to reopen it.
	maxReopenInterval = 30 * time.Second
	// reopenRoom is the free space, in bytes, that an attempt requires.
	reopenRoom = 2 << 20
)

// storeReopener reopens the store of an embedded server after a failed write. A
// stream with a write error, for example on a full disk, refuses everything from
// then on, and a store without free space at its start stays closed, even when space
// is free again. Acknowledged messages are on disk and are not lost.
type storeReopener struct {
	nats *server.Server
	cfg  server.JetStreamConfig
	log  *serverLog
	stop chan struct{}
	done sync.WaitGroup

	reopened atomic.Pointer[func()]
}

// OnReopened sets a function that is called after each reopening of the store. It has
// to create the streams in memory again. It runs on the goroutine of the
// storeReopener.
func (s *Server) OnReopened(f func()) { s.reopener.reopened.Store(&f) }

func (m *storeReopener) watch() {
	wait := reopenInterval
	for {
		t := time.NewTimer(wait)
		select {
		case <-m.stop:
			t.Stop()
			return
		case <-t.C:
		}
		switch {
		case !m.broken():
			wait = reopenInterval
		case roomFor(m.cfg.StoreDir, reopenRoom) == nil:
			m.reopen()
			wait = min(2*wait, maxReopenInterval) // it may be more than want of room
		}
	}
}

// broken reports whether the store refuses writes.
func (m *storeReopener) broken() bool { return !m.log.writable.yes() || !m.nats.JetStreamEnabled() }

func (m *storeReopener) reopen() {
	before := m.log.failures.Load()
	if err := m.nats.ShutdownJetStream(); err != nil {
		m.log.log.Warn("bus: could not close the store", "err", err)
	}
	cfg := m.cfg // the call changes it
	if err := m.nats.EnableJetStream(&cfg); err != nil {
		m.log.log.Warn("bus: could not reopen the store", "err", err)
		return
	}
	if m.log.failures.Load() != before { // it failed again
		return
	}
	m.log.writable.set(true)
	if f := m.reopened.Load(); f != nil {
		(*f)()
	}
	m.log.log.Info("bus: store reopened after a failed write")
}

func (m *storeReopener) close() {
	close(m.stop)
	m.done.Wait()
}

// writable is the last known state of a store.
type writable struct {
	mu    sync.Mutex
	until context.Context // ends when a write fails
	end   context.CancelFunc
	again chan struct{} // closed when the store is reopened
}

func newWritable() *writable {
	w := &writable{again: make(chan struct{})}
	w.until, w.end = context.WithCancel(context.Background())
	return w
}

func (w *writable) set(yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !yes:
		w.end()
	case w.until.Err() != nil:
		close(w.again)
		w.again = make(chan struct{})
		w.until, w.end = context.WithCancel(context.Background())
	}
}

func (w *writable) yes() bool { return w.now().Err() == nil }

func (w *writable) now() context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.until
}

// reopened returns a channel that is closed when the store is reopened: that ends
// watches without an error. It is nil for the store of another process.
func (w *writable) reopened() <-chan struct{} {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.again
}

// during returns a context that also ends when a write to the store fails, because
// the server then does not answer. A nil *writable stands for the store of another
// process, whose state is unknown.
func (w *writable) during(ctx context.Context) (context.Context, context.CancelFunc) {
	if w == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(w.now(), func() { cancel(errStoreFull()) })
	return ctx, func() { stop(); cancel(nil) }
}

func errStoreFull() error {
	return errs.E(errs.DiskFull, "The disk of the server is full, and nothing can be queued until there is room; try again later, or tell the operator").
		With(errs.AttrReason, errs.ReasonDisk)
}

// publish is js.PublishMsg. The error is DiskFull while the store refuses writes.
func (c *Conn) publish(ctx context.Context, m *nats.Msg, o ...jetstream.PublishOpt) error {
	ctx, cancel := c.store.during(ctx)
	defer cancel()
	_, err := c.js.PublishMsg(ctx, m, o...)
	if full, ok := errors.AsType[*errs.Error](context.Cause(ctx)); ok && err != nil {
		return full
	}
	return err
}

// existingDespite ignores the error of an Ensure, apart from a log entry, if the disk
// is full and the stream exists.
func (c *Conn) existingDespite(ctx context.Context, stream string, err error) error {
	api, ok := errors.AsType[*jetstream.APIError](err)
	if !ok || !unwritable(api.Description) {
		return err
	}
	if _, serr := c.js.Stream(ctx, stream); serr != nil {
		return err
	}
	c.log.Warn("could not update a stream of the bus because the disk is full", "stream", stream)
	return nil
}

// roomFor checks that so many bytes can be written to a directory.
func roomFor(dir string, bytes int) (err error) {
	f, err := os.CreateTemp(dir, ".room-")
	if err != nil {
		return fmt.Errorf("check the free space of the bus: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 256<<10)
	for n := 0; n < bytes; n += len(block) {
		if _, err := f.Write(block); err != nil {
			return fmt.Errorf("check the free space of the bus: %w", err)
		}
	}
	return f.Sync()
}

// dropProbes removes the files of a roomFor that was killed.
func dropProbes(dir string) {
	names, _ := filepath.Glob(filepath.Join(dir, ".room-*")) // the pattern is sound
	for _, name := range names {
		_ = os.Remove(name) // the next start tries again
	}
}

// unwritable reports whether a line of the server's log reports a failed write. The
// server has no other interface for that.
func unwritable(line string) bool {
	for _, sign := range []string{"no space left", "write error", "quota exceeded", "input/output error", "DISABLED"} {
		if strings.Contains(line, sign) {
			return true
		}
	}
	return false
}
