// Package linkcheck finds out whether the pages that a profile links to link
// back to it. It owns the fetching of pages that strangers name: over https
// only, from public addresses only, with little time, little data and few
// redirects (S8).
//
// It decides nothing: a verified link is a mark on a profile and gives no
// right. It never fetches on behalf of a request; checks wait in a bounded
// queue. What waits when the process ends is forgotten: those links stay
// unverified until the profile is updated again.
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
	// workers is how many profiles are checked at once, and perProfile how
	// many links of one.
	workers    = 4
	perProfile = 4
	// queueSize is how many profiles may wait.
	queueSize = 1024
)

// Store is where results go.
type Store interface {
	// VerifyLinks stores which links of an entity are verified if it still has
	// the same links, and tells whether it did.
	VerifyLinks(ctx context.Context, id meta.EntityID, verified []meta.Link) (stored bool, err error)
}

// Config is what the checker can be told.
type Config struct {
	// PublicURL is the address of the server as its users see it, without a
	// slash at its end. The profile of alice is PublicURL/alice.
	PublicURL string
}

// Deps are what the checker works with. Store and Log are needed; the others
// are for tests.
type Deps struct {
	Store Store
	Log   *slog.Logger
	// Resolver finds addresses; nil is the system's.
	Resolver *net.Resolver
	// Allow tells whether an address may be talked to; nil is IsPublic. It is
	// asked about the address of each connection, after its name was looked
	// up and before anything is sent.
	Allow func(netip.AddrPort) bool
	// Roots are who is trusted about certificates; nil is the system's list.
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

// New makes a checker. It checks nothing until Run.
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

// Submit asks for a check of the links of a profile as they are stored now.
// It never waits: a profile that is queued already is checked once, with the
// newest links, and when the queue is full the links stay as they are.
func (c *Checker) Submit(id meta.EntityID, slug ayb.EntitySlug, links []meta.Link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(links, func(l meta.Link) bool { return isHTTPS(l.URL) }) {
		delete(c.waiting, id) // what was asked for before is out of date
		return
	}
	if _, already := c.waiting[id]; !already {
		select {
		case c.queue <- id:
		default:
			c.log.Warn("too many profiles wait for their links to be checked", "entity", slug)
			return
		}
	}
	c.waiting[id] = request{slug, slices.Clone(links)}
}

// Run checks what is submitted until ctx ends; checks under way are given up
// then, and Run waits for them. It returns nil.
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

// check fetches the pages of one profile and stores what they show.
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
	_ = pages.Wait() // none returns an error
	if ctx.Err() != nil || slices.Equal(now, r.links) {
		return
	}
	if _, err := c.store.VerifyLinks(ctx, id, now); err != nil && ctx.Err() == nil {
		c.log.Warn("checked links could not be stored", "entity", r.slug, "err", err)
	}
}

// verify tells whether a page links back to the profile. Whatever goes wrong
// on the way, it does not.
func (c *Checker) verify(ctx context.Context, page string, slug ayb.EntitySlug) bool {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	body, err := c.fetch(ctx, page)
	if err != nil {
		c.log.Debug("a linked page could not be fetched", "entity", slug, "err", err)
		return false
	}
	defer func() { _ = body.Close() }() // it has been read as far as it is wanted
	return hasLinkTo(body, c.publicURL+"/"+string(slug))
}
