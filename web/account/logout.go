package account

import (
	"net/http"

	"github.com/ayb-go/ayb/web/page"
)

func (p *Pages) showLogOut(w http.ResponseWriter, r *http.Request) {
	if page.CookieToken(r) == "" {
		page.Redirect(w, http.StatusFound, "/log_in")
		return
	}
	p.templates.Render(w, r, http.StatusOK, "log_out", narrow(r, "Log out"))
}

// logOut revokes the token and then deletes the cookie. When the token cannot be
// revoked, the cookie stays, so that the user can try again.
func (p *Pages) logOut(w http.ResponseWriter, r *http.Request) {
	if token := page.CookieToken(r); token != "" {
		if err := p.deps.LogIns.LogOut(r.Context(), token); err != nil {
			p.site.Error(w, r, "", err)
			return
		}
	}
	p.site.SetCookie(w, "")
	page.Redirect(w, http.StatusSeeOther, "/log_in")
}
