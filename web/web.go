// Package web serves the HTML pages: log-in by mail, its confirmation, log-out,
// the consent to an application (OAuth), and errors.
//
// A page is two files side by side: NAME.go with its handlers and the data it
// shows, and NAME.html with its templates, which handlers render by the name in `define`. A new page adds both files and a line in
// routes. Frame, headers, forms, the cookie and the assets are shared by all
// pages and have a file each.
//
// The package decides no permission. It reaches accounts and applications through
// the interfaces of services.go, and knows neither the metadata store nor the
// bus.
package web

import (
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Config is the configuration of the pages.
type Config struct {
	// PublicURL is the address of the server as its users see it.
	PublicURL string
}

// Deps are the services behind the pages. All are required.
type Deps struct {
	LogIns       LogIns
	Applications Applications
	Log          *slog.Logger
}

// Pages is the http.Handler of all pages. It sets the security headers of each
// answer itself and replaces those that are set already. It may be used
// concurrently.
type Pages struct {
	deps Deps
	// secure is true when the public URL begins with https.
	secure     bool
	templates  *template.Template
	protection *http.CrossOriginProtection
	mux        *chi.Mux
}

//go:embed *.html
var templateFiles embed.FS

// New makes the pages. The error is Invalid for a public URL without a host.
func New(cfg Config, deps Deps) (*Pages, error) {
	if deps.LogIns == nil || deps.Applications == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "web: a dependency is missing")
	}
	templates, err := template.ParseFS(templateFiles, "*.html")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The templates of the pages can't be parsed")
	}
	public, err := url.Parse(cfg.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errs.Wrap(errs.Invalid, err, "The public URL must look like https://ayb.example.com")
	}
	p := &Pages{
		deps: deps, secure: public.Scheme == "https", templates: templates,
		protection: http.NewCrossOriginProtection(), mux: chi.NewMux(),
	}
	// A reverse proxy may send another Host header than the browser did.
	if err := p.protection.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The public URL must look like https://ayb.example.com")
	}
	p.routes()
	return p, nil
}

// routes maps each path to its handler.
func (p *Pages) routes() {
	p.mux.Use(middleware.GetHead)
	p.mux.NotFound(p.notFound)
	p.mux.MethodNotAllowed(p.methodNotAllowed)
	p.mux.Get("/log_in", p.showLogIn)
	p.mux.Post("/log_in", p.logIn)
	p.mux.Get("/confirm/{token}", p.showConfirm)
	p.mux.Post("/confirm/{token}", p.confirm)
	p.mux.Get("/log_out", p.showLogOut)
	p.mux.Post("/log_out", p.logOut)
	p.mux.Get(httpapi.RouteAuthorize, p.showConsent)
	p.mux.Post(httpapi.RouteAuthorize, p.answerConsent)
	p.mux.Get("/assets/{name}", p.asset)
}

// ServeHTTP answers one request. A request that may change something and comes
// from a page of another site is refused.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setSecurityHeaders(w.Header())
	if err := p.protection.Check(r); err != nil {
		p.renderError(w, r, "", errs.Wrap(errs.Forbidden, err, "This request came from a page of another site and was not carried out"))
		return
	}
	p.mux.ServeHTTP(w, r)
}
