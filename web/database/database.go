// Package database has the pages of a database: its data, queries, sharing,
// snapshots and settings. Each panel has a file with its handlers and view, its
// template beside it, and its routes in a method that Routes calls.
package database

import (
	"embed"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// Pages are the pages of databases. It is safe for concurrent use.
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
	mux.Get("/{entity}/{database}", p.show)
	p.dataRoutes(mux)
	p.queryRoutes(mux)
	p.sharingRoutes(mux)
	p.snapshotRoutes(mux)
	p.transferRoutes(mux)
	p.settingsRoutes(mux)
}

// shell is what all pages of a database show: the frame, the name, and the tabs that
// the viewer may use. The view of each page embeds it.
type shell struct {
	page.Frame

	// Entity and Database name the database, as the API spells them.
	Entity, Database string
	Details          httpapi.DatabaseDetails
	// Tab is the current tab: data, query, sharing, snapshots, transfer or settings.
	Tab string
}

// Base is the path of the database's pages. The names consist of letters that need
// no escaping.
func (s shell) Base() string { return "/" + s.Entity + "/" + s.Database }

// MayQuery reports whether the viewer may read the data.
func (s shell) MayQuery() bool { return s.Details.QueryPermissionLevel != nil }

// MayWrite reports whether the viewer may change the data.
func (s shell) MayWrite() bool {
	return s.MayQuery() && *s.Details.QueryPermissionLevel == "read-write"
}

// open reads the details of the database in the path. It reports whether the page
// can go on; if not, the answer is written.
func (p *Pages) open(w http.ResponseWriter, r *http.Request, tab string) (shell, bool) {
	describe := p.site.API(r).DatabaseRights
	if tab == "settings" { // the only one that shows origin and forks
		describe = p.site.API(r).DatabaseDetails
	}
	d, err := describe(r.Context(), chi.URLParam(r, "entity"), chi.URLParam(r, "database"))
	if err != nil {
		if page.NeedsLogIn(err) || errs.Is(err, errs.Forbidden) || errs.Is(err, errs.NotFound) {
			err = errs.Wrap(errs.NotFound, err, "Database not found. It does not exist, or it is not shared with you")
		}
		p.site.Error(w, r, "", err)
		return shell{}, false
	}
	s := shell{Frame: page.NewFrame(r, "Explore "+d.EntitySlug+"/"+d.DatabaseSlug), Entity: d.EntitySlug, Database: d.DatabaseSlug, Details: d, Tab: tab}
	s.Scripts = []string{"database.js", "manage.js"}
	return s, true
}

// showView is the data of the database page.
type showView struct {
	shell

	Query queryPanel
	// Browse is the schema and the first rows of the first table; nil for a viewer who
	// may not query, and for a database without tables.
	Browse *dataView
}

// browse reads what is shown beside and below the editor. The page works without it,
// so that an error here is only logged.
func (p *Pages) browse(r *http.Request, s shell) *dataView {
	if !s.MayQuery() {
		return nil
	}
	view := dataView{shell: s}
	if err := p.readTable(r, &view, ""); err != nil {
		p.site.Problem(r, err)
		return nil
	}
	if view.Table.Info.Name == "" {
		return nil
	}
	return &view
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) {
	s, ok := p.open(w, r, "query")
	if !ok {
		return
	}
	p.templates.Render(w, r, http.StatusOK, "database", showView{shell: s, Query: s.QueryPanel(), Browse: p.browse(r, s)})
}
