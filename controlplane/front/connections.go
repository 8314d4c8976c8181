package front

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/httprate"

	"github.com/ayb-go/ayb/shared/errs"
)

// lingerTime is the longest time that data of a client is read and discarded
// before its connection is closed.
const lingerTime = time.Second

// connections is a listener with a limit of connections in total and for each
// address. When all are in use, a new connection replaces an idle one of the
// address with the most connections. It is safe for concurrent use.
type connections struct {
	net.Listener
	total, perAddress int // 0 is no limit
	proxy             func(address string) bool

	mu        sync.Mutex
	open      map[*countedConn]bool
	by        map[string]int // address to connections, without trusted proxies
	refused   int            // connections that are being refused
	refusedBy map[string]int
}

// countedConn is a connection of the listener.
type countedConn struct {
	net.Conn
	from *connections
	key  string // the address it counts for; empty for a trusted proxy
	idle atomic.Bool
	once sync.Once
	late atomic.Bool // the last Read ended by its deadline
}

func newConnections(ln net.Listener, cfg Config) *connections {
	return &connections{
		Listener: ln, total: cfg.Connections, perAddress: cfg.ConnectionsPerAddress, proxy: within(cfg.TrustedProxies),
		open: map[*countedConn]bool{}, by: map[string]int{}, refusedBy: map[string]int{},
	}
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
		// A connection without a request counts as idle.
		c.idle.Store(true)
		if err := l.add(c); err != nil {
			l.refuse(c, err)
			continue
		}
		return c, nil
	}
}

// add counts a connection. The error says which limit is reached.
func (l *connections) add(c *countedConn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.perAddress > 0 && c.key != "" && l.by[c.key] >= l.perAddress {
		return errTooManyConnections(l.perAddress)
	}
	if l.total > 0 && l.by[c.key] >= l.total-len(l.open) {
		if err := l.makeRoom(c); err != nil {
			return err
		}
	}
	l.open[c] = true
	if c.key != "" {
		l.by[c.key]++
	}
	return nil
}

// makeRoom refuses a connection whose address has more busy connections than are
// free for other addresses, so that a few addresses cannot use all. When all are
// in use, it closes an idle connection. The caller holds l.mu.
func (l *connections) makeRoom(c *countedConn) error {
	busy, own := 0, 0
	for o := range l.open {
		if o.idle.Load() {
			continue
		}
		busy++
		if c.key != "" && o.key == c.key {
			own++
		}
	}
	if own > 0 && own >= l.total-busy {
		return errs.E(errs.RateLimited, "%d connections from your address are busy, which is its share of the %d of the server (limits.connections; the operator can raise it); close some, or try again when they have ended", own, l.total)
	}
	if len(l.open) < l.total {
		return nil
	}
	victim := l.victim()
	if victim == nil || c.key != "" && l.by[victim.key] <= l.by[c.key] {
		return errs.E(errs.Unavailable, "All %d connections of the server are in use (limits.connections; the operator can raise it); try again in a while", l.total)
	}
	l.remove(victim)
	_ = victim.Conn.Close() // it was idle
	return nil
}

// victim returns an idle connection of the address with the most connections, or
// nil if none is idle. The caller holds l.mu.
func (l *connections) victim() *countedConn {
	var victim *countedConn
	for c := range l.open {
		if c.idle.Load() && (victim == nil || l.by[c.key] > l.by[victim.key]) {
			victim = c
		}
	}
	return victim
}

// remove uncounts a connection. The caller holds l.mu.
func (l *connections) remove(c *countedConn) {
	if !l.open[c] {
		return
	}
	delete(l.open, c)
	if c.key == "" {
		return
	}
	if l.by[c.key]--; l.by[c.key] == 0 {
		delete(l.by, c.key)
	}
}

// Read implements net.Conn.
func (c *countedConn) Read(p []byte) (int, error) {
	c.late.Store(false)
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.late.Store(true)
	}
	return n, err //nolint:wrapcheck // net/http looks at it
}

// Close implements net.Conn. If the client may still be sending, the connection
// is closed after a delay: closing it with unread bytes resets it, and a reset can
// destroy the answer (RFC 9112, section 9.6). It counts until then.
func (c *countedConn) Close() error {
	var err error
	c.once.Do(func() {
		if c.late.Load() && c.CloseWrite() == nil {
			go c.linger()
			return
		}
		err = c.closeNow()
	})
	return err
}

// linger discards data until the client closes the connection, or for lingerTime.
func (c *countedConn) linger() {
	_ = c.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, c.Conn)
	_ = c.closeNow()
}

func (c *countedConn) closeNow() error {
	c.from.mu.Lock()
	c.from.remove(c)
	c.from.mu.Unlock()
	return c.Conn.Close() //nolint:wrapcheck // net/http looks at it
}

// CloseWrite marks the end of the answer for the client. net/http calls it before
// it closes the connection.
func (c *countedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite() //nolint:wrapcheck // net/http looks at it
	}
	return nil
}

// trackIdle records which connections wait for a request.
func trackIdle(conn net.Conn, s http.ConnState) {
	if c, ok := conn.(*countedConn); ok {
		c.idle.Store(s == http.StateIdle || s == http.StateNew)
	}
}
