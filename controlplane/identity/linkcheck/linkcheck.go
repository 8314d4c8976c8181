// Package linkcheck checks whether the pages that a profile links to link back
// to it. Any user can make the server fetch a page in this way. So pages are
// fetched over https only, from public addresses only, and with limits on time,
// size and redirects.
//
// A verified link is a mark on a profile and gives no right. Pages are fetched in
// the background, never within a request; the queue is bounded. When the process
// ends, the queue is lost: those links stay unverified until the next update of
// the profile.
package linkcheck

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// workers is the number of profiles that are checked at once, and
	// perProfile the number of links of one profile.
	workers    = 4
	perProfile = 4
	// queueSize is the number of profiles that may wait.
	queueSize = 1024
)

// Store is the part of the metadata store that keeps the results.
type Store interface {
	// VerifyLinks stores which links of an entity are verified, if the entity
	// still has the same links. It reports whether it stored them.
	VerifyLinks(ctx context.Context, id meta.EntityID, verified []meta.Link) (stored bool, err error)
}

// Config is the configuration of the checker.
type Config struct {
	// PublicURL is the address of the server as its users see it, without a
	// slash at its end. The profile of alice is PublicURL/alice.
	PublicURL string
}

// Deps are the services that the checker uses. Store and Log are required; the
// others are for tests.
type Deps struct {
	Store Store
	Log   *slog.Logger
	// Resolver looks up names; nil is the resolver of the system.
	Resolver *net.Resolver
	// Allow reports whether a connection to an address is allowed; nil is
	// IsPublic. It is called for each connection, after the look-up of the name
	// and before data is sent.
	Allow func(netip.AddrPort) bool
	// Roots are the trusted certificate authorities; nil is the list of the
	// system.
	Roots *x509.CertPool
}

// Checker checks links in the background. It may be used concurrently.
type Checker struct {
	publicURL string
	store     Store
	log       *slog.Logger
	http      *http.Client

	mu sync.Mutex
	// waiting holds the newest request of each profile that is in the queue.
	waiting map[meta.EntityID]request
	queue   chan meta.EntityID
}

type request struct {
	slug  ayb.EntitySlug
	links []meta.Link
}

// New makes a checker. Run starts the checks.
func New(cfg Config, deps Deps) (*Checker, error) {
	if deps.Store == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "linkcheck: a dependency is missing")
	}
	if deps.Allow == nil {
		deps.Allow = IsPublic
	}
	return &Checker{
		publicURL: strings.TrimRight(cfg.PublicURL, "/"), store: deps.Store, log: deps.Log,
		http:    newClient(deps),
		waiting: map[meta.EntityID]request{}, queue: make(chan meta.EntityID, queueSize),
	}, nil
}

// Submit queues a check of the links that a profile has now. It does not block. A
// profile that is queued already is checked once, with the newest links. When
// the queue is full, the links stay as they are.
func (c *Checker) Submit(id meta.EntityID, slug ayb.EntitySlug, links []meta.Link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(links, func(l meta.Link) bool { return isHTTPS(l.URL) }) {
		delete(c.waiting, id) // the links of an earlier request are gone
		return
	}
	if _, already := c.waiting[id]; !already {
		select {
		case c.queue <- id:
		default:
			c.log.Warn("could not queue a link check: the queue is full", "entity", slug, "limit", queueSize)
			return
		}
	}
	c.waiting[id] = request{slug, slices.Clone(links)}
}

// Run checks the submitted profiles until ctx ends. Then it cancels the running
// checks and waits for them. It returns nil.
func (c *Checker) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for ctx.Err() == nil {
				select {
				case <-ctx.Done():
				case id := <-c.queue:
					c.check(ctx, id)
				}
			}
		})
	}
	running.Wait()
	return nil
}

// check fetches the pages of one profile and stores the results.
func (c *Checker) check(ctx context.Context, id meta.EntityID) {
	c.mu.Lock()
	r, wanted := c.waiting[id]
	delete(c.waiting, id)
	c.mu.Unlock()
	if !wanted {
		return
	}
	now := slices.Clone(r.links)
	var pages errgroup.Group
	pages.SetLimit(perProfile)
	for i := range now {
		pages.Go(func() error {
			now[i].Verified = c.verify(ctx, now[i].URL, r.slug)
			return nil
		})
	}
	_ = pages.Wait() // the functions return no error
	if ctx.Err() != nil || slices.Equal(now, r.links) {
		return
	}
	if _, err := c.store.VerifyLinks(ctx, id, now); err != nil && ctx.Err() == nil {
		c.log.Warn("could not store checked links", "entity", r.slug, "err", err)
	}
}

// verify reports whether a page links back to the profile. A page that cannot be
// fetched does not.
func (c *Checker) verify(ctx context.Context, page string, slug ayb.EntitySlug) bool {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	body, err := c.fetch(ctx, page)
	if err != nil {
		c.log.Debug("could not fetch a linked page", "entity", slug, "err", err)
		return false
	}
	defer func() { _ = body.Close() }() // the rest of the page is not needed
	return hasLinkTo(body, c.publicURL+"/"+string(slug))
}
