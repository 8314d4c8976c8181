package store

import (
	"fmt"
	"strings"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// shelfMark parts the name of a deleted database from its number. No legal
// name has it.
const shelfMark = "~"

// shelved is the name under which a deleted database is recorded while its
// files are on the shelf.
func shelved(name ayb.DatabaseSlug, id meta.DatabaseID) string {
	return fmt.Sprintf("%s%s%d", name, shelfMark, id)
}

// onShelf tells the name a deleted database had and the key of its files on
// the shelf, which is its number; the key is empty for any other name.
func onShelf(recorded string) (name ayb.DatabaseSlug, key string) {
	before, key, _ := strings.Cut(recorded, shelfMark)
	return ayb.DatabaseSlug(before), key
}

// withoutShelf is the name to show of a database that may be deleted.
func withoutShelf(recorded string) ayb.DatabaseSlug {
	name, _ := onShelf(recorded)
	return name
}
