// Package web serves the HTML pages and what their scripts need. It adds the security
// headers, refuses requests from pages of other sites, and leads each request to the
// package of its page:
//
//   - account: registering, logging in and out, consent to applications, tokens
//   - profile: the start page and the profiles of accounts
//   - database: the pages of a database
//   - assets: style sheet, icons and scripts
//
// The packages share package page. The pages get their data over the HTTP API, inside
// the process, so package web decides no permission; it knows neither the metadata
// store nor the bus.
package web

import (
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/account"
	"github.com/ayb-go/ayb/web/assets"
	"github.com/ayb-go/ayb/web/database"
	"github.com/ayb-go/ayb/web/page"
	"github.com/ayb-go/ayb/web/profile"
)

// Config is the configuration of the pages.
type Config struct {
	// PublicURL is the address of the server as its users see it.
	PublicURL string
	// MailFile is the file that mails are written to in place of being sent; empty
	// for a server that sends them.
	MailFile string
}

// Deps are the services behind the pages. All are required.
type Deps struct {
	// API is the HTTP API, at the paths that it has on the server.
	API          http.Handler
	Viewers      page.Viewers
	LogIns       account.LogIns
	Applications account.Applications
	Log          *slog.Logger
}

// Pages is the http.Handler of all pages. It sets the security headers of each
// answer itself and replaces those that are set already. It may be used
// concurrently.
type Pages struct {
	site       *page.Site
	api        http.Handler
	protection *http.CrossOriginProtection
	mux        *chi.Mux
}

// New makes the pages. The error is Invalid for a public URL without a host.
func New(cfg Config, deps Deps) (*Pages, error) {
	files, err := assets.New()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The assets can't be read")
	}
	api := detached(deps.API)
	site, err := page.New(page.Config{PublicURL: cfg.PublicURL}, page.Deps{API: api, Viewers: deps.Viewers, Assets: files, Log: deps.Log})
	if err != nil {
		return nil, err
	}
	p := &Pages{site: site, api: api, protection: http.NewCrossOriginProtection(), mux: chi.NewMux()}
	// A reverse proxy may send another Host header than the browser did.
	if err := p.protection.AddTrustedOrigin(site.Origin()); err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The public URL must look like https://ayb.example.com")
	}
	return p, p.routes(files, cfg, deps)
}

// routes maps each path to its handler.
func (p *Pages) routes(files *assets.Assets, cfg Config, deps Deps) error {
	p.mux.Use(middleware.GetHead)
	p.mux.Get(assets.Prefix+"*", func(w http.ResponseWriter, r *http.Request) {
		if !files.Has(r.URL.Path) {
			p.notFound(w, r)
			return
		}
		files.ServeHTTP(w, r)
	})
	p.mux.Handle(sessionPrefix+"/*", http.HandlerFunc(p.sessionAPI))
	accounts, err := account.New(p.site, account.Deps{LogIns: deps.LogIns, Applications: deps.Applications, MailFile: cfg.MailFile})
	if err != nil {
		return err
	}
	profiles, err := profile.New(p.site)
	if err != nil {
		return err
	}
	databases, err := database.New(p.site)
	if err != nil {
		return err
	}
	pages := p.mux.With(p.site.WithViewer)
	accounts.Routes(pages)
	profiles.Routes(pages)
	databases.Routes(pages)
	p.mux.NotFound(p.notFound)
	p.mux.MethodNotAllowed(p.methodNotAllowed)
	return nil
}

// ServeHTTP answers one request. A request that may change something and comes
// from a page of another site is refused.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page.SetSecurityHeaders(w.Header())
	if err := p.protection.Check(r); err != nil {
		p.site.Error(w, r, "", errs.Wrap(errs.Forbidden, err, "This request came from a page of another site and was not carried out"))
		return
	}
	p.mux.ServeHTTP(w, r)
}

func (p *Pages) notFound(w http.ResponseWriter, r *http.Request) {
	p.withViewer(w, r, errs.E(errs.NotFound, "There is no such page."))
}

// methodNotAllowed answers 405. All pages answer GET and HEAD, some POST, and
// a token DELETE.
func (p *Pages) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	allowed := "GET, HEAD"
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		if p.mux.Match(chi.NewRouteContext(), method, r.URL.Path) {
			allowed += ", " + method
		}
	}
	w.Header().Set("Allow", allowed)
	p.withViewer(w, r, httpapi.WithStatus(http.StatusMethodNotAllowed, errs.E(errs.Invalid, "This page does not accept the method %s", r.Method)))
}

// withViewer shows an error in the frame of the viewer.
func (p *Pages) withViewer(w http.ResponseWriter, r *http.Request, err error) {
	p.site.WithViewer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.site.Error(w, r, "", err) })).ServeHTTP(w, r)
}
