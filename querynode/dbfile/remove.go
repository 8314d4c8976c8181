package dbfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Discard removes a database that was never written. Conflict when it was; the
// database then stays. A missing one is no error. It is called while no daemon
// has the database open.
func (d *Dir) Discard(p ayb.DatabasePath) error {
	if err := p.Check(); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	dir, err := d.versionDir(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("discard %s: %w", p, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, string(p.Database))); !errors.Is(err, fs.ErrNotExist) {
		return errs.E(errs.Conflict, "Database %s has been written, so it is not discarded", p)
	}
	return d.remove(p)
}

// Remove removes a database with all its versions, durably. A missing one is no
// error. It is called while no daemon has the database open.
func (d *Dir) Remove(p ayb.DatabasePath) error {
	if err := p.Check(); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	return d.remove(p)
}

// remove removes the home of a database.
func (d *Dir) remove(p ayb.DatabasePath) error {
	home := d.home(p)
	had := hasLink(home)
	err := d.removeDurably(home)
	if had && !hasLink(home) {
		d.databaseCount.Add(-1)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", p, err)
	}
	return d.removeEmptyOwner(p)
}

// removeDurably removes a directory; a missing one is no error. It first moves
// the directory to trash under a unique name. A crash in between leaves nothing
// that looks like a database, and the next Open empties trash.
func (d *Dir) removeDurably(dir string) error {
	if err := mkdirDurable(d.trash()); err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	gone := filepath.Join(d.trash(), id.String())
	err = os.Rename(dir, gone)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	d.crashPoint()
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return removeAll(gone)
}

// removeEmptyOwner removes the directory of an owner without databases.
func (d *Dir) removeEmptyOwner(p ayb.DatabasePath) error {
	if err := os.Remove(filepath.Dir(d.home(p))); err != nil && !errors.Is(err, fs.ErrNotExist) && !notEmpty(err) {
		return fmt.Errorf("remove the directory of %s: %w", p.Entity, err)
	}
	return nil
}
