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
	rand.Read(b[:]) // never fails: the runtime ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashCode is what is stored of a code, and the key of its record: who reads
// the store cannot use the codes in it (S27).
func HashCode(code string) [sha256.Size]byte { return sha256.Sum256([]byte(code)) }

// DeriveKey makes a key for one purpose out of the key of log-in tokens, so
// that all control planes of a server have the same without being told
// another secret, and no two purposes share one.
func DeriveKey(cfg LoginConfig, purpose string) (key [sha256.Size]byte, err error) {
	secret, err := parseKey(cfg.Key)
	if err != nil {
		return key, err
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, "ayb "+purpose, len(key))
	if err != nil {
		return key, errs.Wrap(errs.Internal, err, "A key could not be made")
	}
	return [sha256.Size]byte(derived), nil
}
