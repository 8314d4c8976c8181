// Package front is the HTTP listener of the control plane: it bounds
// connections, logs access, answers CORS preflights, limits request rates, and
// passes each request to the handler that is mounted at its path. It knows no
// account and no database.
//
// The handlers are separate packages: the HTTP API in api, and the pages in web.
// Another protocol over HTTP gets a package beside api. It reads request bodies
// with body, may send answers with stream, and never imports another handler.
package front

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"github.com/go-chi/httprate"

	"github.com/ayb-go/ayb/controlplane/front/body"
	"github.com/ayb-go/ayb/shared/errs"
)

// Config holds the settings of the listener.
type Config struct {
	// CORSOrigin is "*" or the one origin whose pages may read answers.
	// Empty means none.
	CORSOrigin string
	// Connections limits the connections at a time. Zero is no limit.
	Connections int
	// ConnectionsPerAddress limits the connections of one address at a time.
	// For clients behind a trusted proxy it limits their requests at a time.
	// Zero is no limit.
	ConnectionsPerAddress int
	// TrustedProxies are the networks of the reverse proxies whose
	// X-Forwarded-For is trusted; empty by default.
	TrustedProxies []netip.Prefix
}

// Mount is a handler with its paths. A path that ends with / includes all paths
// below it.
type Mount struct {
	Paths   []string
	Handler http.Handler
}

// Deps are the parts that a Front works with. All but Limits are required.
type Deps struct {
	// Mounts are the handlers. For each request the longest matching path wins.
	Mounts []Mount
	// Limits counts requests by address; nil is no limit.
	Limits Limiter
	Log    *slog.Logger
}

// Front passes requests to the mounted handlers. It is an http.Handler, and safe
// for concurrent use.
type Front struct {
	cfg     Config
	deps    Deps
	cors    cors
	address func(*http.Request) string // of the client
	clients *clients                   // nil without trusted proxies
}

// New checks the configuration. The error is Invalid for a negative limit.
func New(cfg Config, deps Deps) (*Front, error) {
	if len(deps.Mounts) == 0 || deps.Log == nil {
		return nil, errs.E(errs.Internal, "front: a dependency is missing")
	}
	if cfg.Connections < 0 || cfg.ConnectionsPerAddress < 0 {
		return nil, errs.E(errs.Invalid, "The limits of connections can't be negative")
	}
	return &Front{
		cfg: cfg, deps: deps, cors: newCORS(cfg.CORSOrigin), address: addressReader(cfg.TrustedProxies), clients: newClients(cfg),
	}, nil
}

// ServeHTTP answers one request. CORS comes before everything that can fail, so
// that pages of other origins can read errors too.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.deps.Log.Enabled(r.Context(), slog.LevelDebug) {
		logged := &statusWriter{ResponseWriter: w}
		defer f.logAccess(logged, r)()
		w = logged
	}
	defer f.recovered(w)
	body.SetDeadline(w, r)
	h := w.Header()
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	if f.cors.handle(h, w, r) {
		return
	}
	if err := f.limit(r); err != nil {
		writeError(w, err)
		return
	}
	if f.clients != nil {
		leave, err := f.clients.enter(r, f.clientAddress(r))
		if err != nil {
			writeError(w, err)
			return
		}
		defer leave()
	}
	if mounted := f.find(r.URL.Path); mounted != nil {
		mounted.ServeHTTP(w, r)
		return
	}
	writeError(w, errs.E(errs.NotFound, "There is nothing at this path"))
}

// find returns the handler at a path, or nil.
func (f *Front) find(path string) http.Handler {
	var found http.Handler
	longest := -1
	for _, m := range f.deps.Mounts {
		for _, p := range m.Paths {
			if len(p) > longest && (path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p)) {
				found, longest = m.Handler, len(p)
			}
		}
	}
	return found
}

// clientAddress returns the key that a client is counted by: an IPv4 address, or
// the /64 network of an IPv6 address.
func (f *Front) clientAddress(r *http.Request) string {
	return httprate.CanonicalizeIP(f.address(r))
}
