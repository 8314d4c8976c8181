package httpd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/httprate"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const (
	// farewellTime is how long a connection that is refused is kept to tell why,
	// and maxFarewells how many are at once. Others are just closed.
	farewellTime = time.Second
	maxFarewells = 16
)

// connections is a listener that bounds its connections, in all and for each
// address. When all are in use, one that is idle gives way, of the address that
// has most. It may be used concurrently.
type connections struct {
	net.Listener
	all, each int // 0 is no limit
	proxy     func(address string) bool
	farewells chan struct{}

	mu   sync.Mutex
	open map[*countedConn]bool
	of   map[string]int // by address; those of trusted proxies are not counted
}

// countedConn is one of them.
type countedConn struct {
	net.Conn
	from *connections
	key  string // empty for one that is not counted by its address
	idle atomic.Bool
	once sync.Once
}

func newConnections(ln net.Listener, cfg Config) *connections {
	return &connections{
		Listener: ln, all: cfg.Connections, each: cfg.ConnectionsPerAddress, proxy: within(cfg.TrustedProxies),
		farewells: make(chan struct{}, maxFarewells), open: map[*countedConn]bool{}, of: map[string]int{},
	}
}

// within gives the function that tells whether an address is in one of the
// networks.
func within(networks []netip.Prefix) func(address string) bool {
	return func(address string) bool {
		a, err := netip.ParseAddr(address)
		if err != nil {
			return false
		}
		for _, n := range networks {
			if n.Contains(a.Unmap()) {
				return true
			}
		}
		return false
	}
}

// hostOf is the address without its port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// Accept implements net.Listener.
func (l *connections) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // net/http looks at it
		}
		c := &countedConn{Conn: conn, from: l}
		if host := hostOf(conn.RemoteAddr().String()); !l.proxy(host) {
			c.key = httprate.CanonicalizeIP(host)
		}
		// One that has asked for nothing yet is as good as idle.
		c.idle.Store(true)
		if err := l.add(c); err != nil {
			l.refuse(conn, err)
			continue
		}
		return c, nil
	}
}

// add takes a connection in. The error says why it cannot be.
func (l *connections) add(c *countedConn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.each > 0 && c.key != "" && l.of[c.key] >= l.each {
		return errTooManyConnections(l.each)
	}
	if l.all > 0 && len(l.open) >= l.all {
		victim := l.victim()
		if victim == nil {
			return errs.E(errs.Unavailable, "All %d connections of the server are in use (limits.connections; the operator can raise it); try again in a while", l.all)
		}
		l.remove(victim)
		_ = victim.Conn.Close() // nobody uses it
	}
	l.open[c] = true
	if c.key != "" {
		l.of[c.key]++
	}
	return nil
}

// victim is an idle connection of the address that has most of all that have
// idle ones; nil when there is none. The caller holds l.mu.
func (l *connections) victim() *countedConn {
	var victim *countedConn
	for c := range l.open {
		if c.idle.Load() && (victim == nil || l.of[c.key] > l.of[victim.key]) {
			victim = c
		}
	}
	return victim
}

// remove forgets a connection. The caller holds l.mu.
func (l *connections) remove(c *countedConn) {
	if !l.open[c] {
		return
	}
	delete(l.open, c)
	if c.key == "" {
		return
	}
	if l.of[c.key]--; l.of[c.key] == 0 {
		delete(l.of, c.key)
	}
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	c.once.Do(func() {
		c.from.mu.Lock()
		defer c.from.mu.Unlock()
		c.from.remove(c)
	})
	return c.Conn.Close() //nolint:wrapcheck // net/http looks at it
}

// CloseWrite lets net/http say that an answer is whole before the connection
// ends.
func (c *countedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite() //nolint:wrapcheck // net/http looks at it
	}
	return nil
}

// state notes which connections wait for a request.
func state(conn net.Conn, s http.ConnState) {
	if c, ok := conn.(*countedConn); ok {
		c.idle.Store(s == http.StateIdle || s == http.StateNew)
	}
}

// refuse tells a connection why it is none, as an answer to whatever it asks.
func (l *connections) refuse(conn net.Conn, err error) {
	select {
	case l.farewells <- struct{}{}:
	default:
		_ = conn.Close() // there is no time to tell
		return
	}
	go func() {
		defer func() { <-l.farewells }()
		defer conn.Close()
		ctx, cancel := context.WithTimeout(context.Background(), farewellTime)
		defer cancel()
		end, _ := ctx.Deadline()
		_ = conn.SetDeadline(end)
		if _, err := conn.Write(farewell(err)); err != nil {
			return
		}
		if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			// What has come and was not read would take the answer with it.
			_, _ = io.Copy(io.Discard, io.LimitReader(conn, maxHeaderBytes))
		}
	}()
}

// farewell is an error as a whole answer.
func farewell(err error) []byte {
	status, body := httpapi.FromError(err)
	text, merr := httpapi.Marshal(body)
	if merr != nil { // bodies are structs of texts: they always encode
		panic(merr)
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nRetry-After: 5\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(text), text)
}
