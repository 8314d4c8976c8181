package account

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"

	"github.com/ayb-go/ayb/web/page"
)

// logInView is the data of the log-in page.
type logInView struct {
	page.Frame

	// Next is the path to go to after the log-in, or empty.
	Next string
}

// checkEmailView is the data of the page that answers the log-in form.
type checkEmailView struct {
	page.Frame

	Username string
}

func (p *Pages) showLogIn(w http.ResponseWriter, r *http.Request) {
	next := r.URL.Query().Get("next")
	if !httpapi.LocalPath(next) { // a link must not lead to another site after the log-in
		next = ""
	}
	p.templates.Render(w, r, http.StatusOK, "log_in", logInView{narrow(r, "Log in"), next})
}

func (p *Pages) logIn(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, page.TitleLogIn, err)
		return
	}
	name := strings.TrimSpace(fields["username"])
	if name == "" {
		p.site.Error(w, r, page.TitleLogIn, errs.E(errs.Invalid, "Enter your username"))
		return
	}
	if _, err := p.deps.LogIns.LogIn(r.Context(), name, fields["next"]); err != nil {
		p.site.Error(w, r, page.TitleLogIn, err)
		return
	}
	p.templates.Render(w, r, http.StatusOK, "check_email", checkEmailView{narrow(r, "Check email"), name})
}
