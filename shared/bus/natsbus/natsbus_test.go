package natsbus_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
	"github.com/ayb-go/ayb/shared/mux/muxtest"
)

// clientPeer is the calling end of a link in tests.
type clientPeer struct{ c atomic.Pointer[mux.Client] }

func (p *clientPeer) Frames(b []byte) { _ = mux.EachFrame(b, p.c.Load().Handle) }
func (p *clientPeer) Busy() bool      { c := p.c.Load(); return c != nil && c.Active() > 0 }
func (p *clientPeer) Restarted()      { p.c.Load().Check() }
func (p *clientPeer) Down(err error) {
	if c := p.c.Load(); c != nil {
		c.FailAll(err)
	}
}

// serverPeer is the answering end.
type serverPeer struct {
	s    *mux.Server
	down chan struct{}
}

func (p *serverPeer) Frames(b []byte) { _ = mux.EachFrame(b, p.s.Handle) }
func (p *serverPeer) Busy() bool      { return true }
func (p *serverPeer) Down(error)      { close(p.down); p.s.CancelAll() }

// bothWays runs a test with the in-process transport, and over the network.
func bothWays(t *testing.T, test func(t *testing.T, connect func(natsbus.Role) *natsbus.Conn)) {
	t.Run("in one process", func(t *testing.T) {
		s := bustest.Start(t)
		test(t, func(r natsbus.Role) *natsbus.Conn { return bustest.Role(t, s, r) })
	})
	t.Run("over the network", func(t *testing.T) { test(t, network(t)) })
}

