package relay_test

import (
	"encoding/binary"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/querynode/relay"
	"github.com/ayb-go/ayb/querynode/socketpair"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// The daemons of these tests run this test binary; their answers never end.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "endless" {
		os.Exit(endless())
	}
	os.Exit(m.Run())
}

func endless() int {
	file, err := socketpair.Inherited(3)
	if err != nil {
		return 1
	}
	conn, err := socketpair.New(file)
	if err != nil {
		return 1
	}
	server := mux.NewServer(conn, mux.Limits{MaxOpen: 10, MaxRequest: 1 << 20, MaxBuffered: 1 << 20}, func(c *mux.Call) {
		for c.Write(make([]byte, mux.Chunk), false) == nil {
		}
	})
	if conn.Run(server.Handle) != nil {
		return 1
	}
	server.CancelAll()
	return 0
}

type files struct{ dir string }

func (f files) Resolve(ayb.DatabasePath) (dbfile.Version, error) {
	return dbfile.Version{Dir: f.dir, File: f.dir, Temp: f.dir}, nil
}

func (f files) Staged(_ ayb.DatabasePath, version string) (dbfile.Version, error) {
	return dbfile.Version{Dir: f.dir, File: version, Temp: f.dir, Staged: true}, nil
}

// caller is the link of a control plane, and the frames that arrived on it.
type caller struct {
	mu   sync.Mutex
	data map[uint32]int
	last map[uint32]string
	fail map[uint32]errs.Code
}

func (c *caller) Send(k mux.Kind, stream uint32, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch k {
	case mux.Data:
		c.data[stream] += len(payload)
	case mux.Final:
		c.last[stream] = string(payload)
	case mux.Fail:
		c.fail[stream] = errs.Unmarshal(payload).Code
	}
}

func (c *caller) got(stream uint32) (data int, fail errs.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.data[stream], c.fail[stream]
}

func setup(t *testing.T) (*relay.Relay, *pool.Pool, *caller) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := pool.New(pool.Config{
		MaxDaemons: 4, IdleTimeout: time.Minute, StatementTimeout: time.Minute,
		Command: func(dbfile.Version, daemonapi.Limits, space.Seat) (string, []string, error) {
			return self, []string{"endless"}, nil
		},
	}, pool.Deps{Files: files{t.TempDir()}, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	t.Cleanup(p.Close)
	return relay.New(p), p, &caller{data: map[uint32]int{}, last: map[uint32]string{}, fail: map[uint32]errs.Code{}}
}

func open(stream uint32) []byte { return ask(stream, daemonapi.KindQuery, "SELECT 1") }

func ask(stream uint32, kind daemonapi.Kind, body string) []byte {
	head := daemonapi.AppendHead(nil, &daemonapi.Request{
		Path: ayb.DatabasePath{Entity: "a", Database: "b"}, Type: ayb.SQLite, Kind: kind, Mode: ayb.QueryReadOnly, Format: daemonapi.FormatCompat,
	})
	return mux.Append(nil, mux.OpenFinal, stream, append(head, body...))
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still waiting for: %s", what)
		}
	}
}

// A request that its caller has forgotten is stopped, even while it waits for
// credit that will never come. Newer streams continue.
func TestResetStopsWhatTheCallerForgot(t *testing.T) {
	r, _, c := setup(t)
	p := r.Accept(c)
	defer p.Down(nil)
	p.Frames(append(open(1), open(2)...))
	until(t, "both to use up their credit", func() bool {
		first, _ := c.got(1)
		second, _ := c.got(2)
		return first == mux.Window && second == mux.Window
	})
	p.Frames(mux.Append(nil, mux.Reset, 0, binary.BigEndian.AppendUint32(nil, 1)))
	until(t, "the forgotten one to end", func() bool { _, code := c.got(1); return code == errs.Canceled })
	p.Frames(mux.Append(nil, mux.Credit, 2, []byte{0, 1, 0, 0}))
	until(t, "the other to go on", func() bool { data, _ := c.got(2); return data == mux.Window+mux.Chunk })
	if _, code := c.got(2); code != "" {
		t.Errorf("the newer stream ended with %s", code)
	}
}

// A batch that arrives while its link ends starts nothing: its statements would
// never be stopped.
func TestNothingStartsForACallerThatIsGone(t *testing.T) {
	r, daemons, c := setup(t)
	p := r.Accept(c)
	p.Down(nil)
	p.Frames(open(1))
	if _, code := c.got(1); code != errs.Unavailable || daemons.Len() != 0 || p.Busy() {
		t.Errorf("ended with %q, %d daemons, busy %v", code, daemons.Len(), p.Busy())
	}
}

// A request for the running statements starts no daemon.
func TestRunningStatementsStartNothing(t *testing.T) {
	r, daemons, c := setup(t)
	p := r.Accept(c)
	defer p.Down(nil)
	p.Frames(append(ask(1, daemonapi.KindRunning, ""), ask(2, daemonapi.KindCancel, "1f")...))
	if c.last[1] != `{"queries":[]}` {
		t.Errorf("what runs: %q, %q", c.last[1], c.fail[1])
	}
	if c.fail[2] != errs.NotFound {
		t.Errorf("canceled: %q, %q", c.last[2], c.fail[2])
	}
	if daemons.Len() != 0 || p.Busy() {
		t.Errorf("%d daemons, busy %v", daemons.Len(), p.Busy())
	}
	// A running daemon gets the request. This one answers any request with data.
	p.Frames(append(open(3), ask(4, daemonapi.KindRunning, "")...))
	until(t, "the daemon's answer", func() bool { data, _ := c.got(4); return data > 0 })
}
