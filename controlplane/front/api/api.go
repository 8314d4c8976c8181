// Package api is the HTTP API of the control plane: it reads requests, makes
// one call to a service, and writes the answer. It is the only writer of API
// statuses, through writeError. It holds no rule about accounts or databases
// and never touches the metadata store or the bus.
package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Accounts is the service behind registration, log-in and tokens. Its errors
// carry codes.
type Accounts interface {
	Register(ctx context.Context, entity, address, entityType string) (mailapi.Delivery, error)
	LogIn(ctx context.Context, entity string) (mailapi.Delivery, error)
	Confirm(ctx context.Context, loginToken string) (slug ayb.EntitySlug, apiToken string, err error)
	ListTokens(ctx context.Context, actor authz.Actor) ([]meta.APIToken, error)
	ListTokensPage(ctx context.Context, actor authz.Actor, after string, n int) (page []meta.APIToken, more bool, err error)
	CreateToken(ctx context.Context, actor authz.Actor, req accounts.NewToken) (meta.APIToken, string, error)
	RevokePresented(ctx context.Context, text string) error
	RevokeToken(ctx context.Context, actor authz.Actor, short string) error
}

// Authenticator recognises the owner of an API token. InvalidToken for every
// token that does not hold.
type Authenticator interface {
	Authenticate(ctx context.Context, text string) (authz.Actor, error)
}

// Databases is the service behind what databases there are. It checks rights
// and its errors carry codes.
type Databases interface {
	Create(ctx context.Context, actor authz.Actor, req databases.NewDatabase) (meta.Database, error)
	Details(ctx context.Context, actor authz.Actor, entity, database string) (databases.Details, error)
	Entity(ctx context.Context, actor authz.Actor, slug string) (databases.EntityDetails, error)
}

// DefaultRequestBytes is the limit of a request body when none is configured.
const DefaultRequestBytes = 16 << 20

// leastBodies is the least BodyBytes that is taken for zero.
const leastBodies = 128 << 20

// Config is what the HTTP API can be told.
type Config struct {
	// PublicURL is the address of the server as its users see it, without a
	// slash at its end.
	PublicURL string
	// CORSOrigin is "*" or the one origin whose pages may read answers.
	// Empty means none.
	CORSOrigin string
	// RequestBytes limits a request body, after decompression. Zero means
	// DefaultRequestBytes.
	RequestBytes int64
	// BodyBytes limits the memory that the bodies of all requests take at once,
	// BodyBytesPerAccount that of one account's. Zero means
	// 128 MiB, or eight times RequestBytes if that is more, and half of
	// BodyBytes.
	BodyBytes, BodyBytesPerAccount int64
	// UploadRate is how many bytes a second a body comes at, at least. Zero is
	// no limit but that it goes on.
	UploadRate int64
	// ImportTimeout is how long the data of an import may take to come. Zero is
	// no limit.
	ImportTimeout time.Duration
	// Connections limits the connections at once, and ConnectionsPerAddress
	// those from one address that is no trusted proxy; there it limits the
	// requests at once of each client. Zero is no limit.
	Connections, ConnectionsPerAddress int
	// TrustedProxies are the networks of the reverse proxies whose word about
	// the address of a client counts. Empty means that none is there.
	TrustedProxies []netip.Prefix
}

// Deps are what the HTTP API works with. All but Limits are needed.
type Deps struct {
	Accounts      Accounts
	Authenticator Authenticator
	Databases     Databases
	Queries       Queries
	Transfers     Transfers
	Snapshots     Snapshots
	Lifecycle     Lifecycle
	Usage         Usage
	Sharing       Sharing
	OAuth         OAuth
	// Pages answers what is not the API; nil for an API without pages.
	Pages    http.Handler
	Profiles Profiles
	// Limits counts what one address asks for; nil takes everything.
	Limits Limiter
	// Health tells whether the server can do its work. The text of its error
	// is for the caller of /health.
	Health func(ctx context.Context) error
	// DiskFull tells whether a disk of the server is full; nil is never.
	DiskFull func() bool
	Log      *slog.Logger
}

// Server is the HTTP API. It is an http.Handler.
type Server struct {
	cfg  Config
	deps Deps
	cors cors
	mux  *chi.Mux
	// address finds where a request comes from.
	address     func(*http.Request) string
	compressors compressors
	bodies      *budget
	clients     *clients // nil where no proxy is trusted
}

// New makes the API and its routes.
func New(cfg Config, deps Deps) (*Server, error) {
	if deps.Accounts == nil || deps.Authenticator == nil || deps.Databases == nil || deps.Queries == nil || deps.Transfers == nil || deps.Snapshots == nil || deps.Lifecycle == nil || deps.Usage == nil || deps.Sharing == nil || deps.OAuth == nil || deps.Profiles == nil || deps.Health == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "httpd: a dependency is missing")
	}
	if cfg.RequestBytes < 0 || cfg.BodyBytes < 0 || cfg.BodyBytesPerAccount < 0 || cfg.UploadRate < 0 || cfg.ImportTimeout < 0 || cfg.Connections < 0 || cfg.ConnectionsPerAddress < 0 {
		return nil, errs.E(errs.Invalid, "The limits of requests and connections can't be negative")
	}
	if cfg.RequestBytes == 0 {
		cfg.RequestBytes = DefaultRequestBytes
	}
	cfg.BodyBytes = cmp.Or(cfg.BodyBytes, max(leastBodies, 8*cfg.RequestBytes))
	cfg.BodyBytesPerAccount = cmp.Or(cfg.BodyBytesPerAccount, cfg.BodyBytes/2)
	s := &Server{
		cfg: cfg, deps: deps, cors: newCORS(cfg.CORSOrigin), mux: chi.NewMux(), address: addressReader(cfg.TrustedProxies),
		bodies: newBudget(cfg.BodyBytes, cfg.BodyBytesPerAccount), clients: newClients(cfg),
	}
	s.mux.NotFound(s.notFound)
	s.mux.MethodNotAllowed(s.methodNotAllowed)
	for _, r := range routes() {
		h := s.handler(r)
		s.mux.Method(r.method, r.pattern, h)
		if r.method == http.MethodGet {
			s.mux.Method(http.MethodHead, r.pattern, h)
		}
	}
	return s, nil
}

// ServeHTTP answers one request. CORS comes first, so that errors carry its
// headers too (A2).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.deps.Log.Enabled(r.Context(), slog.LevelDebug) {
		logged := &statusWriter{ResponseWriter: w}
		defer s.logAccess(logged, r)()
		w = logged
	}
	defer s.recovered(w)
	limitBody(w, r)
	h := w.Header()
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	if s.cors.handle(h, w, r) {
		return
	}
	if err := s.limit(r); err != nil {
		s.writeError(w, r, err)
		return
	}
	if s.clients != nil {
		leave, err := s.clients.enter(r, s)
		if err != nil {
			s.writeError(w, r, err)
			return
		}
		defer leave()
	}
	if s.deps.Pages != nil && isPage(r.URL.Path) {
		s.deps.Pages.ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}
