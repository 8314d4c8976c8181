package store

import (
	"fmt"
	"strings"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// softDeleteMark parts the name of a deleted database from its number. No legal
// name has it.
const softDeleteMark = "~"

// softDeletedSlug is the name under which a deleted database is recorded while its
// files are soft-deleted.
func softDeletedSlug(name ayb.DatabaseSlug, id meta.DatabaseID) string {
	return fmt.Sprintf("%s%s%d", name, softDeleteMark, id)
}

// splitSlug tells the name a deleted database had and the key of its files on
// that place, which is its number; the key is empty for any other name.
func splitSlug(recorded string) (name ayb.DatabaseSlug, key string) {
	before, key, _ := strings.Cut(recorded, softDeleteMark)
	return ayb.DatabaseSlug(before), key
}

// originalSlug is the name to show of a database that may be deleted.
func originalSlug(recorded string) ayb.DatabaseSlug {
	name, _ := splitSlug(recorded)
	return name
}
