package account

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// registerView is the data of the registration page, with what was entered.
type registerView struct {
	page.Frame

	Username, Email string
	// Next is the path to go to after the confirmation, or empty.
	Next string
	// Problem is why the last attempt failed, or nil.
	Problem *page.Problem
}

func (p *Pages) showRegister(w http.ResponseWriter, r *http.Request) {
	p.templates.Render(w, r, http.StatusOK, "register", registerView{Frame: narrow(r, "Create account"), Next: localNext(r.URL.Query().Get("next"))})
}

// register asks for a mail to the new account's address. A failure shows the form
// again, with the reason and what was entered.
func (p *Pages) register(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, page.TitleRegistration, err)
		return
	}
	view := registerView{Frame: narrow(r, page.TitleRegistration), Username: strings.TrimSpace(fields["username"]), Email: strings.TrimSpace(fields["email"]), Next: localNext(fields["next"])}
	switch {
	case view.Username == "":
		err = errs.E(errs.Invalid, "Enter a username")
	case view.Email == "":
		err = errs.E(errs.Invalid, "Enter your email address: the link to confirm the account goes there")
	default:
		_, err = p.deps.LogIns.Register(r.Context(), view.Username, view.Email, view.Next)
	}
	if err != nil {
		problem := p.site.Problem(r, err)
		view.Problem = &problem
		httpapi.SetRetryAfter(w.Header(), err)
		p.templates.Render(w, r, problem.Status, "register", view)
		return
	}
	p.templates.Render(w, r, http.StatusOK, "check_email", checkEmailView{narrow(r, "Check email"), view.Username, view.Email, p.deps.MailFile})
}
