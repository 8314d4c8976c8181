package accounts

import (
	"crypto/rand"
	_ "embed" // for reserved.txt
	"net/mail"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

//go:embed reserved.txt
var reservedText string

func reservedNames() map[string]struct{} {
	names := map[string]struct{}{}
	for line := range strings.Lines(reservedText) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			names[line] = struct{}{}
		}
	}
	return names
}

// parseName checks the name of a new entity: the slug rules, then the
// reserved names.
func (a *Accounts) parseName(s string) (ayb.EntitySlug, error) {
	slug, err := ayb.ParseEntitySlug(s)
	if err != nil {
		return "", err
	}
	if _, ok := a.reserved[string(slug)]; ok {
		return "", errs.E(errs.Registration, "Username '%s' is reserved and cannot be used", slug)
	}
	return slug, nil
}

const (
	maxAddressBytes = 254 // RFC 5321
	maxLocalBytes   = 64
)

// ParseAddress checks a mail address and folds it to lower case. It accepts the
// plain form name@domain in visible ASCII only, without display name, comment or
// quoted name. An accepted address cannot add a header or a second recipient to
// a mail. The error is Registration.
func ParseAddress(s string) (string, error) {
	typed := s
	s = strings.ToLower(s)
	local, domain, ok := strings.Cut(s, "@")
	parsed, err := mail.ParseAddress(s)
	switch {
	case len(s) > maxAddressBytes || len(local) > maxLocalBytes:
		return "", errs.E(errs.Registration, "The mail address is too long")
	case !ok || err != nil || parsed.Name != "" || parsed.Address != s || !isPlainAddress(typed) || !isDomain(domain):
		return "", errs.E(errs.Registration, "The mail address is not valid; it must look like name@example.org")
	}
	return s, nil
}

// isPlainAddress reports whether an address consists of visible ASCII without
// the special characters of quoted names, comments and lists.
func isPlainAddress(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>[\]`, r)
	})
}

func isDomain(s string) bool {
	return !slices.ContainsFunc(strings.Split(s, "."), func(label string) bool {
		return label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool {
				return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
			})
	})
}

func newMailID() string { return rand.Text() }
