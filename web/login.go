package web

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// logInView is the data of the log-in page.
type logInView struct {
	// Next is the path to go to after the log-in, or empty.
	Next string
}

// checkEmailView is the data of the page that answers the log-in form.
type checkEmailView struct{ Username string }

func (p *Pages) showLogIn(w http.ResponseWriter, r *http.Request) {
	next := r.URL.Query().Get("next")
	if !httpapi.LocalPath(next) { // a link must not lead to another site after the log-in
		next = ""
	}
	p.render(w, r, http.StatusOK, "log_in", logInView{next})
}

func (p *Pages) logIn(w http.ResponseWriter, r *http.Request) {
	fields, err := readForm(w, r)
	if err != nil {
		p.renderError(w, r, titleLogIn, err)
		return
	}
	name := strings.TrimSpace(fields["username"])
	if name == "" {
		p.renderError(w, r, titleLogIn, errs.E(errs.Invalid, "Enter your username"))
		return
	}
	if _, err := p.deps.LogIns.LogIn(r.Context(), name, fields["next"]); err != nil {
		p.renderError(w, r, titleLogIn, err)
		return
	}
	p.render(w, r, http.StatusOK, "check_email", checkEmailView{name})
}

// needsLogIn reports whether an error means that the browser has no valid log-in.
func needsLogIn(err error) bool {
	return errs.Is(err, errs.InvalidToken) || errs.Is(err, errs.Unauthenticated) || errs.Is(err, errs.Hidden)
}
