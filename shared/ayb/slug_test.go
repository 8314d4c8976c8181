package ayb

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

func TestSlugs(t *testing.T) {
	long := strings.Repeat("a", MaxSlugBytes)
	tests := []struct {
		in      string
		entity  string // what it folds to; empty when refused
		message string
	}{
		{"alice", "alice", ""},
		{"ValiDUSer445", "validuser445", ""},
		{"my-company", "my-company", ""},
		{"a.b_c-9", "a.b_c-9", ""},
		{long, long, ""},
		{"", "", "A entity slug can't be empty"},
		{long + "a", "", "A entity slug can't be longer than 128 bytes, but this one is 129 bytes"},
		{".", "", "Invalid entity slug: ."},
		{"..", "", "Invalid entity slug: .."},
		{"a/b", "", "Invalid entity slug: a/b. Only letters, numbers, underscores, hyphens, and periods are allowed"},
		{"a b", "", "Invalid entity slug: a b. Only letters, numbers, underscores, hyphens, and periods are allowed"},
		{"\u212Aelvin", "", "Invalid entity slug: \u212Aelvin. Only letters, numbers, underscores, hyphens, and periods are allowed"},
	}
	for _, tt := range tests {
		got, err := ParseEntitySlug(tt.in)
		if string(got) != tt.entity {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.entity)
		}
		if (err != nil) != (tt.message != "") || err != nil && (errs.Public(err).Message != tt.message || !errs.Is(err, errs.InvalidSlug)) {
			t.Errorf("%q: %v, want %q", tt.in, err, tt.message)
		}
	}
	if got, err := ParseDatabaseSlug("Shop.sqlite"); err != nil || got != "Shop.sqlite" {
		t.Errorf("a database's name was changed to %q, %v", got, err)
	}
}

// Only ASCII is folded: a similar sign must not lead to another account.
func TestFoldEntity(t *testing.T) {
	for in, want := range map[string]EntitySlug{"ALICE": "alice", "\u212Aate": "\u212Aate", "\u0130x": "\u0130x"} {
		if got := FoldEntity(in); got != want {
			t.Errorf("%q folds to %q", in, got)
		}
	}
}

func TestPathCheck(t *testing.T) {
	for path, ok := range map[DatabasePath]bool{
		{"alice", "Shop.sqlite"}: true, {"Alice", "a"}: false, {"alice", ".."}: false, {"..", "a"}: false, {"alice", "a/b"}: false,
	} {
		if err := path.Check(); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestLevels(t *testing.T) {
	if _, err := ParseSharingLevel("admin"); errs.Public(err).Message != "Unknown value: admin; it can be no-access, read-only, read-write, manager" {
		t.Errorf("got %v", err)
	}
	for _, s := range []string{"no-access", "read-only", "read-write", "manager"} {
		if got, err := ParseSharingLevel(s); err != nil || string(got) != s {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	if _, err := ParsePublicLevel("manager"); err == nil {
		t.Error("manager is no public level")
	}
	if _, err := ParseQueryLevel(""); err == nil {
		t.Error("no level is no permission to query")
	}
}
