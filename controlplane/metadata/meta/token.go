package meta

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Scope limits a token to one database and its level to Level.
type Scope struct {
	Database DatabaseID
	Path     ayb.DatabasePath
	Level    ayb.QueryLevel
}

// APIToken is an API token as stored: without its secret.
type APIToken struct {
	// Short is the public half, and the key.
	Short string
	// Hash is the SHA-256 of the secret half.
	Hash   [32]byte
	Entity EntityID
	// Slug is the name of Entity.
	Slug ayb.EntitySlug
	// Scope is nil for a token that is valid for everything its account may do.
	Scope *Scope
	// AppName is the application that received an OAuth token; empty otherwise.
	AppName string
	// Name was chosen by the owner; empty when the token has no name.
	Name string
	// CreatedAt is zero for very old tokens.
	CreatedAt time.Time
	// ExpiresAt is zero for a token that does not expire.
	ExpiresAt time.Time
	// RevokedAt is zero for a token that is not revoked.
	RevokedAt time.Time
	// LastUsedAt is zero for a token that was never used. It is written from time
	// to time and may be minutes late.
	LastUsedAt time.Time
	// Idle is how long the token may stay unused: each recorded use moves
	// ExpiresAt to that long after it. Zero leaves ExpiresAt alone. It is stored
	// in whole seconds.
	Idle time.Duration
}

// TokenUse is a use of a token.
type TokenUse struct {
	Short string
	At    time.Time
	// ExpiresAt is the new end of a token with an Idle time. Zero leaves the end
	// as it is.
	ExpiresAt time.Time
}

// OAuthCode is an authorization code as stored: without the code itself.
type OAuthCode struct {
	// Hash is the SHA-256 of the code, and the key.
	Hash [32]byte
	// Entity is the account that gave the authorization. Slug is its name; the
	// store returns it and ignores it in a new code.
	Entity EntityID
	Slug   ayb.EntitySlug
	// Scope is that of the token; the store fills its Path.
	Scope Scope
	// RedirectURI is the address to which the code was sent, byte for byte.
	RedirectURI string
	// Challenge is the PKCE code challenge, made with SHA-256.
	Challenge string
	AppName   string
	CreatedAt time.Time
	ExpiresAt time.Time
	// UsedAt is zero for an unused code. Issued is the short half of the token
	// for which the code was exchanged; it is empty for an unused code.
	UsedAt time.Time
	Issued string
}
