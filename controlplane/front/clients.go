package front

import (
	"net/http"
	"sync"

	"github.com/ayb-go/ayb/shared/errs"
)

// clients limits the concurrent requests of each client behind a trusted proxy:
// connections of the proxy belong to many clients. It is safe for concurrent use.
type clients struct {
	limit int
	proxy func(address string) bool

	mu sync.Mutex
	n  map[string]int
}

// newClients returns nil without a trusted proxy or without a limit.
func newClients(cfg Config) *clients {
	if len(cfg.TrustedProxies) == 0 || cfg.ConnectionsPerAddress == 0 {
		return nil
	}
	return &clients{limit: cfg.ConnectionsPerAddress, proxy: within(cfg.TrustedProxies), n: map[string]int{}}
}

// enter counts a request of the client with this address until leave is called.
// The error is RateLimited. Requests without a proxy are not counted here: their
// connections are.
func (c *clients) enter(r *http.Request, client string) (leave func(), err error) {
	if !c.proxy(hostOf(r.RemoteAddr)) {
		return func() {}, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n[client] >= c.limit {
		return nil, errTooManyConnections(c.limit)
	}
	c.n[client]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.n[client]--; c.n[client] == 0 {
			delete(c.n, client)
		}
	}, nil
}

func errTooManyConnections(limit int) *errs.Error {
	return errs.E(errs.RateLimited, "Your address has reached its limit of %d connections (limits.connections_per_address; the operator can raise it); close some, or try again when they have ended", limit)
}
