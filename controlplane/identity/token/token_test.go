package token_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/fernet/fernet-go"

	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func TestAPITokenRoundTrip(t *testing.T) {
	a, b := token.NewAPI(), token.NewAPI()
	if a.Short == b.Short || a.Long == b.Long {
		t.Fatal("two tokens share a half")
	}
	got, err := token.ParseAPI(a.String())
	if err != nil || got != a {
		t.Fatalf("parsed %v, %v", got, err)
	}
	if !a.Matches(a.Hash()) || a.Matches(b.Hash()) {
		t.Fatal("a token matches its own hash and no other")
	}
	if n := len(a.Long); n < 30 || n > 33 {
		t.Errorf("the secret has %d characters", n)
	}
}

func TestAPITokenHashVector(t *testing.T) {
	h := token.API{Long: "BddpcwWyCT3EkDjHSSTRaSK1dxtuQgbjb"}.Hash()
	if got, want := hex.EncodeToString(h[:]), "0f01ab6e0833f280b73b2b618c16102d91c0b7c585d42a080d6e6603239a8bee"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// S14, S26: all malformed tokens get the same error.
func TestParseAPIRefuses(t *testing.T) {
	for _, s := range []string{"", "ayb", "ayb_", "ayb__", "ayb_a", "ayb_a_", "ayb__b", "ayb_a_b_c", "abc_a_b", "AYB_a_b",
		"_a_b", "ayb_a_b_", "ayb_" + strings.Repeat("a", 300) + "_b", "a b c"} {
		if _, err := token.ParseAPI(s); !errs.Is(err, errs.InvalidToken) || err.Error() != "Invalid API token" {
			t.Errorf("%q: %v", s, err)
		}
	}
}

const key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func logins(t *testing.T, k string, c *clock) *token.Logins {
	t.Helper()
	l, err := token.NewLogins(token.LoginConfig{Key: k, TTL: time.Hour}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLoginTokenRoundTrip(t *testing.T) {
	c := &clock{time.Unix(1_700_000_000, 5)}
	l := logins(t, key, c)
	want := token.Login{Entity: "alice", Type: ayb.Organization, Address: "alice@example.org"}
	text, expires, err := l.Seal(want)
	if err != nil {
		t.Fatal(err)
	}
	padded, err := l.Open(text)
	if err != nil || padded.Login != want || !padded.ExpiresAt.Equal(expires) {
		t.Fatalf("opened %+v, %v", padded, err)
	}
	bare, err := l.Open(strings.TrimRight(text, "="))
	if err != nil || bare != padded {
		t.Errorf("without padding: %+v, %v", bare, err)
	}
	again, _, err := l.Seal(want)
	if err != nil || again == text {
		t.Errorf("two mails of one second share a token: %v", err)
	}
}

// IssuedAt has microseconds. For a token of other software it has the seconds of
// the time stamp.
func TestLoginTokenIssued(t *testing.T) {
	c := &clock{time.UnixMicro(1_700_000_000_123_456)}
	l := logins(t, key, c)
	text, _, err := l.Seal(token.Login{Entity: "alice", Type: ayb.User, Address: "a@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := l.Open(text); err != nil || !o.IssuedAt.Equal(c.t) {
		t.Errorf("issued at %v, %v", o.IssuedAt, err)
	}
	for _, extra := range []string{"", `,"issued_at_us":0`, `,"issued_at_us":1800000000000000`} {
		foreign, err := fernet.EncryptAndSignAtTime([]byte(`{"version":1,"entity":"alice","entity_type":0,"email_address":"a@example.org"`+extra+`}`), fernet.MustDecodeKeys(key)[0], c.t)
		if err != nil {
			t.Fatal(err)
		}
		if o, err := l.Open(string(foreign)); err != nil || !o.IssuedAt.Equal(time.Unix(1_700_000_000, 0)) {
			t.Errorf("%s: issued at %v, %v", extra, o.IssuedAt, err)
		}
	}
}

func TestLoginTokenRefuses(t *testing.T) {
	c := &clock{time.Unix(1_700_000_000, 0)}
	l := logins(t, key, c)
	good, _, err := l.Seal(token.Login{Entity: "alice", Type: ayb.User, Address: "alice.of.the.whole.long.padding.name.x@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(good, "=") {
		t.Fatalf("the case below needs padding: %s", good)
	}
	bare := strings.TrimRight(good, "=")
	bad := map[string]string{
		"empty":             "",
		"appended":          good + "x",
		"appended padding":  good + "=",
		"appended to bare":  bare + "A",
		"line break":        good[:10] + "\n" + good[10:],
		"line break at end": good + "\n",
		"altered":           "hAAAA" + good[5:],
		"cut":               good[:40],
		// The last character before the padding has bits that decode to nothing.
		"other unused bits": bare[:len(bare)-1] + string(bare[len(bare)-1]+1),
		"not base64":        "*",
		"huge":              strings.Repeat("A", 1<<20),
	}
	for name, text := range bad {
		if _, err := l.Open(text); !errs.Is(err, errs.InvalidToken) || err.Error() != "Invalid or expired token" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := logins(t, base64.URLEncoding.EncodeToString(make([]byte, 32)), c).Open(good); err == nil {
		t.Error("a token of another key is valid")
	}
	for offset, valid := range map[time.Duration]bool{
		0: true, time.Hour: true, time.Hour + time.Second: false, -time.Minute: true, -61 * time.Second: false,
	} {
		at := &clock{c.t.Add(offset)}
		if _, err := logins(t, key, at).Open(good); (err == nil) != valid {
			t.Errorf("opened %v after it was made: %v", offset, err)
		}
	}
}

// S15: a payload of another version is refused.
func TestLoginTokenPayload(t *testing.T) {
	c := &clock{time.Unix(1_700_000_000, 0)}
	l := logins(t, key, c)
	k, err := fernet.DecodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for text, valid := range map[string]bool{
		`{"version":1,"entity":"alice","entity_type":0,"email_address":"a@example.org"}`: true,
		`{"version":1,"entity":"alice","entity_type":1,"email_address":"a@example.org"}`: true,
		`{"version":1,"entity":"alice","entity_type":2,"email_address":"a@example.org"}`: false,
		`{"version":2,"entity":"alice","entity_type":0,"email_address":"a@example.org"}`: false,
		`{"entity":"alice","entity_type":0,"email_address":"a@example.org"}`:             false,
		`not json`: false,
	} {
		sealed, err := fernet.EncryptAndSignAtTime([]byte(text), k, c.t)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Open(string(sealed)); (err == nil) != valid {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// O3: a bad key is an error at the start.
func TestLoginsConfig(t *testing.T) {
	now := (&clock{}).now
	for _, k := range []string{"", "short", key + "AAAA", strings.Replace(key, "_", "/", 1), strings.Repeat("00", 32), key[:20] + "\n" + key[20:]} {
		if _, err := token.NewLogins(token.LoginConfig{Key: k, TTL: time.Hour}, now); err == nil {
			t.Errorf("the key %q is accepted", k)
		}
	}
	if _, err := token.NewLogins(token.LoginConfig{Key: strings.TrimRight(key, "="), TTL: time.Hour}, now); err != nil {
		t.Errorf("a key without padding: %v", err)
	}
	if _, err := token.NewLogins(token.LoginConfig{Key: key}, now); err == nil {
		t.Error("tokens that end at once are accepted")
	}
}
