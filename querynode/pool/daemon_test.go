package pool

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/querynode/socketpair"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// The daemons of these tests run this test binary, and misbehave.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "hostile" {
		os.Exit(hostile(os.Args[2]))
	}
	os.Exit(m.Run())
}

// hostile is a daemon that was taken over.
func hostile(what string) int {
	file, err := socketpair.Inherited(3)
	if err != nil {
		return 1
	}
	conn, err := socketpair.New(file)
	if err != nil {
		return 1
	}
	if what == "deaf" {
		never := make(chan os.Signal, 1)
		signal.Notify(never, os.Interrupt)
		<-never // it reads nothing until it is killed
	}
	err = conn.Run(func(f mux.Frame) {
		switch what {
		case "flood": // more than it has credit for
			for range 100 {
				conn.Send(mux.Data, f.Stream, make([]byte, mux.Chunk))
			}
		case "garbage":
			_, _ = file.Write([]byte(strings.Repeat("\xff", 100)))
		case "forged": // answers to streams that were not opened on it
			for id := range uint32(100) {
				conn.Send(mux.Final, f.Stream+1+id, []byte("forged"))
			}
			conn.Send(mux.Final, f.Stream, []byte("true"))
		case "grants": // credit for what was never sent to it
			conn.Send(mux.Credit, f.Stream, []byte{0, 1, 0, 0})
		case "cut short": // half a frame, and then the end
			_, _ = file.Write([]byte{0, 0, 0, 50, byte(mux.Final), 0, 0})
			_ = file.Close()
		case "too long": // a frame longer than any may be
			_, _ = file.Write(append([]byte{0, 8, 0, 0, byte(mux.Data), 0, 0, 0, byte(f.Stream)}, make([]byte, mux.MaxFrame)...))
		case "unknown": // kinds of the future, and of the other direction
			for _, k := range []mux.Kind{0, mux.Open, mux.OpenFinal, mux.Cancel, mux.Ping, mux.Pong, mux.Check, mux.Reset, 12, 255} {
				conn.Send(k, f.Stream, []byte("x"))
				conn.Send(k, 0, []byte{0, 0, 0, 1})
			}
			conn.Send(mux.Final, f.Stream, []byte("true"))
		case "no error": // a failure that cannot be read
			conn.Send(mux.Fail, f.Stream, []byte("\xff{]"))
		case "twice": // two ends of one stream
			conn.Send(mux.Final, f.Stream, []byte("true"))
			conn.Send(mux.Final, f.Stream, []byte("forged"))
			conn.Send(mux.Fail, f.Stream, []byte("forged"))
		case "silent":
		default: // the one of limits_test.go
			told(conn, what, f)
		}
	})
	if err != nil {
		return 1
	}
	return 0
}

type files struct{ dir string }

func (f files) Resolve(ayb.DatabasePath) (dbfile.Version, error) {
	return dbfile.Version{Dir: f.dir, File: f.dir, Temp: f.dir}, nil
}

func (f files) Staged(_ ayb.DatabasePath, version string) (dbfile.Version, error) {
	return dbfile.Version{Dir: f.dir, File: version, Temp: f.dir, Staged: true}, nil
}

