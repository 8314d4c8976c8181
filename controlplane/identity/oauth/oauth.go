// Package oauth lets people give applications access to one database: OAuth
// 2.0 with authorization codes and PKCE. It owns the rules of the protocol, the
// codes and the seal on a question somebody is being asked. Who somebody is,
// what they may do and where records are kept is told to it; it knows nothing
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

// Store is what oauth needs of the metadata store.
type Store interface {
	// InsertOAuthCode records an authorization code.
	InsertOAuthCode(ctx context.Context, c meta.OAuthCode) error
	// OAuthCode gives a code, used and expired ones too. NotFound when there
	// is none.
	OAuthCode(ctx context.Context, hash [32]byte) (meta.OAuthCode, error)
	// UseOAuthCode marks a code as used at now and stores the token it was
	// exchanged for, both or neither. Conflict when it cannot be used any
	// more: of several callers exactly one succeeds.
	UseOAuthCode(ctx context.Context, hash [32]byte, t meta.APIToken, now time.Time) error
	// RevokeToken is NotFound when the token is not there or is revoked.
	RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error
}

// Databases tells what callers may do. Its errors carry codes.
type Databases interface {
	// Level gives a database and the caller's level on it; it is an error if
	// the caller may not see that it exists.
	Level(ctx context.Context, actor authz.Actor, entity, database string) (meta.Database, ayb.QueryLevel, error)
	// Accessible lists the databases on which the caller has at least the level,
	// their own first.
	Accessible(ctx context.Context, actor authz.Actor, level ayb.QueryLevel) ([]meta.Database, error)
}

// Config is what oauth can be told.
type Config struct {
	// Key seals the consent page. It is the same in all control planes of a
	// server and used for nothing else.
	Key [sha256.Size]byte
}

// Limiter counts requests under a key; RateLimited when they are too many.
type Limiter interface {
	Take(key string) error
}

// Deps are what oauth works with. All but Limits are needed.
type Deps struct {
	Store     Store
	Databases Databases
	// Limits counts exchanges by account; nil takes everything.
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
