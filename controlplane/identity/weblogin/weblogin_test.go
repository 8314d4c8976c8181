package weblogin_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/oauth"
	"github.com/ayb-go/ayb/controlplane/identity/weblogin"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// services is a fake that refuses nothing, so that every refusal comes from the
// package under test.
type services struct {
	actor   authz.Actor
	authErr error
	next    string
	kind    string
	made    accounts.WebLogin
	ticket  error
	created databases.NewDatabase
	calls   int
}

func (s *services) RegisterWithNext(_ context.Context, _, _, kind, next string) (mailapi.Delivery, error) {
	s.next, s.kind = next, kind
	return mailapi.Queued, nil
}

func (s *services) LogInWithNext(_ context.Context, _, next string) (mailapi.Delivery, error) {
	s.next = next
	return mailapi.Queued, nil
}

func (s *services) ConfirmWebLogin(context.Context, string) (accounts.WebLogin, error) {
	return s.made, nil
}

func (s *services) LoginTokenEntity(mailed string) (ayb.EntitySlug, error) {
	if mailed == "bad" {
		return "", errs.E(errs.Invalid, "Invalid or expired token")
	}
	return ayb.EntitySlug(mailed), nil
}

func (s *services) Authenticate(context.Context, string) (authz.Actor, error) {
	return s.actor, s.authErr
}

func (s *services) RevokePresented(context.Context, string) error { s.calls++; return nil }

func (s *services) PrepareConsent(context.Context, authz.Actor, oauth.Request) (httpapi.Consent, error) {
	s.calls++
	return httpapi.Consent{}, nil
}

func (s *services) CheckTicket(authz.Actor, oauth.Request, string) error { return s.ticket }

func (s *services) Grant(context.Context, authz.Actor, oauth.Request, string, string) (string, error) {
	s.calls++
	return "https://app.example/cb", nil
}

func (s *services) Deny(authz.Actor, oauth.Request, string) (string, error) {
	s.calls++
	return "https://app.example/cb", nil
}

func (s *services) Create(_ context.Context, _ authz.Actor, req databases.NewDatabase) (meta.Database, error) {
	s.calls++
	s.created = req
	return meta.Database{Path: ayb.DatabasePath{Entity: ayb.EntitySlug(req.Entity), Database: ayb.DatabaseSlug(req.Database)}}, nil
}

func newService(t *testing.T, s *services) *weblogin.Service {
	t.Helper()
	made, err := weblogin.New(weblogin.Deps{Accounts: s, Applications: s, Databases: s})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var request = httpapi.AuthorizeRequest{
	ResponseType: "code", RedirectURI: "https://app.example/cb", Scope: "read-only", AppName: "App",
	CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", CodeChallengeMethod: "S256",
}

// everything calls each method that needs a log-in.
func everything(ctx context.Context, s *weblogin.Service, r httpapi.AuthorizeRequest) map[string]error {
	_, ask := s.PrepareConsent(ctx, "t", r)
	_, grant := s.Grant(ctx, "t", r, "ticket", "alice/db")
	_, deny := s.Deny(ctx, "t", r, "ticket")
	_, create := s.CreateDatabase(ctx, "t", r, "ticket", "db")
	return map[string]error{"ask": ask, "grant": grant, "deny": deny, "create": create}
}

// S1, S2: only a valid token without limits is a log-in.
func TestWhoseSessionS1S2(t *testing.T) {
	alice := authz.Actor{Entity: 1, Slug: "alice", Token: "t"}
	scoped := alice
	scoped.Scope = &meta.Scope{Database: 7, Level: ayb.QueryReadWrite}
	bad := request
	bad.RedirectURI = "http://evil.example"
	for _, tt := range []struct {
		name    string
		actor   authz.Actor
		authErr error
		request httpapi.AuthorizeRequest
		want    errs.Code
	}{
		{"an unlimited token", alice, nil, request, ""},
		{"no token", authz.Actor{}, errs.E(errs.InvalidToken, "no"), request, errs.InvalidToken},
		{"an actor beside an error", alice, errs.E(errs.InvalidToken, "no"), request, errs.InvalidToken},
		{"scoped token", scoped, nil, request, errs.Hidden},
		{"store away", authz.Actor{}, errors.New("away"), request, errs.Internal},
		{"bad request, told first", authz.Actor{}, errs.E(errs.InvalidToken, "no"), bad, errs.Invalid},
	} {
		s := &services{actor: tt.actor, authErr: tt.authErr}
		for what, err := range everything(t.Context(), newService(t, s), tt.request) {
			if errs.CodeOf(err) != tt.want {
				t.Errorf("%s, %s: %v", tt.name, what, err)
			}
		}
		if (s.calls == 4) != (tt.want == "") || tt.want != "" && s.calls != 0 {
			t.Errorf("%s: %d calls got through", tt.name, s.calls)
		}
	}
}

// S7: an address of another site is not put into a mail and not read from one.
func TestNextS7(t *testing.T) {
	for next, want := range map[string]string{
		"/alice": "/alice", "": "", "//evil.example": "", "https://evil.example": "", "javascript:alert(1)": "", "/confirm/x": "",
	} {
		s := &services{made: accounts.WebLogin{Slug: "alice", Token: "t", Next: next}}
		queued, err := newService(t, s).LogIn(t.Context(), "alice", next)
		if err != nil || !queued || s.next != want {
			t.Errorf("%q is sealed as %q, %v", next, s.next, err)
		}
		s.next = "unset"
		if _, err := newService(t, s).Register(t.Context(), "alice", "a@example.org", next); err != nil || s.next != want || s.kind != "user" {
			t.Errorf("a registration seals %q as %q, %v", next, s.next, err)
		}
		got, err := newService(t, s).Confirm(t.Context(), "mail")
		if err != nil || got != (httpapi.WebLogin{Entity: "alice", Token: "t", Next: want}) {
			t.Errorf("%q comes back as %+v, %v", next, got, err)
		}
	}
}

// U1: the new database belongs to the account, is private, and needs the ticket.
func TestCreateDatabaseU1(t *testing.T) {
	s := &services{actor: authz.Actor{Entity: 1, Slug: "alice"}}
	path, err := newService(t, s).CreateDatabase(t.Context(), "t", request, "ticket", "New.sqlite")
	if err != nil || path != "alice/New.sqlite" || s.created != (databases.NewDatabase{Entity: "alice", Database: "New.sqlite", Type: "sqlite", Public: "no-access"}) {
		t.Errorf("%s, %+v, %v", path, s.created, err)
	}
	s = &services{actor: s.actor, ticket: errs.E(errs.Invalid, "old")}
	if _, err := newService(t, s).CreateDatabase(t.Context(), "t", request, "ticket", "x"); !errs.Is(err, errs.Invalid) || s.calls != 0 {
		t.Errorf("without a ticket: %v", err)
	}
}

func TestNewChecks(t *testing.T) {
	if _, err := weblogin.New(weblogin.Deps{}); !errs.Is(err, errs.Internal) {
		t.Errorf("missing dependencies: %v", err)
	}
}
