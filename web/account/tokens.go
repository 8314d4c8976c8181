package account

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/web/page"
)

// tokensPath is the path of the page with the API tokens.
const tokensPath = "/settings/tokens"

// tokensView is the data of the page with the API tokens.
type tokensView struct {
	page.Frame

	Tokens []tokenRow
	// Revoked is the short part of the token that was just revoked, or empty.
	Revoked string
	// Create reports whether the form for a new token is open.
	Create bool
	// Form is what is in the form for a new token, and Databases are its choices.
	Form      tokenForm
	Databases []tokenDatabase
	// Made is the token that was just created, or nil. Only this page shows it.
	Made *httpapi.CreatedToken
	// Server is the address of the server.
	Server string
	// Problem is why the last request failed, or nil.
	Problem *page.Problem
}

// tokenForm is what is in the form for a new token.
type tokenForm struct {
	Name, Database, Level, ExpiresIn string
	// Problem is why the last attempt failed, or nil.
	Problem *page.Problem
}

// tokenDatabase is a database that a token can be limited to. Level is the viewer's
// sharing level on the database of another account, and empty for an own one.
type tokenDatabase struct{ Path, Level string }

// tokenRow is a token in the list.
type tokenRow struct {
	httpapi.Token
	// Current marks the token of the log-in of this browser.
	Current bool
}

// showTokens lists the viewer's tokens.
func (p *Pages) showTokens(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	view := tokensView{Create: query.Has("create"), Form: tokenForm{Level: "read-only", ExpiresIn: "90d"}}
	if short := query.Get("revoked"); shortToken.MatchString(short) {
		view.Revoked = short
	}
	p.renderTokens(w, r, http.StatusOK, view)
}

// shortToken matches the short part of a token.
var shortToken = regexp.MustCompile(`^[0-9A-Za-z]{1,64}$`)

// renderTokens shows the page with what the API knows now.
func (p *Pages) renderTokens(w http.ResponseWriter, r *http.Request, status int, view tokensView) {
	viewer, api := page.ViewerOf(r), p.site.API(r)
	tokens, err := api.Tokens(r.Context())
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	entity, err := api.Entity(r.Context(), viewer.Entity)
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	view.Frame, view.Server = page.NewFrame(r, viewer.Entity+" - API Tokens"), api.URL()
	own := httpapi.ShortToken(viewer.Token)
	for _, t := range tokens {
		view.Tokens = append(view.Tokens, tokenRow{t, t.ShortToken == own})
		if t.ShortToken == view.Revoked {
			view.Revoked = "" // the address of the page says so, and it is not true
		}
	}
	for _, d := range entity.Databases {
		view.Databases = append(view.Databases, tokenDatabase{Path: entity.Slug + "/" + d.Slug})
	}
	for _, d := range entity.Shared {
		view.Databases = append(view.Databases, tokenDatabase{d.Entity + "/" + d.Slug, d.SharingLevel})
	}
	p.templates.Render(w, r, status, "tokens", view)
}

// createToken creates a token and shows it. The token is in this answer only: it
// must not be in an address or a cookie.
func (p *Pages) createToken(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, "", err)
		return
	}
	form := tokenForm{Name: strings.TrimSpace(fields["name"]), Database: fields["database"], Level: fields["level"], ExpiresIn: fields["expires_in"]}
	request := httpapi.NewTokenRequest{Name: form.Name, Database: form.Database, ExpiresIn: form.ExpiresIn}
	if form.Database != "" { // the page hides the level of a token for all databases
		request.Level = form.Level
	}
	made, err := p.site.API(r).CreateToken(r.Context(), request)
	if err != nil {
		problem := p.site.Problem(r, err)
		form.Problem = &problem
		p.renderTokens(w, r, problem.Status, tokensView{Create: true, Form: form})
		return
	}
	p.renderTokens(w, r, http.StatusCreated, tokensView{Form: tokenForm{Level: "read-only", ExpiresIn: "90d"}, Made: &made})
}

// revokeToken revokes a token. A token that is not valid any more is revoked already.
func (p *Pages) revokeToken(w http.ResponseWriter, r *http.Request) {
	short := chi.URLParam(r, "short")
	if err := p.site.API(r).RevokeToken(r.Context(), short); err != nil && !errs.Is(err, errs.NotFound) {
		problem := p.site.Problem(r, err)
		p.renderTokens(w, r, problem.Status, tokensView{Problem: &problem})
		return
	}
	if r.Method == http.MethodDelete {
		p.templates.Render(w, r, http.StatusOK, "token_revoked", short)
		return
	}
	page.Redirect(w, http.StatusSeeOther, tokensPath+"?revoked="+short)
}

// toTokens leads from the address of a token, which has no page, to all of them.
func (p *Pages) toTokens(w http.ResponseWriter, _ *http.Request) {
	page.Redirect(w, http.StatusSeeOther, tokensPath)
}

// lifetime is a choice of how long a new token is valid.
type lifetime struct{ Value, Text string }

// Lifetimes are the choices of how long a new token is valid.
func (tokensView) Lifetimes() []lifetime {
	return []lifetime{{"7d", "In 7 days"}, {"30d", "In 30 days"}, {"90d", "In 90 days"}, {"365d", "In a year"}, {"", "Never"}}
}
