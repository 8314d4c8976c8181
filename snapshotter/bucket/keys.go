package bucket

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/ayb"
)

// id matches a BLAKE3-256 hash in lower-case hex, the only form of an id.
var id = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ValidID reports whether a text has the form of a snapshot's id. Only such
// texts become part of a key: with `..` or a slash, a key could name another
// database's snapshots.
func ValidID(text string) bool { return id.MatchString(text) }

// keyLayout maps databases and ids to keys of the bucket.
type keyLayout struct {
	// write precedes ENTITY/DATABASE/ID in the key of a new object.
	write string
	// read lists all prefixes of objects: write, and the prefix that other
	// servers of this kind derive from the same configuration.
	read []string
}

// newKeyLayout follows the layout of existing buckets: with path style the name
// of the bucket is the first part of the key, too. New keys have no empty part,
// from a blank prefix or a // within one, because stores that keep files do not
// list such keys. Objects whose keys have empty parts are still found. The
// configuration rejects the parts . and .. earlier.
func newKeyLayout(bucket, prefix string, pathStyle bool) keyLayout {
	if pathStyle {
		bucket += "/"
	} else {
		bucket = ""
	}
	raw := strings.TrimSpace(prefix)
	k := keyLayout{write: bucket}
	for part := range strings.SplitSeq(raw, "/") {
		if part != "" {
			k.write += part + "/"
		}
	}
	k.read = []string{k.write}
	if old := bucket + raw + "/"; old != k.write && old != "/" {
		k.read = append(k.read, old)
	}
	return k
}

// databasePart is the last part of the prefix of a database's objects.
func databasePart(p ayb.DatabasePath) string { return p.String() + "/" }

// object is the key of a new object.
func (k keyLayout) object(p ayb.DatabasePath, id string) string {
	return k.write + databasePart(p) + id
}

// prefixes returns all prefixes of a database's objects.
func (k keyLayout) prefixes(p ayb.DatabasePath) []string {
	var out []string
	for _, r := range k.read {
		out = append(out, r+databasePart(p))
	}
	return out
}

// roots returns the fewest prefixes that together cover all objects.
func (k keyLayout) roots() []string {
	var out []string
	for _, r := range k.read {
		if !slices.ContainsFunc(k.read, func(other string) bool { return other != r && strings.HasPrefix(r, other) }) {
			out = append(out, r)
		}
	}
	return out
}

// parse splits a key; ok is false if the key is not that of a snapshot.
func (k keyLayout) parse(key string) (p ayb.DatabasePath, id string, ok bool) {
	// The longest matching prefix is the right one.
	best := -1
	for i, r := range k.read {
		if strings.HasPrefix(key, r) && (best < 0 || len(r) > len(k.read[best])) {
			best = i
		}
	}
	if best < 0 {
		return p, "", false
	}
	parts := strings.Split(key[len(k.read[best]):], "/")
	if len(parts) != 3 || !ValidID(parts[2]) {
		return p, "", false
	}
	p = ayb.DatabasePath{Entity: ayb.EntitySlug(parts[0]), Database: ayb.DatabaseSlug(parts[1])}
	return p, parts[2], p.Check() == nil
}
