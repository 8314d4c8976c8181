package dbfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

var deletedKey = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

func (d *Dir) deletedDir(key string) (string, error) {
	if !deletedKey.MatchString(key) {
		return "", errs.E(errs.Invalid, "The key of a deleted database has 1 to 64 lower-case letters, digits and hyphens")
	}
	return filepath.Join(d.root, "deleted", key), nil
}

// SoftDelete moves the files of a database from its path to a key, durably. A
// path without files is no error. Conflict when both have files. It is called
// while no daemon has the database open.
func (d *Dir) SoftDelete(p ayb.DatabasePath, key string) error {
	deleted, err := d.deletedDir(key)
	if err = errors.Join(p.Check(), err); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	home := d.home(p)
	if !hasLink(home) {
		return nil
	}
	if err := move(home, deleted); err != nil {
		return moveError(p, "soft-delete %s: %w", err)
	}
	d.databaseCount.Add(-1)
	d.crashPoint()
	return d.removeEmptyOwner(p)
}

// Undelete moves the files back from the key. Conflict when the path has files
// too, NotFound when neither has any. No error when only the path has files.
func (d *Dir) Undelete(p ayb.DatabasePath, key string) error {
	deleted, err := d.deletedDir(key)
	if err = errors.Join(p.Check(), err); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	home := d.home(p)
	if _, err := os.Lstat(deleted); err != nil {
		switch {
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("undelete %s: %w", p, err)
		case hasLink(home):
			return nil
		}
		return errs.RecordNotFound("deleted_database", key)
	}
	if err := move(deleted, home); err != nil {
		return moveError(p, "undelete %s: %w", err)
	}
	d.databaseCount.Add(1)
	return nil
}

// Purge removes the files of a key. A missing key is no error.
func (d *Dir) Purge(key string) error {
	deleted, err := d.deletedDir(key)
	if err != nil {
		return err
	}
	if err := d.removeDurably(deleted); err != nil {
		return fmt.Errorf("remove a deleted database: %w", err)
	}
	return nil
}

// move renames a directory durably. It replaces only an empty directory.
func move(from, to string) error {
	for first := true; ; first = false {
		if err := mkdirDurable(filepath.Dir(to)); err != nil {
			return err
		}
		err := os.Rename(from, to)
		if err == nil {
			break
		}
		if !first || !errors.Is(err, fs.ErrNotExist) { // else another call has removed the parent with its last database
			return err
		}
	}
	return errors.Join(syncDir(filepath.Dir(to)), syncDir(filepath.Dir(from)))
}

func moveError(p ayb.DatabasePath, text string, err error) error {
	if notEmpty(err) {
		return errs.Wrap(errs.Conflict, err, "Database %s already has files", p)
	}
	return fmt.Errorf(text, p, err)
}