// network starts a bus with a port and returns a function that connects a role.
func network(t *testing.T) func(natsbus.Role) *natsbus.Conn {
	cred, err := natsbus.LoadOrMakeCredentials(filepath.Join(t.TempDir(), "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := bustest.StartConfig(t, natsbus.ServerConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Credentials: cred})
	return func(r natsbus.Role) *natsbus.Conn {
		c := bustest.Connect(t, natsbus.ConnConfig{Role: r, URL: s.URL(), Credentials: cred})
		if err := c.Connected(t.Context()); err != nil {
			t.Fatal(err)
		}
		return c
	}
}

const subject = "ayb.v1.node.test.query"

func serveLink(t *testing.T, c *natsbus.Conn, serve func(*mux.Call)) (downs chan struct{}, stop func()) {
	t.Helper()
	downs = make(chan struct{})
	stop, err := c.Serve(bus.Service{Name: "test", Version: "1.0.0", Endpoints: []bus.Endpoint{{
		Name: "query", Subject: subject,
		Link: func(l mux.Link) bus.Peer {
			return &serverPeer{mux.NewServer(l, muxtest.Limits(), serve), downs}
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return downs, stop
}

func dial(t *testing.T, c *natsbus.Conn) (*mux.Client, func()) {
	t.Helper()
	p := &clientPeer{}
	link, closeLink, err := c.Dial(subject, p)
	if err != nil {
		t.Fatal(err)
	}
	client := mux.NewClient(link)
	p.c.Store(client)
	return client, closeLink
}

func TestLinks(t *testing.T) {
	t.Run("in one process", func(t *testing.T) {
		muxtest.Run(t, func(t *testing.T, serve func(*mux.Call)) *mux.Client {
			s := bustest.Start(t)
			return linked(t, func(r natsbus.Role) *natsbus.Conn { return bustest.Role(t, s, r) }, serve)
		})
	})
	t.Run("over the network", func(t *testing.T) {
		muxtest.Run(t, func(t *testing.T, serve func(*mux.Call)) *mux.Client { return linked(t, network(t), serve) })
	})
}

func linked(t *testing.T, connect func(natsbus.Role) *natsbus.Conn, serve func(*mux.Call)) *mux.Client {
	t.Helper()
	_, stop := serveLink(t, connect(natsbus.QueryNode), serve)
	t.Cleanup(stop)
	client, closeLink := dial(t, connect(natsbus.ControlPlane))
	t.Cleanup(closeLink)
	return client
}

func TestNoServiceIsUnavailableAtOnce(t *testing.T) {
	s := bustest.Start(t)
	c := bustest.Role(t, s, natsbus.ControlPlane)
	if _, err := c.Request(t.Context(), "ayb.v1.node.none.database.create", nil); errs.CodeOf(err) != errs.Unavailable {
		t.Errorf("call: %v", err)
	}
	client, closeLink := dial(t, c)
	defer closeLink()
	st, err := client.Open(t.Context(), nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	// Not by silence, which is told in other words.
	if _, _, err := st.Next(t.Context()); errs.CodeOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "is not running") {
		t.Errorf("link: %v", err)
	}
}

// A node that dies or restarts must not leave its callers waiting.
func TestDeadServerEndsStreams(t *testing.T) { bothWays(t, deadServer) }

func deadServer(t *testing.T, connect func(natsbus.Role) *natsbus.Conn) {
	node := connect(natsbus.QueryNode)
	_, stop := serveLink(t, node, func(c *mux.Call) {
		gone := make(chan struct{})
		c.OnCancel(func() { close(gone) })
		<-gone
	})
	defer stop()
	client, closeLink := dial(t, connect(natsbus.ControlPlane))
	defer closeLink()
	st, err := client.Open(t.Context(), nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	node.Close() // as a killed process does
	if _, _, err := st.Next(t.Context()); errs.CodeOf(err) != errs.Unavailable {
		t.Errorf("got %v", err)
	}
}

// A node that was restarted has the newest requests and not the older ones:
// each stream gets the answer that is true for it.
func TestRestartedServerKnowsOnlyNewStreams(t *testing.T) { bothWays(t, restartedServer) }

func restartedServer(t *testing.T, connect func(natsbus.Role) *natsbus.Conn) {
	wait := func(c *mux.Call) {
		if string(c.Request()) == "quick" {
			_ = c.Write([]byte("answer"), true) // a failure shows at the client
			return
		}
		gone := make(chan struct{})
		c.OnCancel(func() { close(gone) })
		<-gone
	}
	first := connect(natsbus.QueryNode)
	_, stop := serveLink(t, first, wait)
	client, closeLink := dial(t, connect(natsbus.ControlPlane))
	defer closeLink()
	quick := func() error {
		st, err := client.Open(t.Context(), nil, []byte("quick"))
		if err != nil {
			return err
		}
		_, _, err = st.Next(t.Context())
		return err
	}
	if err := quick(); err != nil {
		t.Fatal(err)
	}
	old, err := client.Open(t.Context(), nil, []byte("old"))
	if err != nil {
		t.Fatal(err)
	}
	_, stop2 := serveLink(t, connect(natsbus.QueryNode), wait)
	defer stop2()
	first.Close()
	defer stop()
	// One that goes to the old process while it ends fails.
	bustest.Until(t, "the new process to answer", func() bool { return quick() == nil })
	if _, _, err := old.Next(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a request to the old process gave %v", err)
	}
}

// A control plane that dies without a word must not keep statements running.
func TestDeadCallerEndsStreams(t *testing.T) { bothWays(t, deadCaller) }

func deadCaller(t *testing.T, connect func(natsbus.Role) *natsbus.Conn) {
	started := make(chan struct{})
	downs, stop := serveLink(t, connect(natsbus.QueryNode), func(c *mux.Call) {
		close(started)
		for c.Write(make([]byte, 1000), false) == nil {
		}
	})
	defer stop()
	caller := connect(natsbus.ControlPlane)
	client, _ := dial(t, caller)
	if _, err := client.Open(t.Context(), nil, []byte("x")); err != nil {
		t.Fatal(err)
	}
	<-started
	caller.Close()
	select {
	case <-downs:
	case <-time.After(15 * time.Second):
		t.Fatal("the server still thinks somebody is waiting")
	}
}

type ping struct{ Text string }

func TestCalls(t *testing.T) {
	s := bustest.Start(t)
	node := bustest.Role(t, s, natsbus.QueryNode)
	stop, err := node.Serve(bus.Service{Name: "calls", Version: "1.0.0", Endpoints: []bus.Endpoint{
		{Name: "echo", Subject: "ayb.v1.node.a.database.echo", Handle: bus.Handle(func(_ context.Context, p ping) (ping, error) { return p, nil })},
		{Name: "fail", Subject: "ayb.v1.node.a.database.fail", Handle: bus.Handle(func(context.Context, ping) (ping, error) {
			return ping{}, errs.E(errs.Conflict, "It exists")
		})},
		{Name: "secret", Subject: "ayb.v1.node.a.database.secret", Handle: bus.Handle(func(context.Context, ping) (ping, error) {
			return ping{}, errors.New("open /var/secret")
		})},
		{Name: "big", Subject: "ayb.v1.node.a.database.big", Handle: func(context.Context, []byte) ([]byte, error) {
			return make([]byte, bus.MaxMessage+1), nil
		}},
		{Name: "deadline", Subject: "ayb.v1.node.a.database.deadline", Handle: func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, errs.E(errs.Timeout, "The callee says what timed out")
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	c := bustest.Role(t, s, natsbus.ControlPlane)
	call := func(ctx context.Context, verb string) (ping, error) {
		return bus.Call[ping, ping](ctx, c, "ayb.v1.node.a.database."+verb, ping{"hello"})
	}
	if got, err := call(t.Context(), "echo"); err != nil || got.Text != "hello" {
		t.Errorf("echo: %v, %v", got, err)
	}
	if _, err := call(t.Context(), "fail"); !errs.Is(err, errs.Conflict) || errs.Public(err).Message != "It exists" {
		t.Errorf("fail: %v", err)
	}
	if _, err := call(t.Context(), "secret"); !errs.Is(err, errs.Internal) || bytes.Contains([]byte(err.Error()), []byte("secret")) {
		t.Errorf("an internal text went over the bus: %v", err)
	}
	if _, err := call(t.Context(), "big"); !errs.Is(err, errs.TooLarge) {
		t.Errorf("big answer: %v", err)
	}
	if _, err := c.Request(t.Context(), "ayb.v1.node.a.database.echo", make([]byte, bus.MaxMessage+1)); !errs.Is(err, errs.TooLarge) {
		t.Errorf("big request: %v", err)
	}
	bustest.Until(t, "the callee to say what timed out", func() bool { // on a busy machine it may come too late for that
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := call(ctx, "deadline")
		if err == nil {
			t.Fatal("it was answered")
		}
		return errs.Public(err).Message == "The callee says what timed out"
	})
}

func TestQueueKeepsJobsUntilDone(t *testing.T) {
	s := bustest.Start(t)
	q := bustest.Role(t, s, natsbus.ControlPlane).MailQueue("ayb.v1.mail")
	for _, id := range []string{"a", "b", "a"} { // the same id twice is one job
		if err := q.Put(t.Context(), id, []byte(id)); err != nil {
			t.Fatal(err)
		}
	}
	var seen []string
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := bustest.Role(t, s, natsbus.Mailer).MailQueue("ayb.v1.mail").Work(ctx, func(_ context.Context, j bus.Job) error {
		seen = append(seen, j.ID)
		if len(seen) == 1 {
			return errors.New("not now")
		}
		if len(seen) == 3 {
			cancel()
		}
		return nil
	})
	if err != nil || len(seen) != 3 || seen[0] != "a" || seen[2] != "a" {
		t.Errorf("jobs %v, %v", seen, err)
	}
}

func TestBoard(t *testing.T) {
	s := bustest.Start(t)
	got := make(chan string, 10)
	watching := bustest.Role(t, s, natsbus.ControlPlane).NodeRegistry()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- watching.Watch(ctx, func(k string, v []byte) { got <- k + "=" + string(v) }) }()
	b := bustest.Role(t, s, natsbus.QueryNode).NodeRegistry()
	for _, v := range []string{"1", "2"} {
		if err := b.Set(t.Context(), "n", []byte(v)); err != nil {
			t.Fatal(err)
		}
		if g := <-got; g != "n="+v {
			t.Errorf("saw %s", g)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Each role has its own user: a node that is taken over can neither read
// other roles' answers nor queue mail.
func TestRolesAreConfined(t *testing.T) {
	cred, err := natsbus.LoadOrMakeCredentials(filepath.Join(t.TempDir(), "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := bustest.StartConfig(t, natsbus.ServerConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Credentials: cred})
	node := bustest.Connect(t, natsbus.ConnConfig{Role: natsbus.QueryNode, URL: s.URL(), Credentials: cred})
	if err := node.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := node.MailQueue("ayb.v1.mail").Put(ctx, "x", []byte("spam")); err == nil {
		t.Error("a query node queued a mail")
	}
	if err := node.NodeRegistry().Set(t.Context(), "n", []byte("ok")); err != nil {
		t.Errorf("a query node cannot post its heartbeat: %v", err)
	}
	stranger := bustest.Connect(t, natsbus.ConnConfig{Role: natsbus.QueryNode, URL: s.URL(), Credentials: natsbus.Credentials{natsbus.QueryNode: "guess"}})
	short, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	if err := stranger.Connected(short); err == nil {
		t.Error("a wrong password was taken")
	}
}

// A user that NATS knows and that has no permissions may do everything, so a
// slip in the file must not make one.
func TestUnknownRoleInCredentials(t *testing.T) {
	for _, text := range []string{`{"querynodes":"secret"}`, `{"controlplane":"x","Mailer":"y"}`, `{"":"x"}`, `{"$SYS":"x"}`} {
		file := filepath.Join(t.TempDir(), "c.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cred, err := natsbus.LoadCredentials(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := natsbus.StartServer(natsbus.ServerConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Credentials: cred}, bustest.Log(t))
		if err == nil || !strings.Contains(err.Error(), "unknown role") {
			t.Errorf("%s: %v", text, err)
		}
		if s != nil {
			s.Stop()
		}
	}
}
