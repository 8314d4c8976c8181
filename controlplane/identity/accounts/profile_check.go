package accounts

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// The limits of a profile. They are checked here and not by the database, so
// that they are the same with SQLite and PostgreSQL.
const (
	maxName        = 256  // characters of a line
	maxDescription = 4096 // characters
	maxLinks       = 20
	maxLink        = 2048 // bytes
)

// checkProfile checks the values of an update. The error is Invalid.
func checkProfile(u meta.ProfileUpdate) error {
	for _, f := range []struct {
		name  string
		to    meta.Change[*string]
		most  int
		lines bool
	}{
		{"display_name", u.DisplayName, maxName, false},
		{"description", u.Description, maxDescription, true},
		{"organization", u.Organization, maxName, false},
		{"location", u.Location, maxName, false},
	} {
		if f.to.Set && f.to.To != nil {
			if err := checkText(f.name, *f.to.To, f.most, f.lines); err != nil {
				return err
			}
		}
	}
	if len(u.Links.To) > maxLinks {
		return errs.E(errs.Invalid, "A profile can have at most %d links, not %d", maxLinks, len(u.Links.To))
	}
	for _, l := range u.Links.To {
		if err := checkLink(l.URL); err != nil {
			return err
		}
	}
	return nil
}

func checkText(name, text string, most int, lines bool) error {
	if n := utf8.RuneCountInString(text); n > most {
		return errs.E(errs.Invalid, "`%s` can be at most %d characters long, but this one is %d", name, most, n)
	}
	control := func(r rune) bool {
		return unicode.IsControl(r) && !(lines && (r == '\n' || r == '\r' || r == '\t'))
	}
	if strings.ContainsFunc(text, control) {
		return errs.E(errs.Invalid, "`%s` contains characters that can't be shown", name)
	}
	return nil
}

// checkLink accepts absolute http and https addresses only. Other schemes, such
// as javascript:, would be a trap for visitors of the profile. An accepted link
// is stored unchanged.
func checkLink(text string) error {
	if len(text) > maxLink {
		return errs.E(errs.Invalid, "A link can be at most %d bytes long, but this one is %d", maxLink, len(text))
	}
	u, err := url.Parse(text)
	shown := text[:min(len(text), 100)]
	switch {
	case err != nil || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return errs.Wrap(errs.Invalid, err, "Failed to parse URL: %q is not a URL", shown)
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errs.E(errs.Invalid, "Failed to parse URL: %q is not an absolute http:// or https:// address", shown)
	case u.User != nil:
		return errs.E(errs.Invalid, "Failed to parse URL: a link must not contain a user name or password")
	}
	return nil
}
