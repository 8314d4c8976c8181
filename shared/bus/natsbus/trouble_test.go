package natsbus_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
	"github.com/ayb-go/ayb/shared/mux/muxtest"
)

// wire is a connection between a role and the bus that a test can cut.
type wire struct {
	listener net.Listener
	target   string

	mu   sync.Mutex
	open []net.Conn
	seen []byte // kept by record
	kept bool
}

func newWire(t *testing.T, s *natsbus.Server) *wire {
	t.Helper()
	return newWireTo(t, strings.TrimPrefix(s.URL(), "nats://"))
}

func newWireTo(t *testing.T, target string) *wire {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, target: target}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", w.target)
			if err != nil {
				near.Close()
				continue
			}
			w.mu.Lock()
			w.open = append(w.open, near, far)
			w.mu.Unlock()
			running.Go(func() { w.pass(near, far) })
			running.Go(func() { w.pass(far, near) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		w.cut()
		running.Wait()
	})
	return w
}

// pass copies until one side is cut.
func (w *wire) pass(to, from net.Conn) {
	_, _ = io.Copy(to, io.TeeReader(from, w)) // its end is what ends the test's connection
	to.Close()
}

// Write records data.
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kept {
		w.seen = append(w.seen, b...)
	}
	return len(b), nil
}

// record records the data in both directions from now on.
func (w *wire) record() (seen func() []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = true
	return func() []byte {
		w.mu.Lock()
		defer w.mu.Unlock()
		return bytes.Clone(w.seen)
	}
}

func (w *wire) url() string { return "nats://" + w.listener.Addr().String() }

// cut closes all connections; new ones are accepted.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		c.Close()
	}
	w.open = nil
}

// separate holds roles on a bus with a port, each on its own wire.
func separate(t *testing.T) (node, control *natsbus.Conn, nodeWire, controlWire *wire) {
	t.Helper()
	cred, err := natsbus.LoadOrMakeCredentials(filepath.Join(t.TempDir(), "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := bustest.StartConfig(t, natsbus.ServerConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Credentials: cred})
	nodeWire, controlWire = newWire(t, s), newWire(t, s)
	connect := func(r natsbus.Role, w *wire) *natsbus.Conn {
		c := bustest.Connect(t, natsbus.ConnConfig{Role: r, URL: w.url(), Credentials: cred})
		if err := c.Connected(t.Context()); err != nil {
			t.Fatal(err)
		}
		return c
	}
	return connect(natsbus.QueryNode, nodeWire), connect(natsbus.ControlPlane, controlWire), nodeWire, controlWire
}

// serveStalls answers "quick". For every other request it sends as much as its credit
// allows and then waits; ended is closed when the request is canceled.
func serveStalls(t *testing.T, node *natsbus.Conn) (full, ended chan struct{}) {
	t.Helper()
	full, ended = make(chan struct{}), make(chan struct{})
	stop, err := node.Serve(bus.Service{Name: "test", Version: "1.0.0", Endpoints: []bus.Endpoint{{
		Name: "query", Subject: subject,
		Link: func(l mux.Link) bus.Peer {
			s := mux.NewServer(l, muxtest.Limits(), func(c *mux.Call) {
				if string(c.Request()) == "quick" {
					_ = c.Write([]byte("x"), true) // a failure shows at the client
					return
				}
				_ = c.Write(make([]byte, mux.Window), false)
				close(full)
				if c.Write(make([]byte, 1), true) != nil {
					close(ended)
				}
			})
			return &serverPeer{s, make(chan struct{})}
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return full, ended
}

// quick makes one request with an immediate answer.
func quick(ctx context.Context, c *mux.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	s, err := c.Open(ctx, nil, []byte("quick"))
	if err != nil {
		return err
	}
	defer s.Close()
	_, _, err = s.Next(ctx)
	return err
}

// A control plane has lost its streams with its connection. The node must end them,
// although it did not notice and the control plane makes new requests.
func TestCallersBreakEndsStreamsOnTheNode(t *testing.T) {
	node, control, _, wire := separate(t)
	full, ended := serveStalls(t, node)
	client, closeLink := dial(t, control)
	defer closeLink()
	bustest.Until(t, "the node to serve", func() bool { return quick(t.Context(), client) == nil })
	s, err := client.Open(t.Context(), nil, []byte("long"))
	if err != nil {
		t.Fatal(err)
	}
	<-full
	// No message to the caller is pending, so the node does not notice that the
	// caller is away.
	if err := quick(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	wire.cut()
	for err == nil {
		_, _, err = s.Next(t.Context())
	}
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("the caller got %v", err)
	}
	bustest.Until(t, "the node to give the stream up", func() bool {
		_ = quick(t.Context(), client) // it fails until the connection is back
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
}

// A node has lost its streams with its connection. The caller must not wait for ever,
// although it did not notice.
func TestNodesBreakEndsStreamsOfTheCaller(t *testing.T) {
	node, control, wire, _ := separate(t)
	full, ended := serveStalls(t, node)
	client, closeLink := dial(t, control)
	defer closeLink()
	bustest.Until(t, "the node to serve", func() bool { return quick(t.Context(), client) == nil })
	s, err := client.Open(t.Context(), nil, []byte("long"))
	if err != nil {
		t.Fatal(err)
	}
	<-full
	wire.cut()
	<-ended
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for err == nil {
		_, _, err = s.Next(ctx)
	}
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("the caller got %v", err)
	}
}

// Two servers with one store would each deliver every mail.
func TestStoreBelongsToOneServer(t *testing.T) {
	dir := t.TempDir()
	s, err := natsbus.StartServer(natsbus.ServerConfig{StoreDir: dir}, bustest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := natsbus.StartServer(natsbus.ServerConfig{StoreDir: dir}, bustest.Log(t)); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Errorf("a second server on the same store: %v", err)
	}
	s.Stop()
	bustest.StartConfig(t, natsbus.ServerConfig{StoreDir: dir})
}

// The control plane answers calls of the snapshotter.
func TestControlPlaneAnswers(t *testing.T) {
	connect := network(t)
	asking, control := connect(natsbus.Snapshotter), connect(natsbus.ControlPlane)
	const where = "ayb.v1.directory.databases"
	stop, err := control.Serve(bus.Service{Name: "control", Version: "1.0.0", Endpoints: []bus.Endpoint{{
		Name: "databases", Subject: where, Handle: func(_ context.Context, b []byte) ([]byte, error) { return b, nil },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got []byte
	bustest.Until(t, "the service to be known", func() bool {
		got, err = asking.Request(ctx, where, []byte("hello"))
		return err == nil || !errs.Is(err, errs.Unavailable)
	})
	if err != nil || string(got) != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
}

// A role with a corrected password needs no restart.
func TestWrongPasswordIsTriedAgain(t *testing.T) {
	first := natsbus.Credentials{natsbus.ControlPlane: "c", natsbus.Mailer: "one"}
	second := natsbus.Credentials{natsbus.ControlPlane: "c", natsbus.Mailer: "two"}
	s, err := natsbus.StartServer(natsbus.ServerConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Credentials: first}, bustest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	url := s.URL()
	mailer := bustest.Connect(t, natsbus.ConnConfig{Role: natsbus.Mailer, URL: url, Credentials: second})
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := mailer.Connected(short); err == nil {
		t.Error("a wrong password was accepted")
	}
	s.Stop()
	bustest.StartConfig(t, natsbus.ServerConfig{StoreDir: t.TempDir(), Listen: strings.TrimPrefix(url, "nats://"), Credentials: second})
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if err := mailer.Connected(ctx); err != nil {
		t.Error(err)
	}
}
