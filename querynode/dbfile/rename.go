package dbfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Rename moves a database to another path, durably. Its staged versions are
// removed. Conflict when the other path has files, NotFound when neither has
// any. No error when only the new path has files. It is called while no daemon
// has either database open.
//
// The files have the name of the database. Their new names are hard links in a
// version directory at the new path. Moving the link "current" there completes
// the rename. Before that the new path, and afterwards the old one, is a
// database without a live version, which Open removes.
func (d *Dir) Rename(from, to ayb.DatabasePath) error {
	if err := errors.Join(from.Check(), to.Check()); err != nil {
		return err
	}
	defer d.lockBoth(from, to)()
	if hasLink(d.home(to)) {
		if from == to || !hasLink(d.home(from)) {
			return nil
		}
		return errs.E(errs.Conflict, "Database %s already has files", to)
	}
	if !hasLink(d.home(from)) {
		return errs.RecordNotFound("database", from.String())
	}
	dir, err := d.versionDir(from)
	if err != nil {
		return missingFiles(from, err)
	}
	if err := d.rename(from, to, dir); err != nil {
		return fmt.Errorf("rename %s: %w", from, err)
	}
	return nil
}

func (d *Dir) rename(from, to ayb.DatabasePath, dir string) error {
	version := filepath.Join(d.home(to), filepath.Base(dir))
	if err := d.removeDurably(version); err != nil { // of an earlier attempt
		return err
	}
	if err := mkdirDurable(version); err != nil {
		return err
	}
	d.crashPoint()
	for _, side := range append([]string{""}, d.Kind(from).ContentFiles...) {
		if err := link(filepath.Join(dir, string(from.Database)+side), filepath.Join(version, string(to.Database)+side)); err != nil {
			return errors.Join(err, d.removeDurably(version), d.removeEmptyHome(to))
		}
		d.crashPoint()
	}
	if err := syncDir(version); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(d.home(from), current), filepath.Join(d.home(to), current)); err != nil {
		return err
	}
	d.crashPoint()
	if err := errors.Join(syncDir(d.home(to)), syncDir(d.home(from)), d.setCurrent(d.home(to), version)); err != nil {
		return err
	}
	d.crashPoint()
	if err := d.removeDurably(d.home(from)); err != nil {
		return err
	}
	return d.removeEmptyOwner(from)
}

// link makes a hard link to a regular file. A missing file is no error.
func link(file, name string) error {
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", filepath.Base(file))
	}
	return os.Link(file, name)
}

// lockBoth takes the locks of two databases, which may share one.
func (d *Dir) lockBoth(a, b ayb.DatabasePath) (unlock func()) {
	i, j := min(d.slot(a), d.slot(b)), max(d.slot(a), d.slot(b))
	d.locks[i].Lock()
	if i != j {
		d.locks[j].Lock()
	}
	return func() {
		if i != j {
			d.locks[j].Unlock()
		}
		d.locks[i].Unlock()
	}
}
