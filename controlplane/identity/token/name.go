package token

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	maxNameRunes = 100
	maxLifetime  = 3650 * 24 * time.Hour
)

// CheckName checks the name of a token or of an application and trims white
// space. The name is shown to users, so it must not contain characters that are
// invisible or change the text around it. The error is Invalid.
func CheckName(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", errs.E(errs.Invalid, "The name can't be blank")
	case !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxNameRunes:
		return "", errs.E(errs.Invalid, "The name must be text of at most %d characters", maxNameRunes)
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", errs.E(errs.Invalid, "The name contains characters that can't be seen")
	}
	return s, nil
}

// ParseLifetime reads the lifetime of a token: a number of seconds, or a number
// with a unit such as 90m, 12h, 30d and 8w. The error is Invalid.
func ParseLifetime(s string) (time.Duration, error) {
	number, unit := s, time.Second
	if s != "" {
		if u, ok := map[byte]time.Duration{
			's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
		}[s[len(s)-1]]; ok {
			number, unit = s[:len(s)-1], u
		}
	}
	n, err := strconv.ParseUint(number, 10, 32)
	switch {
	case err != nil || strings.HasPrefix(number, "+"):
		return 0, errs.Wrap(errs.Invalid, err, "The lifetime of a token must look like 12h, 30d or 8w, or be a number of seconds")
	case n == 0:
		return 0, errs.E(errs.Invalid, "The lifetime of a token can't be zero")
	case n > uint64(maxLifetime/unit):
		return 0, errs.E(errs.Invalid, "The lifetime of a token can be %d days at most", maxLifetime/(24*time.Hour))
	}
	return time.Duration(n) * unit, nil
}
