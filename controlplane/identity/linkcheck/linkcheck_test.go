package linkcheck_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/ayb-go/ayb/controlplane/identity/linkcheck"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

const back = `<a rel="me" href="https://ayb.example.com/alice">me</a>`

// results is a store that sends each result to the test.
type results chan stored

type stored struct {
	id  meta.EntityID
	now []meta.Link
}

func (r results) VerifyLinks(_ context.Context, id meta.EntityID, verified []meta.Link) (bool, error) {
	r <- stored{id, verified}
	return true, nil
}

func (r results) next(t *testing.T) stored {
	t.Helper()
	select {
	case s := <-r:
		return s
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was stored")
		return stored{}
	}
}

// start runs a checker that may connect to the server of the test.
func start(t *testing.T, server *httptest.Server, adjust ...func(*linkcheck.Deps)) (*linkcheck.Checker, results) {
	t.Helper()
	out := make(results, 100)
	deps := linkcheck.Deps{Store: out, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
		Allow: func(to netip.AddrPort) bool { return to.String() == server.Listener.Addr().String() }}
	deps.Roots = x509.NewCertPool()
	if server.TLS != nil {
		deps.Roots.AddCert(server.Certificate())
	}
	for _, f := range adjust {
		f(&deps)
	}
	c, err := linkcheck.New(linkcheck.Config{PublicURL: "https://ayb.example.com/"}, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return c, out
}

func links(urls ...string) []meta.Link {
	var out []meta.Link
	for _, u := range urls {
		out = append(out, meta.Link{URL: u})
	}
	return out
}

// site is a server with pages of all kinds; asked counts the requests.
func site(t *testing.T) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	mux := http.NewServeMux()
	page := func(path string, h http.HandlerFunc) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); h(w, r) })
	}
	write := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	page("/good", write("<html><body>"+back))
	page("/bad", write("<html><body>nothing"))
	page("/missing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); _, _ = io.WriteString(w, back) })
	page("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20)+back)
	})
	page("/nearly", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x ", 1<<18)+back)
	})
	page("/hop/{n}", func(w http.ResponseWriter, r *http.Request) {
		next := map[string]string{"3": "/hop/2", "2": "/hop/1", "1": "/good", "4": "/hop/3"}[r.PathValue("n")]
		http.Redirect(w, r, next, http.StatusFound)
	})
	page("/plain", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/good", http.StatusFound)
	})
	page("/password", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://user:pass@"+r.Host+"/good", http.StatusFound)
	})
	page("/headers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		_, _ = io.WriteString(w, back)
	})
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	return server, &asked
}

// S8: which pages verify a link.
func TestPages(t *testing.T) {
	server, asked := site(t)
	c, out := start(t, server)
	for _, tt := range []struct {
		path string
		want bool
	}{
		{"/good", true}, {"/bad", false}, {"/missing", false},
		{"/nearly", true}, {"/large", false}, {"/headers", false},
		{"/hop/3", true}, {"/hop/4", false}, {"/plain", false}, {"/password", false},
	} {
		// The first link is verified, so that there is always a result to store.
		before := links(server.URL+"/good", server.URL+tt.path, "http://"+server.Listener.Addr().String()+"/good")
		c.Submit(7, "alice", before)
		got := out.next(t)
		now := slices.Clone(before)
		now[0].Verified, now[1].Verified = true, tt.want
		if got.id != 7 || !slices.Equal(got.now, now) {
			t.Errorf("%s: %+v", tt.path, got)
		}
	}
	if asked.Load() == 0 {
		t.Error("nothing was fetched")
	}
}

// S8: by default only public addresses are connected to, also by name and by
// redirect.
func TestRefusesWhatIsNotPublic(t *testing.T) {
	server, asked := site(t)
	var tried atomic.Int64
	c, out := start(t, server, func(d *linkcheck.Deps) {
		d.Allow = func(to netip.AddrPort) bool { tried.Add(1); return linkcheck.IsPublic(to) }
	})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	before := links(server.URL+"/good", "https://localhost:"+port+"/good", "https://[::ffff:127.0.0.1]:"+port+"/good")
	for i := range before {
		before[i].Verified = true // so that a result is stored
	}
	c.Submit(7, "alice", before)
	for i, l := range out.next(t).now {
		if l.Verified {
			t.Errorf("link %d is verified", i)
		}
	}
	if tried.Load() < 3 || asked.Load() != 0 {
		t.Errorf("%d connections were considered, %d requests arrived", tried.Load(), asked.Load())
	}
}

