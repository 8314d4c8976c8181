// Package daemon is the process that opens one database. It enters the sandbox and
// then answers queries on the channel that it was started with, until the channel
// closes. It knows only its own database: no bus, no network, no other file, no
// environment. Its program passes it the engine.
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
	// channelFD is the descriptor of the channel, which the daemon inherits.
	channelFD = 3
	// countersFD is the descriptor of the memory that counts temporary files.
	countersFD = 4
	// maxWaiting is how many statements may be open at once; most of them wait.
	// maxQuestions is how many requests about them may be open besides.
	maxWaiting   = 1024
	maxQuestions = 64
	// maxImports is how many imports may be in progress: each keeps its data in a
	// temporary file.
	maxImports = 2
	// goHeapBytes is the soft limit of Go's heap.
	goHeapBytes = 48 << 20
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
		return probeSandbox(cfg)
	}
	// The node may have ended before the kernel was told to end this process with it.
	if os.Getppid() != cfg.Parent {
		return errors.New("the query node is gone")
	}
	debug.SetMemoryLimit(goHeapBytes)
	runtime.GOMAXPROCS(processors(cfg.Readers))
	file, err := socketpair.Inherited(channelFD)
	if err != nil {
		return err
	}
	conn, err := socketpair.New(file)
	if err != nil {
		return err
	}
	share, err := space.Open(countersFD, cfg.Seat)
	if err != nil {
		return err
	}
	if _, err := sandbox.Apply(sandboxPolicy(cfg)); err != nil {
		return fmt.Errorf("enter the sandbox: %w", err)
	}
	return serve(cfg, open, conn, share)
}

// processors returns how many threads may run Go or short statements at once. The
// work in Go needs one thread, but requests must be read while another thread waits
// for the disk. Threads beyond the number of readers would only search for work.
func processors(readers int) int { return max(2, min(runtime.NumCPU(), readers)) }

// sandboxPolicy returns the sandbox of a daemon. A file may grow to twice the limit
// of the database, for the log and for sorting. The limit of the engine is reached
// first, with a clean error.
func sandboxPolicy(cfg daemonargs.Config) sandbox.Policy {
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
	server := mux.NewServer(conn, serverLimits(cfg), h.serveCall)
	err = conn.Run(server.Handle)
	server.CancelAll()
	return errors.Join(err, db.Close())
}

// serverLimits returns how much the daemon accepts at once. The errors name the
// settings.
func serverLimits(cfg daemonargs.Config) mux.Limits {
	// The head of a request comes on top of the SQL.
	body := cfg.RequestBytes + mux.Chunk
	return mux.Limits{
		MaxOpen: maxWaiting + maxQuestions, MaxRequest: body, MaxBuffered: daemonargs.HeldRequests * body,
		StreamsBody: servedLive,
		TooMany:     tooMany(cfg),
		TooLarge:    errs.E(errs.TooLarge, "The request is larger than limits.request_bytes, which is %d; a script of any length can be imported (ayb client import, or POST …/import?format=sql), and the operator of the server can raise the limit", cfg.RequestBytes),
		TooMuch: errs.E(errs.Unavailable, "Too many large requests wait for this database: together they may have %d times limits.request_bytes, which is %d; try again, or ask the operator of the server to raise the limit",
			daemonargs.HeldRequests, cfg.RequestBytes),
	}
}

// tooMany returns the error of a request above maxWaiting.
func tooMany(cfg daemonargs.Config) error {
	return errs.E(errs.Unavailable, "Too many statements wait for this database: %d are open, and at most %d run at once (limits.queries_per_database, querynode.readers); try again, or ask the operator of the server to raise the limit",
		maxWaiting, cfg.Readers)
}

// probeSandbox tries the sandbox and prints what it enforces.
func probeSandbox(cfg daemonargs.Config) error {
	report, err := sandbox.Probe(sandboxPolicy(cfg), cfg.Outside)
	if err != nil {
		return fmt.Errorf("probe the sandbox: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}
