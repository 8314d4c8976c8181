package account

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"

	"github.com/ayb-go/ayb/web/page"
)

// consentView is the data of the consent page.
type consentView struct {
	page.Frame

	Request httpapi.AuthorizeRequest
	Consent httpapi.Consent
	// Selected is the path of the database that is selected already.
	Selected string
	// Problem is the reason why the database NewDatabase could not be created.
	Problem, NewDatabase string
}

func (p *Pages) showConsent(w http.ResponseWriter, r *http.Request) {
	request, err := parseAuthorizeRequest(r)
	if err != nil {
		p.site.Error(w, r, page.TitleAuthorization, err)
		return
	}
	p.renderConsent(w, r, http.StatusOK, consentView{Request: request})
}

// renderConsent shows the consent page. A browser without a log-in is sent to
// the log-in page, which leads back here.
func (p *Pages) renderConsent(w http.ResponseWriter, r *http.Request, status int, view consentView) {
	consent, err := p.deps.Applications.PrepareConsent(r.Context(), page.CookieToken(r), view.Request)
	if err != nil {
		p.consentError(w, r, view.Request, err)
		return
	}
	view.Frame, view.Consent = page.NewFrame(r, "Authorize "+consent.AppName), consent
	// The answer to the form is a redirect to the application. Browsers check
	// that redirect against the policy of the page with the form.
	page.SetSecurityHeaders(w.Header(), policySource(consent.RedirectOrigin))
	p.templates.Render(w, r, status, "consent", view)
}

// policySource writes an origin for a Content-Security-Policy. The syntax has no
// IPv6 addresses, so for those it is the scheme alone.
func policySource(origin string) string {
	if scheme, _, ok := strings.Cut(origin, "://["); ok {
		return scheme + ":"
	}
	return origin
}

func (p *Pages) consentError(w http.ResponseWriter, r *http.Request, request httpapi.AuthorizeRequest, err error) {
	if page.NeedsLogIn(err) {
		page.Redirect(w, http.StatusFound, "/log_in?next="+url.QueryEscape(consentPath(request)))
		return
	}
	p.site.Error(w, r, page.TitleAuthorization, err)
}

// answerConsent handles the form of the page. The form repeats all that the
// application asked for; the ticket proves that no field was changed.
func (p *Pages) answerConsent(w http.ResponseWriter, r *http.Request) {
	fields, err := page.ReadForm(w, r)
	if err != nil {
		p.site.Error(w, r, page.TitleAuthorization, err)
		return
	}
	request := requestOfForm(fields)
	token, ticket := page.CookieToken(r), fields["ticket"]
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
	page.Redirect(w, http.StatusFound, location)
}

// createDatabase creates a database and shows the page again, with the new
// database selected or with the reason why it could not be created.
func (p *Pages) createDatabase(w http.ResponseWriter, r *http.Request, request httpapi.AuthorizeRequest, ticket, name string) {
	path, err := p.deps.Applications.CreateDatabase(r.Context(), page.CookieToken(r), request, ticket, name)
	switch status, _ := httpapi.FromError(err); {
	case err == nil:
		p.renderConsent(w, r, http.StatusOK, consentView{Request: request, Selected: path})
	case errs.Is(err, errs.InvalidSlug), errs.Is(err, errs.Conflict), errs.Is(err, errs.Forbidden):
		p.renderConsent(w, r, status, consentView{Request: request, Problem: errs.Public(err).Message, NewDatabase: name})
	default:
		p.consentError(w, r, request, err)
	}
}

// parseAuthorizeRequest reads the request of an application from the query. Each
// parameter may be given once. An application without app_name is shown as its
// client_id, which standard OAuth libraries send.
func parseAuthorizeRequest(r *http.Request) (httpapi.AuthorizeRequest, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return httpapi.AuthorizeRequest{}, errs.Wrap(errs.Invalid, err, "The application's request is broken")
	}
	q, err := page.SingleValues(values)
	if err != nil {
		return httpapi.AuthorizeRequest{}, err
	}
	name := q["app_name"]
	if name == "" {
		name = q["client_id"]
	}
	return httpapi.AuthorizeRequest{
		ResponseType: q["response_type"], RedirectURI: q["redirect_uri"], Scope: q["scope"], State: q["state"],
		CodeChallenge: q["code_challenge"], CodeChallengeMethod: q["code_challenge_method"], AppName: name,
	}, nil
}

// requestOfForm reads the request of an application from the form of the page.
func requestOfForm(fields map[string]string) httpapi.AuthorizeRequest {
	return httpapi.AuthorizeRequest{
		ResponseType: httpapi.ResponseTypeCode, CodeChallengeMethod: httpapi.ChallengeMethodS256,
		RedirectURI: fields["redirect_uri"], Scope: fields["requested_scope"], State: fields["state"],
		CodeChallenge: fields["code_challenge"], AppName: fields["app_name"],
	}
}

// consentPath returns the address of the consent page for a request.
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
