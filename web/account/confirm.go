package account

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ayb-go/ayb/shared/httpapi"

	"github.com/ayb-go/ayb/web/page"
)

// confirmView is the data of the confirmation page and of the question before
// the browser changes to another account.
type confirmView struct {
	page.Frame

	// Action is the address of the form.
	Action string
	// Now is the account that the browser is logged in to and Then the account
	// of the mailed link. Both are empty when there is nothing to ask.
	Now, Then string
}

// confirmedView is the data of the page after the log-in.
type confirmedView struct {
	page.Frame

	LogIn httpapi.WebLogin
}

// mailedToken returns the token in the address of a mailed link.
func mailedToken(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/confirm/") }

// showConfirm shows a form that the user or the script of the page sends. The
// GET request itself does not spend the token, because mail programs open links
// to scan them. When the link would change the account, the page asks first; no
// script answers that question.
func (p *Pages) showConfirm(w http.ResponseWriter, r *http.Request) {
	view, err := p.newConfirmView(r)
	switch {
	case err != nil:
		p.site.Error(w, r, page.TitleConfirmation, err)
	case view.Now != "":
		p.templates.Render(w, r, http.StatusOK, "switch_account", view)
	default:
		p.templates.Render(w, r, http.StatusOK, "confirm", view)
	}
}

func (p *Pages) newConfirmView(r *http.Request) (confirmView, error) {
	view := confirmView{Frame: narrow(r, "Confirm"), Action: "/confirm/" + url.PathEscape(mailedToken(r))}
	token := page.CookieToken(r)
	if token == "" {
		return view, nil
	}
	var err error
	view.Now, view.Then, err = p.deps.LogIns.AccountSwitch(r.Context(), token, mailedToken(r))
	return view, err
}

// confirm spends the mailed token and logs the browser in.
func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) {
	view, err := p.newConfirmView(r)
	if err != nil {
		p.site.Error(w, r, page.TitleConfirmation, err)
		return
	}
	agreed, err := agreedToSwitch(w, r, view)
	switch {
	case err != nil:
		p.site.Error(w, r, page.TitleConfirmation, err)
		return
	case !agreed:
		p.templates.Render(w, r, http.StatusConflict, "switch_account", view)
		return
	}
	login, err := p.deps.LogIns.Confirm(r.Context(), mailedToken(r))
	if err != nil {
		p.site.Error(w, r, page.TitleConfirmation, err)
		return
	}
	if view.Now != "" { // a token that cannot be revoked now ends later, because it goes unused
		if err := p.deps.LogIns.LogOut(r.Context(), page.CookieToken(r)); err != nil {
			p.site.Log().Warn("could not end a replaced log-in", "err", err)
		}
	}
	p.site.SetCookie(w, login.Entity+":"+login.Token)
	if httpapi.LocalPath(login.Next) { // checked again: the page never leads to another site
		page.Redirect(w, http.StatusSeeOther, login.Next)
		return
	}
	p.templates.Render(w, r, http.StatusOK, "confirmed", confirmedView{narrow(r, "Confirmation successful"), login})
}

// agreedToSwitch reports whether the user agreed to leave the current account.
// Without this question, a mailed link of an attacker could log a user in to the
// account of the attacker.
func agreedToSwitch(w http.ResponseWriter, r *http.Request, view confirmView) (bool, error) {
	if view.Now == "" {
		return true, nil
	}
	fields, err := page.ReadForm(w, r)
	return fields["instead_of"] == view.Now, err
}
