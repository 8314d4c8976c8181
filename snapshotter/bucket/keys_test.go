package bucket

import (
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
)

var (
	shop = ayb.DatabasePath{Entity: "e2e-first", Database: "test.sqlite"}
	hash = strings.Repeat("0a", 32)
)

// N3, N4: where objects are written and looked for, by configuration.
func TestKeys(t *testing.T) {
	rest := "e2e-first/test.sqlite/"
	for _, c := range []struct {
		name, prefix string
		pathStyle    bool
		write        string
		read         []string
		roots        []string
	}{
		{"plain", "sqlite", false, "sqlite/", []string{"sqlite/"}, []string{"sqlite/"}},
		{"path style doubles the bucket", "sqlite", true, "bucket/sqlite/", []string{"bucket/sqlite/"}, []string{"bucket/sqlite/"}},
		{"blank", "", false, "", []string{""}, []string{""}},
		{"spaces are blank", "  ", false, "", []string{""}, []string{""}},
		{"blank with path style", "", true, "bucket/", []string{"bucket/", "bucket//"}, []string{"bucket/"}},
		{"slash at the end", "a/", false, "a/", []string{"a/", "a//"}, []string{"a/"}},
		{"slash at the beginning", "/a", false, "a/", []string{"a/", "/a/"}, []string{"a/", "/a/"}},
		{"an empty part", "a//b", false, "a/b/", []string{"a/b/", "a//b/"}, []string{"a/b/", "a//b/"}},
		{"empty parts everywhere", "//a///b//", true, "bucket/a/b/", []string{"bucket/a/b/", "bucket///a///b///"}, []string{"bucket/a/b/", "bucket///a///b///"}},
		{"only slashes", "//", false, "", []string{"", "///"}, []string{""}},
		{"two parts", "a/b", true, "bucket/a/b/", []string{"bucket/a/b/"}, []string{"bucket/a/b/"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKeyLayout("bucket", c.prefix, c.pathStyle)
			if k.write != c.write || !slices.Equal(k.read, c.read) || !slices.Equal(k.roots(), c.roots) {
				t.Errorf("write %q, read %q, roots %q", k.write, k.read, k.roots())
			}
			if got := k.object(shop, hash); got != c.write+rest+hash {
				t.Errorf("key %q", got)
			}
			for i, p := range k.prefixes(shop) {
				if p != c.read[i]+rest {
					t.Errorf("prefix %q", p)
				}
				if path, id, ok := k.parse(p + hash); !ok || path != shop || id != hash {
					t.Errorf("%q is of %v %q %v", p+hash, path, id, ok)
				}
			}
		})
	}
}

func TestWhatIsNoneOfOurs(t *testing.T) {
	k := newKeyLayout("bucket", "sqlite", false)
	for _, key := range []string{
		"", "sqlite/", "other/a/b/" + hash, "sqlite/a/" + hash, "sqlite/a/b/c/" + hash, "sqlite/a/b/" + hash + "/x", "sqlite/a/b/" + strings.ToUpper(hash),
		"sqlite/a/b/" + hash[1:], "sqlite/../b/" + hash, "sqlite/A/b/" + hash, "sqlite//b/" + hash, "sqlite/a/ü/" + hash, "sqlite/a/b/notes.txt",
	} {
		if p, id, ok := k.parse(key); ok {
			t.Errorf("%q is taken for %v %s", key, p, id)
		}
	}
}

// Only ids become part of a key.
func TestValidID(t *testing.T) {
	for _, bad := range []string{
		"", "..", "../" + hash, hash + "/..", hash + "\n", "\n" + hash, hash[:63], hash + "0", strings.ToUpper(hash), strings.Repeat("g", 64),
		"../../bob/secret.sqlite/" + hash, strings.Repeat("../", 21) + "x", hash[:62] + "é",
	} {
		if ValidID(bad) {
			t.Errorf("%q is an id", bad)
		}
	}
	if !ValidID(hash) {
		t.Error("an id is none")
	}
}

// The parts of an upload add up to its size and are few enough for one message.
// All but the last have the minimum size of stores.
func TestParts(t *testing.T) {
	for _, size := range []int64{defaultPartSize + 1, 2 * defaultPartSize, 2*defaultPartSize + 1, 100 << 30, 5 << 40} {
		list := splitParts(size, defaultPartSize)
		var sum int64
		for i, n := range list {
			sum += n
			if n <= 0 || n > 11<<30 || i < len(list)-1 && n < defaultPartSize {
				t.Errorf("part %d of %d has %d bytes", i, size, n)
			}
		}
		if sum != size || len(list) > maxParts || len(list) < 2 {
			t.Errorf("%d parts of together %d for %d", len(list), sum, size)
		}
	}
}
