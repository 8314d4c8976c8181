// Package ayb holds the nouns of the system and their rules: names, kinds of
// database and of account, access levels. It does no I/O and imports only
// shared/errs.
package ayb

import (
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// MaxSlugBytes is the longest name of an entity or a database.
const MaxSlugBytes = 128

// EntitySlug is the name of an account: folded to lower case, and checked by
// ParseEntitySlug when the account registers.
type EntitySlug string

// DatabaseSlug is the name of a database within its owner. Case counts.
type DatabaseSlug string

// ParseEntitySlug folds a name to lower case and checks it. The error is
// InvalidSlug; reserved names are the business of controlplane/identity/accounts.
func ParseEntitySlug(s string) (EntitySlug, error) {
	s = lower(s)
	if err := checkSlug("entity", s); err != nil {
		return "", err
	}
	return EntitySlug(s), nil
}

// FoldEntity folds a name to lower case without checking it, for look-ups.
func FoldEntity(s string) EntitySlug { return EntitySlug(lower(s)) }

// ParseDatabaseSlug checks the name of a database. The error is InvalidSlug.
func ParseDatabaseSlug(s string) (DatabaseSlug, error) {
	if err := checkSlug("database", s); err != nil {
		return "", err
	}
	return DatabaseSlug(s), nil
}

// lower folds ASCII letters only. Some other letters, such as the Kelvin sign,
// would become ASCII letters in lower case and could imitate a name.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}

func checkSlug(kind, s string) error {
	switch {
	case s == "":
		return errs.E(errs.InvalidSlug, "A %s slug can't be empty", kind)
	case len(s) > MaxSlugBytes:
		return errs.E(errs.InvalidSlug, "A %s slug can't be longer than %d bytes, but this one is %d bytes", kind, MaxSlugBytes, len(s))
	case s == "." || s == "..":
		return errs.E(errs.InvalidSlug, "Invalid %s slug: %s", kind, s)
	}
	for _, r := range s {
		if !isSlugRune(r) {
			return errs.E(errs.InvalidSlug, "Invalid %s slug: %s. Only letters, numbers, underscores, hyphens, and periods are allowed", kind, s)
		}
	}
	return nil
}

func isSlugRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		r == '-' || r == '_' || r == '.'
}

// DatabasePath names a database: its owner and its own name.
type DatabasePath struct {
	Entity   EntitySlug   `json:"entity"`
	Database DatabaseSlug `json:"database"`
}

// String returns entity/database.
func (p DatabasePath) String() string { return string(p.Entity) + "/" + string(p.Database) }

// Check checks both halves by the slug rules. Code that turns a path into file
// names calls it, also when its caller has checked the path. The error is
// InvalidSlug.
func (p DatabasePath) Check() error {
	if err := checkSlug("entity", string(p.Entity)); err != nil {
		return err
	}
	if string(p.Entity) != lower(string(p.Entity)) {
		return errs.E(errs.InvalidSlug, "Invalid entity slug: %s. Entity slugs are lower case", p.Entity)
	}
	return checkSlug("database", string(p.Database))
}
