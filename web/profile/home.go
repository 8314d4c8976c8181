package profile

import (
	"net/http"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// homeView is the data of the start page. Entity is the viewer's account.
type homeView struct {
	page.Frame

	Entity httpapi.Entity
	// Create reports whether the form for a new database is open, and NewDatabase is
	// what is in it.
	Create      bool
	NewDatabase newDatabaseForm
	// Server is the address of the server.
	Server string
}

// home shows the viewer's databases and those that were shared with the viewer. A
// visitor is told what the server is and how to begin.
func (p *Pages) home(w http.ResponseWriter, r *http.Request) {
	view := homeView{Frame: page.NewFrame(r, "Home"), Server: p.site.API(r).URL(), NewDatabase: newDatabaseForm{Public: "no-access"}}
	if !view.Viewer.SignedIn() {
		p.templates.Render(w, r, http.StatusOK, "welcome", view)
		return
	}
	var err error
	if view.Entity, err = p.site.API(r).Entity(r.Context(), view.Viewer.Entity); err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	view.Create = r.URL.Query().Has("create")
	p.templates.Render(w, r, http.StatusOK, "home", view)
}