// S8: a name has a public address first and the address of this machine later. The
// address of the connection is checked, so the second answer is refused.
func TestRebinding(t *testing.T) {
	server, asked := site(t)
	dns := newNameServer(t, netip.MustParseAddr("93.184.215.14"), netip.MustParseAddr("127.0.0.1"))
	var mu sync.Mutex
	var tried []string
	c, out := start(t, server, func(d *linkcheck.Deps) {
		d.Resolver = dns.resolver()
		d.Allow = func(to netip.AddrPort) bool {
			mu.Lock()
			tried = append(tried, to.Addr().String())
			mu.Unlock()
			// The public address is refused as well: tests stay on this machine.
			return linkcheck.IsPublic(to) && to.Addr().String() != "93.184.215.14"
		}
	})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for range 2 {
		before := []meta.Link{{URL: "https://rebind.example:" + port + "/good", Verified: true}}
		c.Submit(7, "alice", before)
		if got := out.next(t); got.now[0].Verified {
			t.Error("verified")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(tried, []string{"93.184.215.14", "127.0.0.1"}) || asked.Load() != 0 {
		t.Errorf("addresses %v were considered, %d requests arrived", tried, asked.Load())
	}
}

// nameServer answers each look-up of an IPv4 address with the next address.
type nameServer struct {
	conn net.PacketConn
	mu   sync.Mutex
	next []netip.Addr
}

func newNameServer(t *testing.T, answers ...netip.Addr) *nameServer {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nameServer{conn: conn, next: answers}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			k, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply, err := n.answer(buf[:k]); err == nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return n
}

func (n *nameServer) answer(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || len(m.Questions) != 1 {
		return nil, fmt.Errorf("not a question: %w", err)
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		n.mu.Lock()
		a := n.next[0]
		n.next = n.next[min(1, len(n.next)-1):]
		n.mu.Unlock()
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0},
			Body:   &dnsmessage.AResource{A: a.As4()},
		}}
	}
	return m.Pack()
}

func (n *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", n.conn.LocalAddr().String())
	}}
}

// S8: a page that never ends takes five seconds and does not delay other pages.
func TestSlowPagesAreGivenUp(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/good" {
			_, _ = io.WriteString(w, back)
			return
		}
		_, _ = io.WriteString(w, "<html>")
		_ = http.NewResponseController(w).Flush()
		select { // never on its own
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(release); server.Close() })
	c, out := start(t, server)
	c.Submit(7, "alice", links(server.URL+"/slow", server.URL+"/good"))
	c.Submit(8, "alice", links(server.URL+"/good"))
	first := out.next(t)
	if first.id != 8 || !first.now[0].Verified {
		t.Errorf("first came %+v", first)
	}
	second := out.next(t)
	if second.now[0].Verified || !second.now[1].Verified {
		t.Errorf("then came %+v", second)
	}
}

// A profile that is queued several times is checked once, with its newest links.
// A profile without pages to fetch is never checked.
func TestNewestLinksCount(t *testing.T) {
	server, asked := site(t)
	out := make(results, 100)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c, err := linkcheck.New(linkcheck.Config{PublicURL: "https://ayb.example.com"}, linkcheck.Deps{
		Store: out, Log: slog.New(slog.DiscardHandler), Roots: roots, Allow: func(netip.AddrPort) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		c.Submit(7, "alice", links(server.URL+"/bad"))
	}
	c.Submit(7, "alice", links(server.URL+"/good"))
	c.Submit(8, "bob", links(server.URL+"/good"))
	c.Submit(8, "bob", links("http://a.example/"))
	c.Submit(9, "carol", nil)
	for i := range 2000 { // more than may wait; it does not block
		c.Submit(meta.EntityID(100+i), "x", links("https://[::1]:1/"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	got := out.next(t)
	cancel()
	<-done
	if got.id != 7 || !got.now[0].Verified || asked.Load() != 1 {
		t.Errorf("%+v after %d requests", got, asked.Load())
	}
}

// Run ends with its context while a page is being fetched, and does not store the
// canceled check.
func TestStops(t *testing.T) {
	arrived := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	out := make(results, 1)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c, err := linkcheck.New(linkcheck.Config{}, linkcheck.Deps{
		Store: out, Log: slog.New(slog.DiscardHandler), Roots: roots, Allow: func(netip.AddrPort) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	c.Submit(7, "alice", []meta.Link{{URL: server.URL, Verified: true}})
	<-arrived
	cancel()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	if len(out) != 0 {
		t.Errorf("stored %+v", <-out)
	}
}

func TestNewChecks(t *testing.T) {
	if _, err := linkcheck.New(linkcheck.Config{}, linkcheck.Deps{}); !errs.Is(err, errs.Internal) {
		t.Errorf("missing dependencies: %v", err)
	}
}
