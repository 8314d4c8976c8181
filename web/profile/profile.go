// Package profile has the start page and the profiles of accounts: their
// databases, the editing of a profile, and creating a database.
package profile

import (
	"embed"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/web/page"
)

// Pages are the pages of profiles. It is safe for concurrent use.
type Pages struct {
	site      *page.Site
	templates *page.Templates
}

//go:embed *.html
var templateFiles embed.FS

// New makes the pages.
func New(site *page.Site) (*Pages, error) {
	templates, err := site.Templates(templateFiles)
	return &Pages{site, templates}, err
}

// Routes adds the pages to a router.
func (p *Pages) Routes(mux chi.Router) {
	mux.Get("/", p.home)
	mux.Get("/{entity}", p.show)
	mux.With(page.RequireLogIn).Post("/{entity}/update_profile", p.updateProfile)
	mux.With(page.RequireLogIn).Post("/{entity}/create_database", p.createDatabase)
	mux.With(page.RequireLogIn).Post("/{entity}/undelete", p.undelete)
}
