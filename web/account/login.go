package account

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// logInView is the data of the log-in page, with what was entered.
type logInView struct {
	page.Frame

	Username string
	// Next is the path to go to after the log-in, or empty.
	Next string
	// Problem is why the last attempt failed, or nil.
	Problem *page.Problem
}

// checkEmailView is the data of the page that answers the forms for registering and
// logging in.
type checkEmailView struct {
	page.Frame

	Username string
	// Email is the address that was entered; empty for a log-in, which does not show
	// the address of an account.
	Email string
	// MailFile is the file that mails are written to, or empty if they are sent.
	MailFile string
}

func (p *Pages) showLogIn(w http.ResponseWriter, r *http.Request) {
	p.templates.Render(w, r, http.StatusOK, "log_in", logInView{Frame: narrow(r, "Log in"), Next: localNext(r.URL.Query().Get("next"))})
}

// localNext returns next, or nothing if it would lead to another site after the
// log-in.
func localNext(next string) string {
	if !httpapi.LocalPath(next) {
		return ""
	}
	return next
}

// logIn asks for a mail with a log-in link. A failure shows the form again, with the
// reason and what was entered.
func (p *Pages) logIn(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, page.TitleLogIn, err)
		return
	}
	view := logInView{Frame: narrow(r, page.TitleLogIn), Username: strings.TrimSpace(fields["username"]), Next: localNext(fields["next"])}
	if view.Username == "" {
		err = errs.E(errs.Invalid, "Enter your username")
	} else {
		_, err = p.deps.LogIns.LogIn(r.Context(), view.Username, view.Next)
	}
	if err != nil {
		problem := p.site.Problem(r, err)
		view.Problem = &problem
		httpapi.SetRetryAfter(w.Header(), err)
		p.templates.Render(w, r, problem.Status, "log_in", view)
		return
	}
	p.templates.Render(w, r, http.StatusOK, "check_email", checkEmailView{narrow(r, "Check email"), view.Username, "", p.deps.MailFile})
}
