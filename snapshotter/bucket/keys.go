package bucket

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/ayb"
)

// id is the only form of an id: a BLAKE3-256 hash in lower-case hex.
var id = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ValidID tells whether a text can be the id of a snapshot. What is not never
// gets near a key: `..` or a slash in it would reach others' snapshots.
func ValidID(text string) bool { return id.MatchString(text) }

// keyLayout knows where in the bucket objects are.
type keyLayout struct {
	// write is what stands before ENTITY/DATABASE/ID in a new object's key.
	write string
	// read are all beginnings under which objects may be found: write, and
	// what other servers of this kind make of the same configuration.
	read []string
}

// newKeyLayout follows the layout that existing buckets have: with path style the
// name of the bucket comes again as the first part of the key. A blank prefix
// leaves no empty part (pitfall N3), nor does a // within one: a store that keeps
// files has no such keys, and lists nothing under them. What was written with
// empty parts elsewhere is found. The configuration has no . and .. for parts.
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

// databasePart is the end of the prefixes of a database's objects.
func databasePart(p ayb.DatabasePath) string { return p.String() + "/" }

// object is the key of a new object.
func (k keyLayout) object(p ayb.DatabasePath, id string) string {
	return k.write + databasePart(p) + id
}

// prefixes are where the objects of a database may be.
func (k keyLayout) prefixes(p ayb.DatabasePath) []string {
	var out []string
	for _, r := range k.read {
		out = append(out, r+databasePart(p))
	}
	return out
}

// roots are the fewest prefixes that together hold everything.
func (k keyLayout) roots() []string {
	var out []string
	for _, r := range k.read {
		if !slices.ContainsFunc(k.read, func(other string) bool { return other != r && strings.HasPrefix(r, other) }) {
			out = append(out, r)
		}
	}
	return out
}

// parse tells whose object a key is; ok is false for what is none of ours.
func (k keyLayout) parse(key string) (p ayb.DatabasePath, id string, ok bool) {
	// A longer beginning is the more exact one.
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
