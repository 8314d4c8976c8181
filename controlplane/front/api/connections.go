package api

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/httprate"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const (
	// farewellTime is how long a connection that is refused is kept to tell why,
	// and maxFarewells how many are at once, of each address farewellsEach. Others
	// are just closed.
	farewellTime  = time.Second
	maxFarewells  = 32
	farewellsEach = 4
	// lingerTime is how long a connection that ends while its client may be
	// sending is read, and what comes is thrown away.
	lingerTime = time.Second
)

// connections is a listener that bounds its connections, in all and for each
// address, and shares them among addresses. When all are in use, one that is idle
// gives way, of the address that has most. It may be used concurrently.
type connections struct {
	net.Listener
	all, each int // 0 is no limit
	proxy     func(address string) bool

	mu        sync.Mutex
	open      map[*countedConn]bool
	of        map[string]int // by address; those of trusted proxies are not counted
	leaving   int            // farewells
	leavingOf map[string]int
}

// countedConn is one of them.
type countedConn struct {
	net.Conn
	from *connections
	key  string // empty for one that is not counted by its address
	idle atomic.Bool
	once sync.Once
	cut  atomic.Bool // the last Read ended by its deadline
}

func newConnections(ln net.Listener, cfg Config) *connections {
	return &connections{
		Listener: ln, all: cfg.Connections, each: cfg.ConnectionsPerAddress, proxy: within(cfg.TrustedProxies),
		open: map[*countedConn]bool{}, of: map[string]int{}, leavingOf: map[string]int{},
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
			l.refuse(c, err)
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
	if l.all > 0 && l.of[c.key] >= l.all-len(l.open) {
		if err := l.makeRoom(c); err != nil {
			return err
		}
	}
	l.open[c] = true
	if c.key != "" {
		l.of[c.key]++
	}
	return nil
}

// makeRoom sees to it that no address has more connections at work than are left
// for the others, so that a few addresses cannot have all, and closes an idle one
// when there is no other room. The caller holds l.mu.
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
	if own > 0 && own >= l.all-busy {
		return errs.E(errs.RateLimited, "%d connections from your address are at work, which is its share of the %d of the server (limits.connections; the operator can raise it); close some, or try again when they have ended", own, l.all)
	}
	if len(l.open) < l.all {
		return nil
	}
	victim := l.victim()
	if victim == nil || c.key != "" && l.of[victim.key] <= l.of[c.key] {
		return errs.E(errs.Unavailable, "All %d connections of the server are in use (limits.connections; the operator can raise it); try again in a while", l.all)
	}
	l.remove(victim)
	_ = victim.Conn.Close() // nobody uses it
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

// Read implements net.Conn.
func (c *countedConn) Read(p []byte) (int, error) {
	c.cut.Store(false)
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.cut.Store(true)
	}
	return n, err //nolint:wrapcheck // net/http looks at it
}

// Close implements net.Conn. The connection of a client that may still be sending
// is closed a little later: closed with unread bytes it would be reset, and a
// reset can take the answer with it (RFC 9112, section 9.6). Until then it counts.
func (c *countedConn) Close() error {
	var err error
	c.once.Do(func() {
		if c.cut.Load() && c.CloseWrite() == nil {
			go c.linger()
			return
		}
		err = c.end()
	})
	return err
}

// linger reads until the client ends the connection, or for lingerTime.
func (c *countedConn) linger() {
	_ = c.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, c.Conn)
	_ = c.end()
}

func (c *countedConn) end() error {
	c.from.mu.Lock()
	c.from.remove(c)
	c.from.mu.Unlock()
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
func (l *connections) refuse(c *countedConn, err error) {
	conn := c.Conn
	if !l.leave(c.key, 1) {
		_ = conn.Close() // there is no time to tell
		return
	}
	go func() {
		defer l.leave(c.key, -1)
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(farewellTime))
		if _, err := conn.Write(farewell(err)); err != nil {
			return
		}
		if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			// What has come and was not read would take the answer with it.
			_, _ = io.Copy(io.Discard, io.LimitReader(conn, maxHeaderBytes))
		}
	}()
}

// leave counts those that are being refused; false when there are enough.
func (l *connections) leave(key string, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n > 0 && (l.leaving >= maxFarewells || l.leavingOf[key] >= farewellsEach) {
		return false
	}
	l.leaving += n
	if l.leavingOf[key] += n; l.leavingOf[key] == 0 {
		delete(l.leavingOf, key)
	}
	return true
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