func newPool(t *testing.T, what string) *Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := New(Config{
		MaxDaemons: 4, IdleTimeout: time.Minute, StatementTimeout: 50 * time.Millisecond,
		Command: func(dbfile.Version, daemonapi.Limits, space.Seat) (string, []string, error) {
			if what == "missing" {
				return "/nowhere/daemon", nil, nil
			}
			return self, []string{"hostile", what}, nil
		},
	}, Deps{Files: files{t.TempDir()}, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	t.Cleanup(p.Close)
	return p
}

// answer is a Receiver that keeps what it is given.
type answer struct {
	data int
	end  chan end
}

type end struct {
	kind    mux.Kind
	payload string
}

func (a *answer) Receive(k mux.Kind, payload []byte) {
	if k == mux.Final || k == mux.Fail {
		a.end <- end{k, string(payload)}
		return
	}
	a.data += len(payload)
}

// ask makes one request as the relay does: a daemon that has ended meanwhile is
// replaced.
func ask(t *testing.T, p *Pool) (*answer, end) {
	t.Helper()
	a := &answer{end: make(chan end, 1)}
	for {
		d, err := p.Get(ayb.DatabasePath{Entity: "a", Database: "b"}, daemonapi.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := d.Open(mux.OpenFinal, []byte("x"), 0, a); ok {
			return a, <-a.end
		}
	}
}

// Q16: the end of a daemon is noticed, whatever it did before, and waiting
// clients get an error.
func TestHostileDaemons(t *testing.T) {
	for _, what := range []string{"flood", "garbage", "grants", "cut short", "too long", "no error", "missing"} {
		t.Run(what, func(t *testing.T) {
			a, e := ask(t, newPool(t, what))
			if e.kind != mux.Fail {
				t.Fatalf("ended with %v %q", e.kind, e.payload)
			}
			if a.data > mux.Window {
				t.Errorf("%d bytes came through, more than was allowed", a.data)
			}
			if err := errs.Unmarshal([]byte(e.payload)); err.Code != errs.Engine && err.Code != errs.Unavailable && (err.Code != errs.Internal || what != "no error") || strings.Contains(err.Message, "/") {
				t.Errorf("the waiting request was told %v", err)
			}
		})
	}
}

func TestForgedStreamsReachNobody(t *testing.T) {
	for _, what := range []string{"forged", "unknown", "twice"} {
		p := newPool(t, what)
		for range 3 { // the daemon goes on
			if _, e := ask(t, p); e.kind != mux.Final || e.payload != "true" {
				t.Errorf("%s: got %v %q", what, e.kind, e.payload)
			}
		}
	}
}

// A tenant whose daemon crashes at once cannot keep the node busy with starts.
func TestCrashesSlowDown(t *testing.T) {
	p := newPool(t, "garbage")
	begin := time.Now()
	for range 5 {
		if _, e := ask(t, p); e.kind != mux.Fail {
			t.Fatalf("got %v", e)
		}
	}
	if d := time.Since(begin); d < firstBackoff+2*firstBackoff+4*firstBackoff {
		t.Errorf("five crashes took only %s", d)
	}
	p.forgetCrashes(p.now() + 2*crashMemory)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.crashes) != 0 {
		t.Errorf("still remembered: %v", p.crashes)
	}
}

// A daemon without a sign of life is killed, and its request fails.
func TestStuckDaemonIsKilled(t *testing.T) {
	p := newPool(t, "silent")
	begin := time.Now()
	_, e := ask(t, p)
	if e.kind != mux.Fail || !strings.Contains(e.payload, "could not be stopped in time") {
		t.Errorf("got %v %q", e.kind, e.payload)
	}
	if d := time.Since(begin); d > 15*time.Second {
		t.Errorf("it took %s", d)
	}
}

// The node keeps a limited number of requests, and a limited number of bytes,
// for a daemon that does not answer.
func TestSilentDaemonTakesOnlySoMuch(t *testing.T) {
	db := ayb.DatabasePath{Entity: "a", Database: "b"}
	for name, c := range map[string]struct{ size, most int }{"many": {10, maxStreams}, "large": {mux.MaxPayload, maxUnread/mux.MaxPayload + 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each takes closeGrace to end
			p := newPool(t, "deaf")
			taken := 0
			for ; taken <= c.most; taken++ {
				d, err := p.Get(db, daemonapi.Limits{})
				if err != nil {
					if !errs.Is(err, errs.Unavailable) {
						t.Error(err)
					}
					break
				}
				if _, ok := d.Open(mux.OpenFinal, make([]byte, c.size), 0, &answer{end: make(chan end, 1)}); !ok {
					t.Fatal("the daemon takes no request")
				}
			}
			if taken > c.most {
				t.Errorf("%d requests were taken", taken)
			}
		})
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var out tail
	for range 100 {
		if _, err := out.Write([]byte(strings.Repeat("x", 1000))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := out.Write([]byte("the reason")); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); len(s) > tailSize+10 || !strings.HasSuffix(s, `the reason"`) {
		t.Errorf("kept %d bytes", len(s))
	}
}

// Daemons outlive the goroutine that started them: they belong to a thread that
// stays.
func TestForkerThreadStays(t *testing.T) {
	f := newForker(slog.New(slog.NewTextHandler(t.Output(), nil)))
	cmd := exec.CommandContext(t.Context(), "/nowhere")
	if err := f.start(cmd, nil); err == nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	f.close()
}
