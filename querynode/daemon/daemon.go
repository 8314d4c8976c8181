// Package daemon is the process that opens one database: it locks itself into
// the sandbox, and then answers queries on the channel it was started with
// until that closes. It knows nothing but its own database: no bus, no
// network, no other file, no environment.
package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/sandbox"
	"github.com/ayb-go/ayb/querynode/socketpair"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

const (
	// channel is the descriptor the daemon inherits.
	channel = 3
	// counters is where temporary files are counted, if they are.
	counters = 4
	// maxWaiting is how many statements may be open at once; most of them wait.
	// Beside them there is room for questions about them.
	maxWaiting   = 1024
	maxQuestions = 64
	// maxImports is how many imports may be in progress: each keeps what it has
	// got in a file.
	maxImports = 2
	// goHeap is when Go's collector works harder.
	goHeap = 48 << 20
)

// Main runs the daemon with an engine and returns its exit status. It prints
// only the reason of a failure, on stderr, which the node keeps.
func Main(args []string, open engine.Open) int {
	if err := run(args, open); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func run(args []string, open engine.Open) error {
	cfg, err := daemonargs.Parse(args)
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
	runtime.GOMAXPROCS(processors(cfg.Readers))
	file, err := socketpair.Inherited(channel)
	if err != nil {
		return err
	}
	conn, err := socketpair.New(file)
	if err != nil {
		return err
	}
	share, err := space.Open(counters, cfg.Seat)
	if err != nil {
		return err
	}
	if _, err := sandbox.Apply(policy(cfg)); err != nil {
		return fmt.Errorf("enter the sandbox: %w", err)
	}
	return serve(cfg, open, conn, share)
}

// processors is how many threads may run Go or short statements at once. One
// would be enough for the little that there is to do in Go, but somebody has to
// take requests in while another waits for the disk. More than there are
// readers only look for work.
func processors(readers int) int { return max(2, min(runtime.NumCPU(), readers)) }

// policy is the sandbox of a daemon. A file may grow to twice the database's
// limit, for the log and for sorting: SQLite's own page limit answers first,
// with a clean error.
func policy(cfg daemonargs.Config) sandbox.Policy {
	p := sandbox.Policy{WritableDirs: []string{cfg.Dir}}
	if cfg.DatabaseBytes > 0 {
		p.FileBytes = 2 * uint64(cfg.DatabaseBytes)
	}
	if !raceDetector {
		p.DataBytes = cfg.DataBytes()
	}
	return p
}

func serve(cfg daemonargs.Config, open engine.Open, conn *socketpair.Conn, share space.Counters) error {
	db, err := open(engine.Options{
		Path: cfg.File, TempDir: cfg.Temp, Readers: cfg.Readers,
		HeapBytes: cfg.HeapBytes, DatabaseBytes: cfg.DatabaseBytes, SQLBytes: cfg.RequestBytes,
		Space: share, Reserve: cfg.Reserve,
	})
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	h := newHandler(db, cfg)
	server := mux.NewServer(conn, serverLimits(cfg), h.call)
	err = conn.Run(server.Handle)
	server.CancelAll()
	return errors.Join(err, db.Close())
}

// serverLimits are what is taken on at once, in words of the configuration.
func serverLimits(cfg daemonargs.Config) mux.Limits {
	// The head of a request comes on top of the SQL.
	body := cfg.RequestBytes + mux.Chunk
	return mux.Limits{
		MaxOpen: maxWaiting + maxQuestions, MaxRequest: body, MaxBuffered: daemonargs.HeldRequests * body,
		StreamsBody: live,
		TooMany:     tooMany(cfg),
		TooLarge:    errs.E(errs.TooLarge, "The request is larger than limits.request_bytes, which is %d; a script of any length can be imported (ayb client import, or POST …/import?format=sql), and the operator of the server can raise the limit", cfg.RequestBytes),
		TooMuch: errs.E(errs.Unavailable, "Too many large requests wait for this database: together they may have %d times limits.request_bytes, which is %d; try again, or ask the operator of the server to raise the limit",
			daemonargs.HeldRequests, cfg.RequestBytes),
	}
}

// tooMany is the answer to one request more than may be open.
func tooMany(cfg daemonargs.Config) error {
	return errs.E(errs.Unavailable, "Too many statements wait for this database: %d are open, and at most %d run at once (limits.queries_per_database, querynode.readers); try again, or ask the operator of the server to raise the limit",
		maxWaiting, cfg.Readers)
}

// probe tries the sandbox and says what holds.
func probe(cfg daemonargs.Config) error {
	report, err := sandbox.Probe(policy(cfg), cfg.Outside)
	if err != nil {
		return fmt.Errorf("probe the sandbox: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}
