package profile

import (
	"cmp"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// profileView is the data of a profile.
type profileView struct {
	page.Frame

	Entity httpapi.Entity
}

// show shows an account and the databases that the viewer may discover.
func (p *Pages) show(w http.ResponseWriter, r *http.Request) {
	entity, err := p.site.API(r).Entity(r.Context(), chi.URLParam(r, "entity"))
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	title := entity.Slug
	if name := entity.Profile.DisplayName; name != nil {
		title = cmp.Or(*name, title)
	}
	p.templates.Render(w, r, http.StatusOK, "profile", profileView{page.NewFrame(r, title), entity})
}
