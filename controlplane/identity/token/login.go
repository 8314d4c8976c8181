package token

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/fernet/fernet-go"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	payloadVersion = 1
	// maxSkew is how far in the future a log-in token may have been made.
	maxSkew = 60 * time.Second
	// maxLoginBytes is above the length of any issued log-in token, including
	// the longest Next.
	maxLoginBytes = 8192
)

// LoginConfig is the configuration of log-in tokens.
type LoginConfig struct {
	// Key is 32 bytes in URL-safe base64.
	Key string
	// TTL is how long a log-in token is valid; at least a second.
	TTL time.Duration
}

// Login is the contents of a log-in token: the owner of Address asked to log in
// as Entity.
type Login struct {
	Entity  ayb.EntitySlug
	Type    ayb.EntityType
	Address string
	// Next is the page to which the browser goes afterwards, or empty. It is in
	// the token so that the mail can be opened in another browser.
	Next string
}

// Opened is a valid log-in token.
type Opened struct {
	Login
	// Digest identifies the token, so that it can be spent once. It is the same
	// for every spelling of the token, with or without padding.
	Digest string
	// ExpiresAt is when the token ends.
	ExpiresAt time.Time
	// IssuedAt is when the token was made, in microseconds. For a token without
	// microseconds, made by other software, it is rounded down to the second.
	IssuedAt time.Time
}

// Logins seals and opens log-in tokens. It may be used concurrently.
type Logins struct {
	key *fernet.Key
	ttl time.Duration
	now func() time.Time
}

// NewLogins checks the key and the lifetime. The error is Invalid.
func NewLogins(cfg LoginConfig, now func() time.Time) (*Logins, error) {
	raw, err := parseKey(cfg.Key)
	if err != nil {
		return nil, err
	}
	if cfg.TTL < time.Second {
		return nil, errs.E(errs.Invalid, "Log-in tokens must be valid for at least one second")
	}
	key := fernet.Key(raw)
	return &Logins{key: &key, ttl: cfg.TTL, now: now}, nil
}

func parseKey(text string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(raw) != len(fernet.Key{}) || strings.ContainsAny(text, "\r\n") {
		return nil, errs.E(errs.Invalid, "Missing or invalid Fernet key: it must be 32 bytes in URL-safe base64")
	}
	return raw, nil
}

// payload is the encrypted JSON. Other servers with the same key read it too.
type payload struct {
	Version    int    `json:"version"`
	Entity     string `json:"entity"`
	EntityType int    `json:"entity_type"`
	Address    string `json:"email_address"`
	Next       string `json:"next,omitempty"`
	// Issued is in microseconds since 1970. The time stamp of a Fernet token
	// has seconds only.
	Issued int64 `json:"issued_at_us,omitempty"`
}

// Seal makes a log-in token and returns its end.
func (l *Logins) Seal(login Login) (token string, expires time.Time, err error) {
	p := payload{Version: payloadVersion, Entity: string(login.Entity), Address: login.Address, Next: login.Next}
	if login.Type == ayb.Organization {
		p.EntityType = 1
	}
	now := l.now()
	p.Issued = now.UnixMicro()
	text, err := json.Marshal(p)
	if err != nil {
		return "", time.Time{}, errs.Wrap(errs.Internal, err, "A log-in token could not be made")
	}
	sealed, err := fernet.EncryptAndSignAtTime(text, l.key, now)
	if err != nil {
		return "", time.Time{}, errs.Wrap(errs.Internal, err, "A log-in token could not be made")
	}
	return string(sealed), now.Truncate(time.Second).Add(l.ttl), nil
}

// Open decrypts a log-in token. The error is InvalidToken for a token that is
// altered, expired, from the future, of another key or of another version.
func (l *Logins) Open(token string) (Opened, error) {
	raw, ok := decode(token)
	if !ok {
		return Opened{}, errInvalidLogin()
	}
	canonical := base64.URLEncoding.EncodeToString(raw)
	// The library compares with the clock of the machine. A lifetime of zero
	// turns that off; the lines below compare with l.now.
	text := fernet.VerifyAndDecrypt([]byte(canonical), 0, []*fernet.Key{l.key})
	if text == nil {
		return Opened{}, errInvalidLogin()
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(raw[1:9])), 0)
	now := l.now()
	if now.After(made.Add(l.ttl)) || made.After(now.Add(maxSkew)) {
		return Opened{}, errInvalidLogin()
	}
	var p payload
	if err := json.Unmarshal(text, &p); err != nil || p.Version != payloadVersion || p.EntityType < 0 || p.EntityType > 1 {
		return Opened{}, errInvalidLogin()
	}
	kind := ayb.User
	if p.EntityType == 1 {
		kind = ayb.Organization
	}
	issued := made
	if exact := time.UnixMicro(p.Issued); exact.Truncate(time.Second).Equal(made) {
		issued = exact
	}
	digest := sha256.Sum256(raw)
	return Opened{
		Login:     Login{Entity: ayb.EntitySlug(p.Entity), Type: kind, Address: p.Address, Next: p.Next},
		Digest:    hex.EncodeToString(digest[:]),
		ExpiresAt: made.Add(l.ttl),
		IssuedAt:  issued,
	}, nil
}

// decode reads the base64 of a token, with or without padding. The library
// ignores line breaks, any text after the padding, and the unused bits of the
// last character. decode refuses them: an altered token must be invalid, and a
// token must have one digest only.
func decode(token string) ([]byte, bool) {
	if len(token) > maxLoginBytes || strings.ContainsAny(token, "\r\n") {
		return nil, false
	}
	enc := base64.RawURLEncoding.Strict()
	if strings.HasSuffix(token, "=") {
		enc = base64.URLEncoding.Strict()
	}
	raw, err := enc.DecodeString(token)
	return raw, err == nil
}

func errInvalidLogin() error { return errs.E(errs.InvalidToken, "Invalid or expired token") }
