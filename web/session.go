package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Titles of the contract.
const (
	titleLogIn         = "Login error"
	titleConfirmation  = "Confirmation error"
	titleAuthorization = "Authorization Error"
)

// cookieName is the cookie of a session: SLUG:TOKEN.
const cookieName = "auth"

// cookieToken gives the token half of the cookie, empty when there is none.
// The other half is for show and proves nothing: it is not looked at (S1).
func cookieToken(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	_, token, _ := strings.Cut(c.Value, ":")
	return token
}

// setCookie starts a session in the browser; an empty value ends it. Secure
// follows the public URL, so that a server in a local network works (S25).
func (p *Pages) setCookie(w http.ResponseWriter, value string) {
	c := &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// needsLogIn tells whether an error says that somebody has to log in first.
func needsLogIn(err error) bool {
	return errs.Is(err, errs.InvalidToken) || errs.Is(err, errs.Unauthenticated) || errs.Is(err, errs.Hidden)
}

func (p *Pages) showLogIn(w http.ResponseWriter, r *http.Request) {
	next := r.URL.Query().Get("next")
	if !httpapi.LocalPath(next) { // S7
		next = ""
	}
	p.render(w, r, http.StatusOK, "log_in", struct{ Next string }{next})
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
	p.render(w, r, http.StatusOK, "check_email", struct{ Username string }{name})
}

// mailedToken gives the token in the address of a mailed link.
func mailedToken(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/confirm/") }

// showConfirm only shows a form that is sent by a click, or by script: programs
// that look at links in mails must not spend the token (S17, ruling 25). In a
// browser where somebody else is logged in it is a question, which no script
// answers.
func (p *Pages) showConfirm(w http.ResponseWriter, r *http.Request) {
	ask, err := p.accountSwitch(r)
	switch {
	case err != nil:
		p.renderError(w, r, titleConfirmation, err)
	case ask.Now != "":
		p.render(w, r, http.StatusOK, "replace", ask)
	default:
		p.render(w, r, http.StatusOK, "confirm", ask)
	}
}

// accountSwitch is a link that was mailed, and who would take whose place with
// it; nobody's when Now is empty.
type accountSwitch struct{ Action, Now, Then string }

func (p *Pages) accountSwitch(r *http.Request) (accountSwitch, error) {
	ask := accountSwitch{Action: "/confirm/" + url.PathEscape(mailedToken(r))}
	token := cookieToken(r)
	if token == "" {
		return ask, nil
	}
	var err error
	ask.Now, ask.Then, err = p.deps.LogIns.AccountSwitch(r.Context(), token, mailedToken(r))
	return ask, err
}

// confirm spends the token of a mail. It puts nobody in the place of somebody
// else who has not said so: a link may be from somebody who wants others to work
// in their account.
func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) {
	ask, err := p.accountSwitch(r)
	if err == nil && ask.Now != "" {
		var fields map[string]string
		if fields, err = readForm(w, r); err == nil && fields["instead_of"] != ask.Now {
			p.render(w, r, http.StatusConflict, "replace", ask)
			return
		}
	}
	var s httpapi.WebLogin
	if err == nil {
		s, err = p.deps.LogIns.Confirm(r.Context(), mailedToken(r))
	}
	if err != nil {
		p.renderError(w, r, titleConfirmation, err)
		return
	}
	if ask.Now != "" { // that session is over; if it cannot be ended now, it ends unused
		if err := p.deps.LogIns.LogOut(r.Context(), cookieToken(r)); err != nil {
			p.deps.Log.Warn("replaced session not ended", "err", err)
		}
	}
	p.setCookie(w, s.Entity+":"+s.Token)
	if httpapi.LocalPath(s.Next) { // S7
		redirect(w, http.StatusSeeOther, s.Next)
		return
	}
	p.render(w, r, http.StatusOK, "confirmed", s)
}

func (p *Pages) showLogOut(w http.ResponseWriter, r *http.Request) {
	if cookieToken(r) == "" {
		redirect(w, http.StatusFound, "/log_in")
		return
	}
	p.render(w, r, http.StatusOK, "log_out", nil)
}

// logOut revokes the token of the session and forgets it (S16). When it could
// not be revoked the cookie stays, and the person can try again.
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
