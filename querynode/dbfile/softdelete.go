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
		return "", errs.E(errs.Invalid, "The key of a deleted database is not valid")
	}
	return filepath.Join(d.root, "deleted", key), nil
}

// SoftDelete puts the files of a database away under a key, durably. One that has
// no files is no error; Conflict when there are files under both. No daemon of
// it may be running.
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
		return moveError(p, "put %s away: %w", err)
	}
	d.databaseCount.Add(-1)
	d.crashPoint()
	return d.removeEmptyOwner(p)
}

// Undelete brings the files back. Conflict when the path has files again;
// NotFound when there are none anywhere. When only the path has files, nothing
// is left to do.
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
			return fmt.Errorf("bring %s back: %w", p, err)
		case hasLink(home):
			return nil
		}
		return errs.RecordNotFound("deleted_database", key)
	}
	if err := move(deleted, home); err != nil {
		return moveError(p, "bring %s back: %w", err)
	}
	d.databaseCount.Add(1)
	return nil
}

// Purge removes what is under a key for good; nothing there is no error.
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

// move renames a directory durably. It replaces nothing but an empty one.
func move(from, to string) error {
	for first := true; ; first = false {
		if err := mkdirDurable(filepath.Dir(to)); err != nil {
			return err
		}
		err := os.Rename(from, to)
		if err == nil {
			break
		}
		if !first || !errors.Is(err, fs.ErrNotExist) { // else the parent went with its last database meanwhile
			return err
		}
	}
	return errors.Join(syncDir(filepath.Dir(to)), syncDir(filepath.Dir(from)))
}

func moveError(p ayb.DatabasePath, text string, err error) error {
	if notEmpty(err) {
		return errs.Wrap(errs.Conflict, err, "Database %s has files already", p)
	}
	return fmt.Errorf(text, p, err)
}
