// Package page is what all pages share: rendering inside the frame, errors, forms,
// the cookie of the log-in, and the HTTP API for the viewer of a page.
//
// Pages get all data through Site.API: an httpapi.Client with the token of the
// browser, which calls the HTTP API inside this process. So permissions, limits and
// errors are those of the API, and no page decides a permission.
package page

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/assets"
)

// Config is the configuration of the pages.
type Config struct {
	// PublicURL is the address of the server as its users see it.
	PublicURL string
}

// Viewers identifies browsers. It is safe for concurrent use.
type Viewers interface {
	// Account returns the name of the account that a token logs in. The error is
	// InvalidToken or Hidden for a token that is not a valid log-in.
	Account(ctx context.Context, token string) (entity string, err error)
}

// Deps are the parts that a Site works with. All are required.
type Deps struct {
	// API is the HTTP API, at the paths that it has on the server.
	API     http.Handler
	Viewers Viewers
	Assets  *assets.Assets
	Log     *slog.Logger
}

// Site is shared by all pages. It is safe for concurrent use.
type Site struct {
	deps   Deps
	api    *httpapi.Client
	public *url.URL
	frame  *Templates
}

// answerBytes limits what a page holds of an answer of the API at a time. A tenant may
// store anything, and pages are made in the memory of the server.
const answerBytes = 4 << 20

// New makes the site. The error is Invalid for a public URL without a host.
func New(cfg Config, deps Deps) (*Site, error) {
	if deps.API == nil || deps.Viewers == nil || deps.Assets == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "page: a dependency is missing")
	}
	public, err := url.Parse(cfg.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errs.Wrap(errs.Invalid, err, "The public URL must look like https://ayb.example.com")
	}
	api, err := httpapi.NewClient(httpapi.ClientConfig{URL: cfg.PublicURL, MemoryBytes: answerBytes}, httpapi.ClientDeps{Transport: httpapi.InProcess(deps.API)})
	if err != nil {
		return nil, err
	}
	s := &Site{deps: deps, api: api, public: public}
	s.frame, err = s.Templates(nil)
	return s, err
}

// Origin is the scheme, host and port of the public URL.
func (s *Site) Origin() string { return s.public.Scheme + "://" + s.public.Host }

// Log is the logger of the pages.
func (s *Site) Log() *slog.Logger { return s.deps.Log }

// API returns a client of the HTTP API that acts as the viewer of the page.
func (s *Site) API(r *http.Request) *httpapi.Client { return s.api.WithToken(ViewerOf(r).Token) }
