package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/shared/logging/loggingtest"
	"github.com/ayb-go/ayb/web"
)

// services is a fake of all services. It returns what the test has set and records
// its calls.
type services struct {
	token, entity, address, next, mailed, database, ticket string
	request                                                httpapi.AuthorizeRequest
	login                                                  httpapi.WebLogin
	databases                                              []string
	now, then                                              string
	err                                                    error
	calls                                                  []string
}

// Account identifies each browser that has a token.
func (s *services) Account(context.Context, string) (string, error) { return "alice", nil }

func (s *services) call(name string) error { s.calls = append(s.calls, name); return s.err }

func (s *services) Register(_ context.Context, entity, address, next string) (bool, error) {
	s.entity, s.address, s.next = entity, address, next
	err := s.call("register")
	if entity == "taken" {
		err = errs.E(errs.Conflict, "The name taken is in use")
	}
	return false, err
}

func (s *services) LogIn(_ context.Context, entity, next string) (bool, error) {
	s.entity, s.next = entity, next
	return false, s.call("log in")
}

func (s *services) Confirm(_ context.Context, mailed string) (httpapi.WebLogin, error) {
	s.mailed = mailed
	return s.login, s.call("confirm")
}

func (s *services) AccountSwitch(_ context.Context, token, mailed string) (now, then string, err error) {
	s.token, s.mailed = token, mailed
	return s.now, s.then, nil
}

func (s *services) LogOut(_ context.Context, token string) error {
	s.token = token
	return s.call("log out")
}

func (s *services) PrepareConsent(_ context.Context, token string, r httpapi.AuthorizeRequest) (httpapi.Consent, error) {
	s.token, s.request = token, r
	err := s.err
	if token == "" && err == nil {
		err = errs.E(errs.InvalidToken, "Invalid API token")
	}
	return httpapi.Consent{
		Entity: "alice", AppName: r.AppName, Level: r.Scope, RedirectOrigin: origin(r.RedirectURI), Databases: s.databases, Ticket: "TICKET",
	}, err
}

func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func (s *services) answer(name, token string, r httpapi.AuthorizeRequest, ticket, database string) error {
	s.token, s.request, s.ticket, s.database = token, r, ticket, database
	return s.call(name)
}

func (s *services) Grant(_ context.Context, token string, r httpapi.AuthorizeRequest, ticket, database string) (string, error) {
	return "https://app.example/cb?code=C&state=x", s.answer("grant", token, r, ticket, database)
}

func (s *services) Deny(_ context.Context, token string, r httpapi.AuthorizeRequest, ticket string) (string, error) {
	return "https://app.example/cb?error=access_denied&state=x", s.answer("deny", token, r, ticket, "")
}

func (s *services) CreateDatabase(_ context.Context, token string, r httpapi.AuthorizeRequest, ticket, name string) (string, error) {
	err := s.answer("create", token, r, ticket, name)
	s.err = nil // the page is shown again, which calls PrepareConsent
	if err == nil {
		s.databases = append(s.databases, "alice/"+name)
	}
	return "alice/" + name, err
}

func (s *services) takeCalls() string {
	got := strings.Join(s.calls, ", ")
	s.calls = nil
	return got
}

type answer struct {
	status int
	header http.Header
	body   string
}

// browser sends requests to the pages.
type browser struct {
	t     *testing.T
	pages http.Handler
	host  string
}

func open(t *testing.T, publicURL string, s *services) browser {
	t.Helper()
	p, err := web.New(web.Config{PublicURL: publicURL}, web.Deps{API: http.NotFoundHandler(), Viewers: s, LogIns: s, Applications: s, Log: loggingtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(publicURL)
	return browser{t, p, u.Host}
}

// request sends a request with a form. Headers are pairs of name and value.
func (b browser) request(method, target, form string, headers ...string) answer {
	b.t.Helper()
	req := httptest.NewRequestWithContext(b.t.Context(), method, target, strings.NewReader(form))
	req.Host = b.host
	if method == "POST" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	b.pages.ServeHTTP(rec, req)
	body, err := io.ReadAll(rec.Result().Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{rec.Code, rec.Header(), string(body)}
}

func (b browser) want(got answer, status int, parts ...string) {
	b.t.Helper()
	if got.status != status {
		b.t.Errorf("status %d, want %d: %s", got.status, status, got.body)
	}
	for _, p := range parts {
		if !strings.Contains(got.body, p) {
			b.t.Errorf("no %q in:\n%s", p, got.body)
		}
	}
}

const site = "https://ayb.example.com"
