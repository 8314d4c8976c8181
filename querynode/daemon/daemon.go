// Package daemon is the process that opens one database: it locks itself into
// the sandbox, and then answers queries on the channel it was started with
// until that closes. It knows nothing but its own database: no bus, no
// network, no other file, no environment.
package daemon

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/ayb-go/ayb/querynode/engine/sqlite"
	"github.com/ayb-go/ayb/querynode/pipe"
	"github.com/ayb-go/ayb/querynode/sandbox"
	"github.com/ayb-go/ayb/querynode/spawn"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
	"github.com/ayb-go/ayb/shared/query"
)

const (
	// channel is the descriptor the daemon inherits.
	channel = 3
	// maxWaiting is how many requests may be open at once; most of them wait.
	maxWaiting = 1024
	// heldRequests is how many requests of the largest size may be in memory
	// at once, or as many more smaller ones; requestCopies is how many times
	// each is: as received, as text for the engine, and what is collected later.
	heldRequests  = 2
	requestCopies = 4
	// answerBytes is what answers that are being encoded may use, beside
	// SQLite's heap and what the process needs to run at all.
	answerBytes = 64 << 20
	// goHeap is when Go's collector works harder.
	goHeap = 48 << 20
)

// Main runs the daemon and gives its exit status. Nothing is printed but a
// reason for a failure, on stderr, which the node keeps.
func Main(args []string) int {
	if err := run(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func run(args []string) error {
	cfg, err := spawn.Parse(args)
	if err != nil {
		return err
	}
	if cfg.Probe {
		return probe(cfg)
	}
	// The node may have died before the kernel was told to end us with it.
	if os.Getppid() != cfg.Parent {
		return errors.New("the query node is gone")
	}
	debug.SetMemoryLimit(goHeap)
	if err := os.Setenv("SQLITE_TMPDIR", cfg.Temp); err != nil {
		return fmt.Errorf("set the temporary directory: %w", err)
	}
	file, err := pipe.Inherited(channel)
	if err != nil {
		return err
	}
	conn, err := pipe.New(file)
	if err != nil {
		return err
	}
	if _, err := sandbox.Apply(policy(cfg)); err != nil {
		return fmt.Errorf("enter the sandbox: %w", err)
	}
	return serve(cfg, conn)
}

// policy is the sandbox of a daemon. A file may grow to twice the database's
// limit, for the log and for sorting: SQLite's own page limit answers first,
// with a clean error.
func policy(cfg spawn.Config) sandbox.Policy {
	p := sandbox.Policy{WritableDirs: []string{cfg.Dir}}
	if cfg.DatabaseBytes > 0 {
		p.FileBytes = 2 * uint64(cfg.DatabaseBytes)
	}
	if cfg.HeapBytes > 0 && !raceDetector {
		p.DataBytes = uint64(cfg.HeapBytes) + sandbox.BaseDataBytes + answerBytes +
			heldRequests*requestCopies*uint64(cfg.RequestBytes)
	}
	return p
}

func serve(cfg spawn.Config, conn *pipe.Conn) error {
	db, err := sqlite.Open(sqlite.Options{
		Path: cfg.File, TempDir: cfg.Temp, Readers: cfg.Readers,
		HeapBytes: cfg.HeapBytes, DatabaseBytes: cfg.DatabaseBytes, SQLBytes: cfg.RequestBytes,
	})
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	h := &handler{db: db, limit: cfg.StatementTimeout}
	// The head of a request comes on top of the SQL.
	body := cfg.RequestBytes + mux.Chunk
	server := mux.NewServer(conn, mux.Limits{Open: maxWaiting, Body: body, Held: heldRequests * body}, h.call)
	err = conn.Run(server.Handle)
	server.CancelAll()
	return errors.Join(err, db.Close())
}

type handler struct {
	db    *sqlite.DB
	limit time.Duration
}

// call answers one request.
func (h *handler) call(c *mux.Call) {
	req, err := query.Parse(c.Request())
	if err != nil {
		c.Fail(err)
		return
	}
	batch, err := decode(req)
	if err != nil {
		c.Fail(err)
		return
	}
	job := sqlite.NewJob(batch, sqlite.JobOptions{
		Mode: req.Mode, Format: req.Format, ResultBytes: req.ResultBytes,
		// The control plane knows the database's own limit, which may be longer
		// than the node's.
		Timeout: shortest(cmp.Or(req.Timeout, h.limit), batch.Timeout),
	})
	c.OnCancel(job.Cancel)
	if err := h.db.Run(job, c); err != nil {
		c.Fail(err)
	}
}

// decode reads what a request asks to run. This is the first place that looks
// into a body, and it is in the sandbox.
func decode(req query.Request) (query.Batch, error) {
	switch req.Form {
	case query.FormSQL:
		return query.Batch{Statements: []query.Statement{{SQL: string(req.Body)}}, Script: true, Atomic: true}, nil
	case query.FormJSON:
		return query.DecodeBatch(req.Body)
	}
	return query.Batch{}, errs.E(errs.Unsupported, "This query daemon does not know the form of the request")
}

// shortest is the smallest limit there is; 0 is none.
func shortest(limits ...time.Duration) time.Duration {
	least := time.Duration(0)
	for _, l := range limits {
		if l > 0 && (least == 0 || l < least) {
			least = l
		}
	}
	return least
}

// probe tries the sandbox and says what holds.
func probe(cfg spawn.Config) error {
	report, err := sandbox.Probe(policy(cfg), cfg.Outside)
	if err != nil {
		return fmt.Errorf("probe the sandbox: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}
