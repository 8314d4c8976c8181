package profile

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// newDatabaseForm is what is in the form for a new database.
type newDatabaseForm struct {
	Name, Type, Public string
	// Problem is why the last attempt failed, or nil.
	Problem *page.Problem
}

// createDatabase creates a database and leads to its page. A failure shows the form
// again.
func (p *Pages) createDatabase(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	view, ok := p.open(w, r)
	if !ok {
		return
	}
	if !view.Own {
		p.site.Error(w, r, "", errs.E(errs.Forbidden, "You can only create databases of your own account"))
		return
	}
	form := newDatabaseForm{Name: strings.TrimSpace(fields["database_slug"]), Type: fields["db_type"], Public: fields["public_sharing_level"]}
	if form.Name == "" {
		err = errs.E(errs.Invalid, "Enter a name for the database, such as example.sqlite")
	} else {
		_, err = p.site.API(r).CreateDatabase(r.Context(), view.Entity.Slug, form.Name, httpapi.CreateDatabaseRequest{DBType: form.Type, PublicSharingLevel: form.Public})
	}
	if err != nil {
		problem := p.site.Problem(r, err)
		form.Problem = &problem
		view.NewDatabase, view.Create = form, true
		p.templates.Render(w, r, problem.Status, "profile", view)
		return
	}
	page.Redirect(w, http.StatusSeeOther, "/"+view.Entity.Slug+"/"+form.Name)
}

// undelete brings a deleted database of the viewer back.
func (p *Pages) undelete(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	view, ok := p.open(w, r)
	if !ok {
		return
	}
	if err := p.site.API(r).UndeleteDatabase(r.Context(), view.Entity.Slug, fields["database"]); err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	p.site.Notify(w, fields["database"]+" is back.")
	page.Redirect(w, http.StatusSeeOther, "/"+view.Entity.Slug)
}
