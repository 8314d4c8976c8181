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
	// reopenInterval is how often a store that could not write is looked at.
	reopenInterval = time.Second
	// maxReopenInterval is the longest time between two tries that follow each other.
	maxReopenInterval = 30 * time.Second
	// reopenRoom is the room that has to be there before it is opened again.
	reopenRoom = 2 << 20
)

// storeReopener opens the store of an embedded server again after it could not write.
// A stream that met an error of a write, as on a full disk, refuses everything
// from then on, and a store that found no room at its start stays closed, even
// when there is room again. What was acknowledged before is on disk and stays.
type storeReopener struct {
	nats *server.Server
	cfg  server.JetStreamConfig
	log  *serverLog
	stop chan struct{}
	done sync.WaitGroup

	reopened atomic.Pointer[func()]
}

// OnReopened sets what is done each time after the store was opened again: what
// it keeps in memory only is gone then, and has to be made again. It is called
// on the goroutine that looks after the store.
func (s *Server) OnReopened(f func()) { s.reopener.reopened.Store(&f) }

func (m *storeReopener) run() {
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

// closePeers reports whether the store does not take what it should.
func (m *storeReopener) broken() bool { return !m.log.writable.yes() || !m.nats.JetStreamEnabled() }

func (m *storeReopener) reopen() {
	before := m.log.failures.Load()
	if err := m.nats.ShutdownJetStream(); err != nil {
		m.log.log.Warn("bus: store not closed", "err", err)
	}
	cfg := m.cfg // it is changed by the call
	if err := m.nats.EnableJetStream(&cfg); err != nil {
		m.log.log.Warn("bus: store not opened again", "err", err)
		return
	}
	if m.log.failures.Load() != before { // once more
		return
	}
	m.log.writable.set(true)
	if f := m.reopened.Load(); f != nil {
		(*f)()
	}
	m.log.log.Info("bus: store opened again, after it could not be written to")
}

func (m *storeReopener) close() {
	close(m.stop)
	m.done.Wait()
}

// writable is whether a store takes what it should, as far as is known.
type writable struct {
	mu    sync.Mutex
	until context.Context // ends when it turns out that it does not
	end   context.CancelFunc
	again chan struct{} // closed when it does again
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

// reopened is closed when the store was opened again, which ends watches that
// do not notice. It is nil for the store of another process.
func (w *writable) reopened() <-chan struct{} {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.again
}

// during gives a context that also ends when the store turns out to take
// nothing: the server gives no answer then. A nil *writable is that of another
// process, of which nothing is known.
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

// publish is js.PublishMsg; the error is DiskFull when the store is known to
// take nothing.
func (c *Conn) publish(ctx context.Context, m *nats.Msg, o ...jetstream.PublishOpt) error {
	ctx, cancel := c.store.during(ctx)
	defer cancel()
	_, err := c.js.PublishMsg(ctx, m, o...)
	if full, ok := errors.AsType[*errs.Error](context.Cause(ctx)); ok && err != nil {
		return full
	}
	return err
}

// existingDespite makes the error of an Ensure one of the log only, where the disk is
// full and the stream is there: as the server left it, it will do.
func (c *Conn) existingDespite(ctx context.Context, stream string, err error) error {
	api, ok := errors.AsType[*jetstream.APIError](err)
	if !ok || !unwritable(api.Description) {
		return err
	}
	if _, serr := c.js.Stream(ctx, stream); serr != nil {
		return err
	}
	c.log.Warn("stream of the bus left as it is, because the disk is full", "stream", stream)
	return nil
}

// roomFor tries to write so many bytes into a directory.
func roomFor(dir string, bytes int) (err error) {
	f, err := os.CreateTemp(dir, ".room-")
	if err != nil {
		return fmt.Errorf("find room for the bus: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 256<<10)
	for n := 0; n < bytes; n += len(block) {
		if _, err := f.Write(block); err != nil {
			return fmt.Errorf("find room for the bus: %w", err)
		}
	}
	return f.Sync()
}

// dropProbes removes what roomFor left when the process was killed meanwhile.
func dropProbes(dir string) {
	names, _ := filepath.Glob(filepath.Join(dir, ".room-*")) // the pattern is sound
	for _, name := range names {
		_ = os.Remove(name) // the next start tries again
	}
}

// unwritable reports whether a line of the server's log says that a store could
// not be written to. The server has no other way to tell.
func unwritable(line string) bool {
	for _, sign := range []string{"no space left", "write error", "quota exceeded", "input/output error", "DISABLED"} {
		if strings.Contains(line, sign) {
			return true
		}
	}
	return false
}
