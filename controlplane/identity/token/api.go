// Package token makes and checks the two kinds of token. API tokens are
// presented with every request. Log-in tokens are sent by mail; they are
// encrypted and not stored. The package knows formats and secrets only: it
// stores nothing and decides nothing about the entity of a token.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/mr-tron/base58"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	prefix     = "ayb"
	shortBytes = 8
	longBytes  = 24
	// maxAPIBytes is far above the length of an issued token. Longer texts are
	// refused before they are hashed.
	maxAPIBytes = 256
)

// API is an API token: ayb_SHORT_LONG. Short is public and identifies the
// record. Long is the secret.
type API struct {
	Short string
	Long  string
}

// NewAPI makes an API token from random bytes.
func NewAPI() API {
	var b [shortBytes + longBytes]byte
	rand.Read(b[:]) // it never returns an error: without randomness the program crashes
	return API{Short: base58.Encode(b[:shortBytes]), Long: base58.Encode(b[shortBytes:])}
}

// ParseAPI splits a token into its halves. A malformed text and one with another
// prefix get the same InvalidToken as a wrong secret, so that the error does not
// reveal which part was right.
func ParseAPI(s string) (API, error) {
	head, rest, _ := strings.Cut(s, "_")
	short, long, _ := strings.Cut(rest, "_")
	if len(s) > maxAPIBytes || head != prefix || short == "" || long == "" || strings.Contains(long, "_") {
		return API{}, ErrInvalidAPI()
	}
	return API{Short: short, Long: long}, nil
}

// ErrInvalidAPI returns the error for all invalid tokens. Only the owner of a
// revoked or expired token gets another one.
func ErrInvalidAPI() error { return errs.E(errs.InvalidToken, "Invalid API token") }

// String returns the token as its owner gets it, once.
func (t API) String() string { return prefix + "_" + t.Short + "_" + t.Long }

// Hash returns the hash of the secret half. The secret itself is not stored.
func (t API) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(t.Long)) }

// Matches reports whether the secret half has the stored hash. It compares in
// constant time.
func (t API) Matches(stored [sha256.Size]byte) bool {
	h := t.Hash()
	return subtle.ConstantTimeCompare(h[:], stored[:]) == 1
}
