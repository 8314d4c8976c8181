package meta

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// OAuthCode is an authorization code as stored: never the code itself.
type OAuthCode struct {
	// Hash is the SHA-256 of the code, and the key.
	Hash [32]byte
	// Entity is who authorized; Slug is its name, given by the store and not
	// taken by it.
	Entity EntityID
	Slug   ayb.EntitySlug
	// Scope is what the token may do; the store fills its Path.
	Scope Scope
	// RedirectURI is the one the code was sent to, byte for byte.
	RedirectURI string
	// Challenge is the S256 code challenge.
	Challenge string
	AppName   string
	CreatedAt time.Time
	ExpiresAt time.Time
	// UsedAt is zero for a code that has not been exchanged. Issued is then
	// empty, else the short half of the token it was exchanged for.
	UsedAt time.Time
	Issued string
}

// TokenUse says that a token was used.
type TokenUse struct {
	Short string
	At    time.Time
	// ExpiresAt is the new end of a token with an Idle time; zero leaves it.
	ExpiresAt time.Time
}
