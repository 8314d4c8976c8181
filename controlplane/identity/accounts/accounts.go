// Package accounts registers entities, logs them in and out, and authenticates
// them by their tokens. It owns the order of the checks and the messages of the
// answers. The store that it is given keeps the records, and the mailer sends
// the mails. It knows neither HTTP nor the contents of databases.
package accounts

import (
	"context"
	"strings"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Identities is the part of the metadata store with entities and their
// addresses.
type Identities interface {
	// Addresses returns the verified addresses of an entity, oldest first.
	// NotFound when there is no such entity.
	Addresses(ctx context.Context, slug ayb.EntitySlug) ([]string, error)
	// Confirm carries out a confirmation in one transaction. InvalidToken when
	// the token of the mail was spent before. Conflict when the name belongs
	// to another address or the address to another name.
	Confirm(ctx context.Context, c meta.Confirmation) error
}

// Tokens is the part of the metadata store with API tokens. The error is
// NotFound for a missing token.
type Tokens interface {
	// TokenByShort may answer from a cache.
	TokenByShort(ctx context.Context, short string) (meta.APIToken, error)
	// ReloadToken is TokenByShort without the cache.
	ReloadToken(ctx context.Context, short string) (meta.APIToken, error)
	TokensOf(ctx context.Context, id meta.EntityID, now time.Time) ([]meta.APIToken, error)
	// TokensPage returns at most n of TokensOf that follow the token with the
	// short half after, and reports whether there are more. Invalid when the
	// entity has no token after.
	TokensPage(ctx context.Context, id meta.EntityID, now time.Time, after string, n int) (page []meta.APIToken, more bool, err error)
	// SurplusLogins returns the tokens of log-ins beyond the limit of the
	// account. The token short is never among them.
	SurplusLogins(ctx context.Context, slug ayb.EntitySlug, short string, now time.Time) (id meta.EntityID, shorts []string, err error)
	CreateToken(ctx context.Context, t meta.APIToken) error
	RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error
}

// Databases returns the rights of callers on databases. Errors carry codes; the
// error is Hidden when the caller may not see the database.
type Databases interface {
	Level(ctx context.Context, actor authz.Actor, entity, database string) (meta.Database, ayb.QueryLevel, error)
}

// UseTracker is notified of every use of a token. It does not block.
type UseTracker interface {
	Track(t meta.APIToken, at time.Time)
}

// Config is the configuration of the service.
type Config struct {
	// PublicURL is the address of the server as its users see it. A slash at
	// its end is dropped, so that links in mails have no double slash.
	PublicURL string
	// Login configures log-in tokens.
	Login token.LoginConfig
}

// Deps are the services that accounts uses. All but Limits are required.
type Deps struct {
	Identities Identities
	Tokens     Tokens
	Databases  Databases
	UseTracker UseTracker
	Mail       mailapi.Sender
	// Limits counts requests by account and by mail address; nil is no limit.
	Limits Limiter
	Now    func() time.Time
}

// Accounts is the service. It may be used concurrently.
type Accounts struct {
	publicURL string
	logins    *token.Logins
	reserved  map[string]struct{}
	deps      Deps
	decoy     decoy
}

// New makes the service. It checks the Fernet key, so that a wrong key stops the
// start of the server and not the first registration.
func New(cfg Config, deps Deps) (*Accounts, error) {
	if deps.Identities == nil || deps.Tokens == nil || deps.Databases == nil || deps.UseTracker == nil || deps.Mail == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "accounts: a dependency is missing")
	}
	logins, err := token.NewLogins(cfg.Login, deps.Now)
	if err != nil {
		return nil, err
	}
	return &Accounts{
		publicURL: strings.TrimRight(cfg.PublicURL, "/"),
		logins:    logins,
		reserved:  reservedNames(),
		deps:      deps,
	}, nil
}
