// Package token makes and checks the two kinds of token: API tokens, which
// callers present with every request, and log-in tokens, which travel by mail
// and are sealed rather than stored. It knows their formats and secrets; it
// stores nothing and decides nothing about the entity a token names.
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
	// maxAPIBytes is far above any token ever issued; longer texts are not
	// worth hashing.
	maxAPIBytes = 256
)

// API is an API token: ayb_SHORT_LONG. Short is public and the key of the
// record, Long is the secret.
type API struct {
	Short string
	Long  string
}

// NewAPI makes an API token from random bytes.
func NewAPI() API {
	var b [shortBytes + longBytes]byte
	rand.Read(b[:]) // never fails: the runtime ends the program instead
	return API{Short: base58.Encode(b[:shortBytes]), Long: base58.Encode(b[shortBytes:])}
}

// ParseAPI takes a token apart. What is no token at all gives the same
// InvalidToken as a wrong secret (S14), and so does another prefix (S26).
func ParseAPI(s string) (API, error) {
	head, rest, _ := strings.Cut(s, "_")
	short, long, _ := strings.Cut(rest, "_")
	if len(s) > maxAPIBytes || head != prefix || short == "" || long == "" || strings.Contains(long, "_") {
		return API{}, ErrInvalidAPI()
	}
	return API{Short: short, Long: long}, nil
}

// ErrInvalidAPI is the one answer to every token that is not good, except
// that the owner of a revoked or expired one is told so.
func ErrInvalidAPI() error { return errs.E(errs.InvalidToken, "Invalid API token") }

// String is the token as its owner gets it, once.
func (t API) String() string { return prefix + "_" + t.Short + "_" + t.Long }

// Hash is what is stored of the secret half.
func (t API) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(t.Long)) }

// Matches compares the secret half with a stored hash in constant time.
func (t API) Matches(stored [sha256.Size]byte) bool {
	h := t.Hash()
	return subtle.ConstantTimeCompare(h[:], stored[:]) == 1
}
