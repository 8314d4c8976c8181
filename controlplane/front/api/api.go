// Package api is the HTTP API: a handler reads a request, calls one service, and
// writes the answer. It decides nothing about accounts or databases, and it never
// uses the metadata store or the bus. The wire format is in shared/httpapi,
// request bodies are read by front/body, and streamed answers are written by
// front/stream.
//
// Where to find what: routes.go lists all routes with their authentication mode
// and permission; the handlers of a noun are in the file of its name.
package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/controlplane/front/body"
	"github.com/ayb-go/ayb/controlplane/front/stream"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Config holds the settings of the HTTP API.
type Config struct {
	// PublicURL is the address of the server as its users see it, without a
	// slash at its end.
	PublicURL string
}

// Deps are the parts that the HTTP API works with: one service for each noun, so
// that a handler depends on few methods. One object may implement several. All but
// DiskFull are required.
type Deps struct {
	Accounts      Accounts
	Authenticator Authenticator
	Databases     Databases
	OAuth         OAuth
	Permissions   Permissions
	Profiles      Profiles
	Queries       Queries
	Snapshots     Snapshots
	Tokens        Tokens
	Transfers     Transfers
	// Bodies reads request bodies within the budget that all fronts share.
	Bodies *body.Bodies
	// Health returns nil when the server can work. GET /health shows the message
	// of its error.
	Health func(ctx context.Context) error
	// DiskFull reports whether a disk of the server is full; nil means never.
	DiskFull func() bool
	Log      *slog.Logger
}

// complete reports whether all required parts are there.
func (d Deps) complete() bool {
	return d.Accounts != nil && d.Authenticator != nil && d.Databases != nil && d.OAuth != nil && d.Permissions != nil && d.Profiles != nil &&
		d.Queries != nil && d.Snapshots != nil && d.Tokens != nil && d.Transfers != nil && d.Bodies != nil && d.Health != nil && d.Log != nil
}

// API is the HTTP API. It is an http.Handler, and safe for concurrent use.
type API struct {
	cfg         Config
	deps        Deps
	mux         *chi.Mux
	compressors stream.Compressors
}

// New registers the routes. The error is Internal when a dependency is missing.
func New(cfg Config, deps Deps) (*API, error) {
	if !deps.complete() {
		return nil, errs.E(errs.Internal, "api: a dependency is missing")
	}
	a := &API{cfg: cfg, deps: deps, mux: chi.NewMux()}
	a.mux.NotFound(a.notFound)
	a.mux.MethodNotAllowed(a.methodNotAllowed)
	for _, r := range routes() {
		h := a.handler(r)
		a.mux.Method(r.method, r.pattern, h)
		if r.method == http.MethodGet {
			a.mux.Method(http.MethodHead, r.pattern, h)
		}
	}
	return a, nil
}

// Paths returns the paths of the API for its mount: each one that ends with /
// includes all paths below it.
func Paths() []string {
	return []string{"/v1", "/v1/", httpapi.RouteHealth, httpapi.RouteOAuthMetadata}
}

// ServeHTTP answers one request of the API.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }
