package profile

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// profileView is the data of a profile.
type profileView struct {
	page.Frame

	Entity httpapi.Entity
	// Own is true for the viewer's own profile.
	Own bool
	// Edit and Create report whether the form for the profile and the one for a new
	// database are open.
	Edit, Create bool
	// Form is what is in the form for the profile.
	Form profileForm
	// NewDatabase is what is in the form for a new database.
	NewDatabase newDatabaseForm
}

// Links are the links that may be shown. Links of other schemes, which could run
// scripts, are left out.
func (v profileView) Links() []httpapi.Link {
	var out []httpapi.Link
	for _, l := range v.Entity.Profile.Links {
		if u, err := url.Parse(l.URL); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
			out = append(out, l)
		}
	}
	return out
}

// ShortLink is a link without its scheme.
func (v profileView) ShortLink(l httpapi.Link) string {
	_, short, _ := strings.Cut(l.URL, "://")
	return strings.TrimSuffix(short, "/")
}

// Day is the day of a time, which the API writes as RFC 3339 in UTC.
func (v profileView) Day(at string) string {
	day, _, _ := strings.Cut(at, "T")
	return day
}

// show shows an account and the databases that the viewer may discover.
func (p *Pages) show(w http.ResponseWriter, r *http.Request) {
	view, ok := p.open(w, r)
	if !ok {
		return
	}
	query := r.URL.Query()
	view.Edit, view.Create = view.Own && query.Has("edit"), view.Own && query.Has("create")
	p.templates.Render(w, r, http.StatusOK, "profile", view)
}

// open reads the account in the path. It reports whether the page can go on; if not,
// the answer is written.
func (p *Pages) open(w http.ResponseWriter, r *http.Request) (profileView, bool) {
	entity, err := p.site.API(r).Entity(r.Context(), chi.URLParam(r, "entity"))
	if err != nil {
		if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) || errs.Is(err, errs.InvalidSlug) {
			err = errs.Wrap(errs.NotFound, err, "Entity not found. Check the spelling of the name")
		}
		p.site.Error(w, r, "", err)
		return profileView{}, false
	}
	view := profileView{
		Frame: page.NewFrame(r, ""), Entity: entity, Form: formOf(entity.Profile), NewDatabase: newDatabaseForm{Public: "no-access"},
		Own: entity.Slug == page.ViewerOf(r).Entity,
	}
	view.Title = nameOf(entity)
	return view, true
}

// nameOf returns the display name of an account, else its name.
func nameOf(e httpapi.Entity) string {
	if name := e.Profile.DisplayName; name != nil {
		return cmp.Or(*name, e.Slug)
	}
	return e.Slug
}
