package account

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// settingsPath is the path of the settings of the viewer's account.
const settingsPath = "/settings/account"

// settingsView is the data of the settings of an account.
type settingsView struct {
	page.Frame

	Entity httpapi.Entity
	// Tokens is the number of valid API tokens.
	Tokens int
	// Confirmed is what was entered to confirm the deletion.
	Confirmed string
	// Problem is why the last attempt to delete the account failed, or nil.
	Problem *page.Problem
}

func (p *Pages) showSettings(w http.ResponseWriter, r *http.Request) {
	p.renderSettings(w, r, http.StatusOK, settingsView{})
}

// renderSettings shows the page with what the API knows now.
func (p *Pages) renderSettings(w http.ResponseWriter, r *http.Request, status int, view settingsView) {
	tokens, err := p.site.API(r).Tokens(r.Context())
	if err == nil {
		view.Entity, err = p.site.API(r).Entity(r.Context(), page.ViewerOf(r).Entity)
	}
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	view.Frame, view.Tokens = page.NewFrame(r, view.Entity.Slug+" - Account"), len(tokens)
	p.templates.Render(w, r, status, "settings", view)
}

// deleteAccount deletes the viewer's account after its name was entered, and logs the
// browser out.
func (p *Pages) deleteAccount(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	viewer, confirmed := page.ViewerOf(r).Entity, strings.TrimSpace(fields["confirm"])
	if !strings.EqualFold(confirmed, viewer) {
		err = errs.E(errs.Invalid, "Enter %s to confirm that you want to delete this account", viewer)
	} else {
		err = p.site.API(r).DeleteAccount(r.Context(), viewer)
	}
	if err != nil {
		problem := p.site.Problem(r, err)
		p.renderSettings(w, r, problem.Status, settingsView{Confirmed: confirmed, Problem: &problem})
		return
	}
	p.site.SetCookie(w, "")
	p.site.Notify(w, "The account "+viewer+" and its databases are deleted.")
	page.Redirect(w, http.StatusSeeOther, "/")
}

// setTheme chooses the colour scheme of this browser.
func (p *Pages) setTheme(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	p.site.SetTheme(w, page.Theme(fields["theme"]))
	page.Redirect(w, http.StatusSeeOther, settingsPath)
}
