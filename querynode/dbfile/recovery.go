package dbfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/ayb-go/ayb/shared/ayb"
)

// recover removes the files that a crash has left, and counts the databases.
// Files that cannot be removed stay: a hostile daemon may have made them, and
// the other databases have to be served.
func (d *Dir) recover() (databases int, err error) {
	err = d.homes(func(p ayb.DatabasePath, home string) {
		if d.recoverHome(p, home) {
			databases++
		}
	})
	_ = removeAll(d.outgoing())
	_ = removeAll(d.trash())
	return databases, err
}

// homes calls fn for the directory of every database. It ignores other files.
func (d *Dir) homes(fn func(p ayb.DatabasePath, home string)) error {
	root := filepath.Join(d.root, "databases")
	owners, err := os.ReadDir(root)
	if err != nil {
		return fmt.Errorf("list databases: %w", err)
	}
	for _, o := range owners {
		if !o.IsDir() {
			continue
		}
		owner := filepath.Join(root, o.Name())
		dbs, err := os.ReadDir(owner)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // removed with its last database
			return fmt.Errorf("list databases: %w", err)
		}
		for _, db := range dbs {
			if db.IsDir() {
				p := ayb.DatabasePath{Entity: ayb.EntitySlug(o.Name()), Database: ayb.DatabaseSlug(db.Name())}
				fn(p, filepath.Join(owner, db.Name()))
			}
		}
	}
	return nil
}

// recoverHome removes leftovers of one database, and reports whether the
// database exists. It changes nothing when the link is broken: the operator has
// to examine it.
func (d *Dir) recoverHome(p ayb.DatabasePath, home string) bool {
	_ = os.Remove(filepath.Join(home, current+".tmp"))
	live := ""
	if hasLink(home) {
		dir, err := liveDir(home)
		if err != nil {
			return true
		}
		live = filepath.Base(dir)
		_ = removeAll(filepath.Join(dir, tempName))
	}
	for _, v := range versions(home) {
		if v != live {
			_ = d.removeDurably(filepath.Join(home, v))
		}
	}
	if live != "" {
		return true
	}
	if os.Remove(home) == nil {
		_ = d.removeEmptyOwner(p)
	}
	return false
}

// versions are the names of the version directories in a home.
func versions(home string) []string {
	entries, err := os.ReadDir(home)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && isVersion(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out
}

// isVersion reports whether a name is that of a version directory.
func isVersion(name string) bool {
	id, err := uuid.Parse(name)
	return err == nil && id.String() == name
}

// Outgoing is an existing directory for files that are sent to an object store.
// Open empties it.
func (d *Dir) Outgoing() (string, error) {
	if err := mkdirDurable(d.outgoing()); err != nil {
		return "", fmt.Errorf("make the directory of outgoing files: %w", err)
	}
	return d.outgoing(), nil
}

func (d *Dir) outgoing() string { return filepath.Join(d.root, "outgoing") }
