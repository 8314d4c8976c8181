// Package oauth gives applications access to one database: OAuth 2.0 with
// authorization codes and PKCE. It owns the rules of the protocol, the codes and
// the ticket of the consent page. Its callers authenticate the user, and its
// dependencies know the rights of users and keep the records. It knows nothing
// of HTTP and shows no pages.
package oauth

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Store is the part of the metadata store with authorization codes.
type Store interface {
	// InsertOAuthCode records an authorization code.
	InsertOAuthCode(ctx context.Context, c meta.OAuthCode) error
	// OAuthCode returns a code, also a used or an expired one. NotFound when
	// there is no such code.
	OAuthCode(ctx context.Context, hash [32]byte) (meta.OAuthCode, error)
	// UseOAuthCode marks a code as used at now and stores its token, in one
	// transaction. Conflict when the code is used or expired: of several
	// callers exactly one succeeds.
	UseOAuthCode(ctx context.Context, hash [32]byte, t meta.APIToken, now time.Time) error
	// RevokeToken is NotFound when the token is missing or revoked already.
	RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error
}

// Databases returns the rights of callers on databases. Its errors carry codes.
type Databases interface {
	// Level returns a database and the caller's level on it. The error is
	// Hidden when the caller may not see the database.
	Level(ctx context.Context, actor authz.Actor, entity, database string) (meta.Database, ayb.QueryLevel, error)
	// Accessible lists the databases on which the caller has at least the level,
	// their own first.
	Accessible(ctx context.Context, actor authz.Actor, level ayb.QueryLevel) ([]meta.Database, error)
}

// Config is the configuration of the service.
type Config struct {
	// Key signs the tickets of consent pages. It is the same in all control
	// planes of a server and has no other use.
	Key [sha256.Size]byte
}

// Limiter counts requests under a key. The error is RateLimited when there are
// too many.
type Limiter interface {
	Take(key string) error
}

// Deps are the services that oauth uses. All but Limits are required.
type Deps struct {
	Store     Store
	Databases Databases
	// Limits counts exchanges by account; nil is no limit.
	Limits Limiter
	Now    func() time.Time
}

// Service is the service. It may be used concurrently.
type Service struct {
	cfg  Config
	deps Deps
}

// New makes the service.
func New(cfg Config, deps Deps) (*Service, error) {
	if deps.Store == nil || deps.Databases == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "oauth: a dependency is missing")
	}
	if cfg.Key == [sha256.Size]byte{} {
		return nil, errs.E(errs.Internal, "oauth: the key is missing")
	}
	return &Service{cfg: cfg, deps: deps}, nil
}
