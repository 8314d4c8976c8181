//go:build cgo && (linux || darwin)

package sqlite

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// DB is one database. Its methods are safe for concurrent use.
type DB struct {
	o       engine.Options
	epoch   time.Time // start of the clock of deadlines
	readers *pool
	writer  *pool // of one
	// For long work beside that of callers. These connections are closed after
	// use.
	copies   *pool // of one
	exports  *pool
	calls    callCounter
	queue    writeQueue
	spooled  atomic.Int64 // bytes of waiting results in memory
	exported atomic.Int64 // number of files for exports so far

	// ready is set once the writer has opened the file. From then on readers
	// can open it.
	ready    atomic.Bool
	closing  atomic.Bool
	watching atomic.Bool
	watch    chan struct{}
	buffers  sync.Pool
	quit     chan struct{}
	stopped  sync.WaitGroup // the watchdog

	mu     sync.Mutex
	idle   sync.Cond
	active int
	closed bool
}

// Open opens an SQLite database. It is an engine.Open.
func Open(o engine.Options) (engine.DB, error) {
	db, err := openDB(o)
	if err != nil {
		return nil, err
	}
	return db, nil
}

var _ engine.DB = (*DB)(nil)

func openDB(o engine.Options) (*DB, error) {
	o, err := withDefaults(o)
	if err != nil {
		return nil, err
	}
	if rc := setProcess(o); rc != 0 {
		return nil, errs.E(errs.Internal, "The database engine could not be started")
	}
	db := &DB{
		o: o, epoch: time.Now(), readers: newPool(o.Readers), writer: newPool(1), copies: newPool(1), exports: newPool(maxExports), calls: newCallCounter(),
		watch: make(chan struct{}, 1), quit: make(chan struct{}),
	}
	db.readers.shared = true
	db.idle.L = &db.mu
	db.buffers.New = func() any {
		return &buffers{raw: make([]byte, encode.FlushBytes), out: make([]byte, 0, encode.ChunkBytes)}
	}
	db.stopped.Go(db.watchdog)
	return db, nil
}

// Run implements engine.Querier.
func (db *DB) Run(job *engine.Job, sink engine.Sink) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.leave()
	db.calls.add()
	if job.Mode != ayb.QueryReadOnly && job.Mode != ayb.QueryReadWrite {
		return errs.E(errs.Forbidden, "This request may not query the database")
	}
	r, err := newExecution(db, job, sink)
	if err != nil {
		return err
	}
	defer r.free()
	for i := range r.body {
		if err := db.checkSQL(r.body[i].SQL); err != nil {
			r.setEntry(i)
			return r.addStatement(err)
		}
	}
	return r.execute()
}

// checkSQL checks the requirements for all SQL texts.
func (db *DB) checkSQL(sql string) error {
	switch {
	case len(sql) > db.o.SQLBytes:
		return errs.E(errs.TooLarge, "The request has %d bytes of SQL, and at most %d are allowed (limits.request_bytes); a script of any length can be imported (ayb client import, or POST …/import?format=sql), and the operator of the server can raise the limit", len(sql), db.o.SQLBytes)
	case strings.IndexByte(sql, 0) >= 0:
		return errs.E(errs.Invalid, "The SQL text contains a NUL character")
	}
	return nil
}

// Close implements engine.DB. It closes readers first, so that the writer moves
// the write-ahead log into the file.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.mu.Unlock()

	db.closing.Store(true)
	db.mu.Lock()
	for db.active > 0 {
		db.mu.Unlock()
		db.stopAll()
		db.mu.Lock()
		if db.active > 0 {
			db.idle.Wait()
		}
	}
	db.mu.Unlock()
	close(db.quit)
	db.stopped.Wait()
	db.readers.close()
	db.writer.close()
	db.calls.free()
	return nil
}

// pools returns all pools.
func (db *DB) pools() [4]*pool { return [...]*pool{db.readers, db.writer, db.copies, db.exports} }

// stopAll stops the jobs that have a connection. Later jobs find that the
// database is closing.
func (db *DB) stopAll() {
	for _, p := range db.pools() {
		for _, s := range p.all {
			if j := s.job.Load(); j != nil {
				j.Stop(engine.Closing)
			}
		}
	}
}

func (db *DB) enter() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return engine.ErrClosing()
	}
	db.active++
	return nil
}

func (db *DB) leave() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.active--
	if db.closed {
		db.idle.Broadcast()
	}
}

// now returns the time on the clock of deadlines.
func (db *DB) now() int64 { return int64(time.Since(db.epoch)) }

// openWriter opens the writer's slot. The caller holds the slot.
func (db *DB) openWriter(s *slot) error {
	if s.c != nil {
		return nil
	}
	c, err := openWriter(db.o)
	if err != nil {
		return err
	}
	s.c = c
	db.ready.Store(true)
	return nil
}

// openReader opens a reader's slot, or the stand-in while the file is missing
// or empty. The caller holds the slot.
func (db *DB) openReader(s *slot, j *engine.Job) error {
	if s.c != nil && (!s.c.standIn || !db.exists()) {
		return nil
	}
	s.closeConn()
	var err error
	if !db.exists() {
		s.c, err = openStandIn(db.o)
		return err
	}
	if err := db.openFirst(j); err != nil {
		return err
	}
	s.c, err = openReader(db.o)
	return err
}

// openFirst lets the writer open the file first: it recovers the file and turns
// WAL on.
func (db *DB) openFirst(j *engine.Job) error {
	if db.ready.Load() {
		return nil
	}
	w, err := db.writer.acquire(j, j.Timeout)
	if err != nil {
		return err
	}
	defer db.writer.release(w)
	return db.openWriter(w)
}

// exists reports whether the database was ever written.
func (db *DB) exists() bool {
	if db.ready.Load() {
		return true
	}
	st, err := os.Stat(db.o.Path)
	return err == nil && st.Size() > 0
}
