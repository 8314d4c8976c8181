package web

import "net/http"

func (p *Pages) showLogOut(w http.ResponseWriter, r *http.Request) {
	if cookieToken(r) == "" {
		redirect(w, http.StatusFound, "/log_in")
		return
	}
	p.render(w, r, http.StatusOK, "log_out", nil)
}

// logOut revokes the token and then deletes the cookie. When the token cannot be
// revoked, the cookie stays, so that the user can try again.
func (p *Pages) logOut(w http.ResponseWriter, r *http.Request) {
	if token := cookieToken(r); token != "" {
		if err := p.deps.LogIns.LogOut(r.Context(), token); err != nil {
			p.renderError(w, r, "", err)
			return
		}
	}
	p.setCookie(w, "")
	redirect(w, http.StatusSeeOther, "/log_in")
}
