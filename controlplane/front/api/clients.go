package api

import (
	"net/http"
	"sync"

	"github.com/ayb-go/ayb/shared/errs"
)

// clients counts the requests at once of each client behind a trusted proxy,
// whose connections say nothing about that. It may be used concurrently.
type clients struct {
	most  int
	proxy func(address string) bool

	mu sync.Mutex
	n  map[string]int
}

// newClients gives nil where there is nothing to count.
func newClients(cfg Config) *clients {
	if len(cfg.TrustedProxies) == 0 || cfg.ConnectionsPerAddress == 0 {
		return nil
	}
	return &clients{most: cfg.ConnectionsPerAddress, proxy: within(cfg.TrustedProxies), n: map[string]int{}}
}

// enter counts a request; leave ends it. The error is RateLimited.
func (c *clients) enter(r *http.Request, s *Server) (leave func(), err error) {
	if !c.proxy(hostOf(r.RemoteAddr)) {
		return func() {}, nil // its connections are counted
	}
	key := s.clientAddress(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n[key] >= c.most {
		return nil, errTooManyConnections(c.most)
	}
	c.n[key]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.n[key]--; c.n[key] == 0 {
			delete(c.n, key)
		}
	}, nil
}

func errTooManyConnections(most int) *errs.Error {
	return errs.E(errs.RateLimited, "There are %d connections from your address, which is as many as may be (limits.connections_per_address; the operator can raise it); close some, or try again when they have ended", most)
}
