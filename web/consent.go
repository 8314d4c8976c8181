package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// consentPage is what the consent page shows.
type consentPage struct {
	Title   string
	Request httpapi.AuthorizeRequest
	Consent httpapi.Consent
	// Selected is the database that is chosen already.
	Selected string
	// Problem is why a database was not created.
	Problem string
}

func (p *Pages) showConsent(w http.ResponseWriter, r *http.Request) {
	request, err := parseAuthorizeRequest(r)
	if err != nil {
		p.renderError(w, r, titleAuthorization, err)
		return
	}
	p.renderConsent(w, r, http.StatusOK, consentPage{Request: request})
}

// renderConsent shows the consent page, or sends those who have to log in first on
// their way; they come back here.
func (p *Pages) renderConsent(w http.ResponseWriter, r *http.Request, status int, page consentPage) {
	consent, err := p.deps.Applications.PrepareConsent(r.Context(), cookieToken(r), page.Request)
	if err != nil {
		p.consentError(w, r, page.Request, err)
		return
	}
	page.Title, page.Consent = "Authorize "+consent.AppName, consent
	// Browsers hold the redirect that answers the form against the policy of
	// the page it is on (ruling 24).
	setSecurityHeaders(w.Header(), policySource(consent.RedirectOrigin))
	p.render(w, r, status, "consent", page)
}

// policySource is an origin as a security policy knows it: there are no IPv6
// addresses in policies, but the scheme alone.
func policySource(origin string) string {
	if scheme, _, ok := strings.Cut(origin, "://["); ok {
		return scheme + ":"
	}
	return origin
}

func (p *Pages) consentError(w http.ResponseWriter, r *http.Request, request httpapi.AuthorizeRequest, err error) {
	if needsLogIn(err) {
		redirect(w, http.StatusFound, "/log_in?next="+url.QueryEscape(consentPath(request)))
		return
	}
	p.renderError(w, r, titleAuthorization, err)
}

// answerConsent takes the answer. Everything the application asked for comes back
// in the form and is checked again, with the ticket that seals it (S5).
func (p *Pages) answerConsent(w http.ResponseWriter, r *http.Request) {
	fields, err := readForm(w, r)
	if err != nil {
		p.renderError(w, r, titleAuthorization, err)
		return
	}
	request := httpapi.AuthorizeRequest{
		ResponseType: httpapi.ResponseTypeCode, CodeChallengeMethod: httpapi.ChallengeMethodS256,
		RedirectURI: fields["redirect_uri"], Scope: fields["requested_scope"], State: fields["state"],
		CodeChallenge: fields["code_challenge"], AppName: fields["app_name"],
	}
	token, ticket := cookieToken(r), fields["ticket"]
	location := ""
	switch fields["action"] {
	case "authorize":
		location, err = p.deps.Applications.Grant(r.Context(), token, request, ticket, fields["database"])
	case "deny":
		location, err = p.deps.Applications.Deny(r.Context(), token, request, ticket)
	case "create":
		p.createDatabase(w, r, request, ticket, strings.TrimSpace(fields["new_database"]))
		return
	default:
		err = errs.E(errs.Invalid, "Choose whether to authorize the application or to deny it")
	}
	if err != nil {
		p.consentError(w, r, request, err)
		return
	}
	redirect(w, http.StatusFound, location)
}

// createDatabase makes a database and shows the page again with it chosen (U1), or
// with the reason why there is none.
func (p *Pages) createDatabase(w http.ResponseWriter, r *http.Request, request httpapi.AuthorizeRequest, ticket, name string) {
	path, err := p.deps.Applications.CreateDatabase(r.Context(), cookieToken(r), request, ticket, name)
	switch status, _ := httpapi.FromError(err); {
	case err == nil:
		p.renderConsent(w, r, http.StatusOK, consentPage{Request: request, Selected: path})
	case errs.Is(err, errs.InvalidSlug), errs.Is(err, errs.Conflict), errs.Is(err, errs.Forbidden):
		p.renderConsent(w, r, status, consentPage{Request: request, Problem: errs.Public(err).Message})
	default:
		p.consentError(w, r, request, err)
	}
}

// parseAuthorizeRequest reads what an application asks for. Each parameter may be
// there once.
func parseAuthorizeRequest(r *http.Request) (httpapi.AuthorizeRequest, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return httpapi.AuthorizeRequest{}, errs.Wrap(errs.Invalid, err, "The application's request is broken")
	}
	q, err := singleValues(values)
	if err != nil {
		return httpapi.AuthorizeRequest{}, err
	}
	name := q["app_name"]
	if name == "" { // ruling 22
		name = q["client_id"]
	}
	return httpapi.AuthorizeRequest{
		ResponseType: q["response_type"], RedirectURI: q["redirect_uri"], Scope: q["scope"], State: q["state"],
		CodeChallenge: q["code_challenge"], CodeChallengeMethod: q["code_challenge_method"], AppName: name,
	}, nil
}

// consentPath is the address of the consent page for a request.
func consentPath(r httpapi.AuthorizeRequest) string {
	q := url.Values{
		"response_type": {r.ResponseType}, "redirect_uri": {r.RedirectURI}, "scope": {r.Scope},
		"code_challenge": {r.CodeChallenge}, "code_challenge_method": {r.CodeChallengeMethod}, "app_name": {r.AppName},
	}
	if r.State != "" {
		q.Set("state", r.State)
	}
	return httpapi.RouteAuthorize + "?" + q.Encode()
}
