// Package account has the pages of accounts: registering, logging in by mail, its
// confirmation, logging out, the consent to an application (OAuth), API tokens, and
// the settings of an account.
package account

import (
	"embed"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// Deps are the services behind the pages, besides the HTTP API. Both are required.
type Deps struct {
	LogIns       LogIns
	Applications Applications
	// MailFile is the file that mails are written to in place of being sent; empty
	// for a server that sends them.
	MailFile string
}

// Pages are the pages of accounts. It is safe for concurrent use.
type Pages struct {
	site      *page.Site
	deps      Deps
	templates *page.Templates
}

//go:embed *.html
var templateFiles embed.FS

// New makes the pages.
func New(site *page.Site, deps Deps) (*Pages, error) {
	if deps.LogIns == nil || deps.Applications == nil {
		return nil, errs.E(errs.Internal, "account: a dependency is missing")
	}
	templates, err := site.Templates(templateFiles)
	return &Pages{site, deps, templates}, err
}

// narrow returns the frame of a page without the menu.
func narrow(r *http.Request, title string) page.Frame {
	f := page.NewFrame(r, title)
	f.Narrow = true
	return f
}

// Routes adds the pages to a router.
func (p *Pages) Routes(mux chi.Router) {
	mux.Get("/register", p.showRegister)
	mux.Post("/register", p.register)
	mux.Get("/log_in", p.showLogIn)
	mux.Post("/log_in", p.logIn)
	mux.Get("/confirm/{token}", p.showConfirm)
	mux.Post("/confirm/{token}", p.confirm)
	mux.Get("/log_out", p.showLogOut)
	mux.Post("/log_out", p.logOut)
	own := mux.With(page.RequireLogIn)
	own.Get(tokensPath, p.showTokens)
	own.Post(tokensPath, p.createToken)
	own.Get(tokensPath+"/{short}", p.toTokens)
	own.Post(tokensPath+"/{short}", p.revokeToken)
	own.Delete(tokensPath+"/{short}", p.revokeToken)
	own.Get(settingsPath, p.showSettings)
	own.Post(settingsPath+"/theme", p.setTheme)
	own.Post(settingsPath+"/delete", p.deleteAccount)
	mux.Get(httpapi.RouteAuthorize, p.showConsent)
	mux.Post(httpapi.RouteAuthorize, p.answerConsent)
}
