package profile

import (
	"net/http"

	"github.com/ayb-go/ayb/web/page"
)

// homeView is the data of the start page.
type homeView struct{ page.Frame }

func (p *Pages) home(w http.ResponseWriter, r *http.Request) {
	p.templates.Render(w, r, http.StatusOK, "home", homeView{page.NewFrame(r, "Home")})
}
