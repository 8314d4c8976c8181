package token

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"github.com/ayb-go/ayb/shared/errs"
)

const codeBytes = 32

// NewCode makes an OAuth authorization code from random bytes.
func NewCode() string {
	var b [codeBytes]byte
	rand.Read(b[:]) // it never returns an error: without randomness the program crashes
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashCode returns the hash under which a code is stored. A reader of the store
// cannot use the codes in it.
func HashCode(code string) [sha256.Size]byte { return sha256.Sum256([]byte(code)) }

// DeriveKey derives a key for one purpose from the key of log-in tokens. All
// control planes of a server get the same key without a second secret in their
// configuration, and each purpose gets another key.
func DeriveKey(cfg LoginConfig, purpose string) (key [sha256.Size]byte, err error) {
	secret, err := parseKey(cfg.Key)
	if err != nil {
		return key, err
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, "ayb "+purpose, len(key))
	if err != nil {
		return key, errs.Wrap(errs.Internal, err, "A key could not be derived")
	}
	return [sha256.Size]byte(derived), nil
}
