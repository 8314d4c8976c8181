package token_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/shared/errs"
)

const someKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="

func TestCodes(t *testing.T) {
	a, b := token.NewCode(), token.NewCode()
	if len(a) != 43 || strings.ContainsAny(a, "+/=") || a == b {
		t.Errorf("codes %q, %q", a, b)
	}
	if hash := token.HashCode(a); hash == token.HashCode(b) || hash != token.HashCode(a) {
		t.Error("a hash does not stand for its code")
	}
}

// Each purpose and each server has its own key, different from the Fernet key.
func TestDeriveKey(t *testing.T) {
	derive := func(key, purpose string) [32]byte {
		t.Helper()
		k, err := token.DeriveKey(token.LoginConfig{Key: key, TTL: time.Hour}, purpose)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	other := "dTP6YWiMRoA4b3yqMMEGGRmfyRuCPLF7HJfHHFNFhYo="
	seen := map[[32]byte]bool{}
	for _, k := range [][32]byte{derive(someKey, "a"), derive(someKey, "b"), derive(other, "a"), derive(other, "b"), {}} {
		if seen[k] {
			t.Errorf("%x twice", k)
		}
		seen[k] = true
	}
	if derive(someKey, "a") != derive(strings.TrimRight(someKey, "="), "a") {
		t.Error("one key written in two ways gives two")
	}
	if _, err := token.DeriveKey(token.LoginConfig{Key: "short"}, "a"); !errs.Is(err, errs.Invalid) {
		t.Errorf("a bad key: %v", err)
	}
}

func TestCheckName(t *testing.T) {
	for in, want := range map[string]string{
		"My App": "My App", "  padded\t": "padded", "Über ✓ 名前": "Über ✓ 名前", strings.Repeat("å", 100): strings.Repeat("å", 100),
		"": "", "   ": "", strings.Repeat("a", 101): "", "a\nb": "", "a\x00b": "", "a\u202eb": "", "a\u200bb": "", "a\xffb": "", "a\u2028b": "",
	} {
		got, err := token.CheckName(in)
		if got != want || (err == nil) != (want != "") || err != nil && !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestParseLifetime(t *testing.T) {
	day := 24 * time.Hour
	for in, want := range map[string]time.Duration{
		"1": time.Second, "3600": time.Hour, "90s": 90 * time.Second, "15m": 15 * time.Minute, "12h": 12 * time.Hour,
		"30d": 30 * day, "8w": 56 * day, "3650d": 3650 * day, "315360000": 3650 * day,
		"": 0, "d": 0, "0": 0, "0d": 0, "-1": 0, "+1": 0, "1.5h": 0, "1h30m": 0, "1y": 0, " 1d": 0, "1 d": 0,
		"3651d": 0, "315360001": 0, "4294967295w": 0, "99999999999999999999": 0, "٣d": 0, "1e3": 0,
	} {
		got, err := token.ParseLifetime(in)
		if got != want || (err == nil) != (want != 0) || err != nil && !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}
