// Package web shows the pages for people: logging in and out with a mail, and
// the question whether an application may have access to a database. It owns
// the forms, the cookie of a session and the headers that protect pages in a
// browser. It asks small interfaces of its own for everything else: it decides
// no permission, and knows neither the metadata store nor the bus.
package web

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// LogIns logs people in and out. Errors carry codes.
type LogIns interface {
	// LogIn mails a link to whoever owns the account. next is where it leads
	// in the end: a path of this server, or empty.
	LogIn(ctx context.Context, entity, next string) (queued bool, err error)
	// AccountSwitch tells whose session a browser has and whose the token of a mail
	// would give it. Both are empty when that is nobody, the same account, or
	// nothing to ask about because the mail is not good.
	AccountSwitch(ctx context.Context, token, mailed string) (now, then string, err error)
	// Confirm exchanges the token of a mail, once, for a session.
	Confirm(ctx context.Context, mailed string) (httpapi.WebLogin, error)
	// LogOut revokes the token of a session; it is no error if it does not
	// hold any more.
	LogOut(ctx context.Context, token string) error
}

// Applications asks people on behalf of applications. The token is that of the
// session: InvalidToken or Hidden when it does not hold. A request that cannot
// be granted to anybody is Invalid with an OAuth code, whatever the token.
type Applications interface {
	PrepareConsent(ctx context.Context, token string, r httpapi.AuthorizeRequest) (httpapi.Consent, error)
	// Grant and Deny give the address to send the browser to.
	Grant(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket, database string) (location string, err error)
	Deny(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket string) (location string, err error)
	// CreateDatabase gives the path of a new, empty database of the person's
	// own.
	CreateDatabase(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket, name string) (path string, err error)
}

// Config is what the pages can be told.
type Config struct {
	// PublicURL is the address of the server as its users see it.
	PublicURL string
}

// Deps are what the pages work with. All are needed.
type Deps struct {
	LogIns       LogIns
	Applications Applications
	Log          *slog.Logger
}

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/page.css assets/page.js
var assetFiles embed.FS

// Pages is the http.Handler of all pages. Each request has the headers of a
// page when it gets here or not: they are set anew.
type Pages struct {
	deps       Deps
	secure     bool
	templates  *template.Template
	protection *http.CrossOriginProtection
	mux        *chi.Mux
}

// New makes the pages.
func New(cfg Config, deps Deps) (*Pages, error) {
	if deps.LogIns == nil || deps.Applications == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "web: a dependency is missing")
	}
	templates, err := template.ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The pages can't be read")
	}
	public, err := url.Parse(cfg.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errs.Wrap(errs.Invalid, err, "The public URL must look like https://ayb.example.com")
	}
	p := &Pages{
		deps: deps, secure: public.Scheme == "https", templates: templates,
		protection: http.NewCrossOriginProtection(), mux: chi.NewMux(),
	}
	// A proxy in between may ask for another host than the browser did.
	if err := p.protection.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The public URL must look like https://ayb.example.com")
	}
	p.routes()
	return p, nil
}

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

// ServeHTTP answers one request. Nothing that changes anything is taken from a
// page of somebody else (S17).
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setSecurityHeaders(w.Header())
	if err := p.protection.Check(r); err != nil {
		p.renderError(w, r, "", errs.Wrap(errs.Forbidden, err, "This request came from a page of another site and was not carried out"))
		return
	}
	p.mux.ServeHTTP(w, r)
}

// setSecurityHeaders sets the headers of every page.
//
// The referrer policy hides addresses from other sites. The stricter
// no-referrer would also take the Origin from the forms of our own pages,
// which then could not be told from foreign ones over plain HTTP.
func setSecurityHeaders(h http.Header, formTargets ...string) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
		"form-action "+strings.Join(append([]string{"'self'"}, formTargets...), " ")+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// asset serves the style and the script, which are the same for everybody.
func (p *Pages) asset(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "name")
	content, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		p.notFound(w, r)
		return
	}
	kind := "text/css; charset=utf-8"
	if strings.HasSuffix(name, ".js") {
		kind = "text/javascript; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(content) // a browser that has gone is the only reason to fail
}
