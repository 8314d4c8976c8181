package database

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

func (p *Pages) sharingRoutes(mux chi.Router) {
	mux.Get("/{entity}/{database}/permissions", p.showSharing)
	mux.Post("/{entity}/{database}/update_public_sharing", p.updatePublicSharing)
	mux.Post("/{entity}/{database}/share", p.share)
	mux.Get("/{entity}/{database}/remove_access", p.askToRemoveAccess)
}

// sharingPanel is the data of the sharing panel.
type sharingPanel struct {
	shell

	// Listed reports whether Permissions were read. In the page with all panels a
	// script reads them when the panel is opened.
	Listed      bool
	Permissions []httpapi.Permission
	// Public, Name and Level are what the forms contain.
	Public, Name, Level string
	// PublicProblem and ShareProblem are the failures of the two forms.
	PublicProblem, ShareProblem *page.Problem
}

// SharingPanel returns the panel without its list.
func (s shell) SharingPanel() sharingPanel {
	return sharingPanel{shell: s, Public: s.Details.PublicSharingLevel}
}

// level is a choice of a form.
type level struct{ Value, Name, Means string }

// PublicLevels are the levels for accounts without a grant.
func (sharingPanel) PublicLevels() []level {
	return []level{
		{string(ayb.PublicNone), "Private", "Only you and the people below can see that it exists."},
		{string(ayb.PublicFork), "Forkable", "Every visitor can see it, and every account can make a copy of its own. Queries need the copy."},
		{string(ayb.PublicReadOnly), "Read-only", "Every visitor can see it, and every account can query, export and copy it."},
	}
}

// Levels are the levels for one account.
func (sharingPanel) Levels() []level {
	return []level{
		{string(ayb.ShareReadOnly), "Read-only", "May query, export and copy the database."},
		{string(ayb.ShareReadWrite), "Read-write", "May also change its data and its tables, and import."},
		{string(ayb.ShareManager), "Manager", "May also share it, take and restore snapshots, and cancel queries. Only the owner can rename or delete it."},
	}
}

// grantRow is one row of the list of permissions. The names are empty in the row
// that the script copies.
type grantRow struct{ Base, Name, Level string }

// Rows are the rows of the list.
func (s sharingPanel) Rows() []grantRow {
	rows := make([]grantRow, 0, len(s.Permissions))
	for _, p := range s.Permissions {
		rows = append(rows, grantRow{s.Base(), p.EntitySlug, p.SharingLevel})
	}
	return rows
}

// Blank is the row that the script copies.
func (s sharingPanel) Blank() grantRow { return grantRow{Base: s.Base()} }

// showSharing shows the panel as a page. The parameters entity and level are
// entered into the form.
func (p *Pages) showSharing(w http.ResponseWriter, r *http.Request) {
	s, ok := p.open(w, r, "sharing")
	if !ok {
		return
	}
	panel := s.SharingPanel()
	panel.Name, panel.Level = r.URL.Query().Get("entity"), r.URL.Query().Get("level")
	p.renderSharing(w, r, panel, nil)
}

// renderSharing reads the list and shows the panel as a page. failure is the error of
// a form, or nil. A viewer who may not see the list gets an error page, with the
// failure if there is one.
func (p *Pages) renderSharing(w http.ResponseWriter, r *http.Request, panel sharingPanel, failure error) {
	permissions, err := p.site.API(r).Permissions(r.Context(), panel.Entity, panel.Database)
	if err != nil {
		if failure != nil {
			err = failure
		}
		p.site.Error(w, r, "", err)
		return
	}
	panel.Listed, panel.Permissions = true, permissions
	p.templates.Render(w, r, status(panel.PublicProblem, panel.ShareProblem), "sharing", panel)
}

func (p *Pages) updatePublicSharing(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "sharing")
	if !ok {
		return
	}
	chosen := form["public_sharing_level"]
	err := p.site.API(r).UpdateDatabase(r.Context(), s.Entity, s.Database, httpapi.UpdateDatabaseRequest{PublicSharingLevel: chosen})
	if err != nil {
		panel := s.SharingPanel()
		panel.Public, panel.PublicProblem = chosen, p.problem(w, r, err)
		p.renderSharing(w, r, panel, err)
		return
	}
	p.finish(w, s.Base()+"/permissions", "Public sharing level updated successfully.")
}

// share sets, changes or removes the access of one account.
func (p *Pages) share(w http.ResponseWriter, r *http.Request) {
	s, form, ok := p.openForm(w, r, "sharing")
	if !ok {
		return
	}
	name, chosen := strings.ToLower(strings.TrimSpace(form["entity"])), form["sharing_level"]
	err := p.site.API(r).Share(r.Context(), s.Entity, s.Database, httpapi.ShareRequest{EntityForPermission: name, SharingLevel: chosen})
	if err != nil {
		panel := s.SharingPanel()
		panel.Name, panel.Level, panel.ShareProblem = form["entity"], chosen, p.problem(w, r, err)
		p.renderSharing(w, r, panel, err)
		return
	}
	sentence, next := fmt.Sprintf("Database access updated for user '%s'.", name), s.Base()+"/permissions"
	if s.Viewer.Entity == name { // a manager who may now have less access
		if d, err := p.site.API(r).DatabaseDetails(r.Context(), s.Entity, s.Database); err != nil || !d.CanManageDatabase {
			next = "/" + url.PathEscape(name)
		}
	}
	p.finish(w, next, sentence)
}

// removeAccessView is the data of the page that asks before access is removed.
type removeAccessView struct {
	shell

	Name string
}

func (p *Pages) askToRemoveAccess(w http.ResponseWriter, r *http.Request) {
	s, ok := p.openManaged(w, r, "sharing")
	if !ok {
		return
	}
	name := r.URL.Query().Get("entity")
	if name == "" {
		page.Redirect(w, http.StatusSeeOther, s.Base()+"/permissions")
		return
	}
	p.templates.Render(w, r, http.StatusOK, "remove-access", removeAccessView{s, name})
}
