package dbfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/ayb-go/ayb/querynode/engine/kind"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// openInside opens a regular file of a version for reading. Links cannot lead
// out of the version, and a named pipe does not block.
func openInside(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// syncVersion makes the files of a version survive a power cut. The version
// must have a database file.
func syncVersion(p ayb.DatabasePath, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("sync a version of %s: %w", p, err)
	}
	defer func() { _ = root.Close() }() // nothing was written through it
	file := string(p.Database)
	if err := syncFile(root, file); err != nil {
		return errs.Wrap(errs.Invalid, err, "The new state of database %s is not complete", p)
	}
	for _, side := range kind.SQLite().ContentFiles {
		if err := syncFile(root, file+side); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errs.Wrap(errs.Invalid, err, "The new state of database %s is not complete", p)
		}
	}
	return syncDir(dir)
}

func syncFile(root *os.Root, name string) error {
	f, err := openInside(root, name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// TakeOverTemp opens a file that a daemon has made in the temp directory, and
// removes its name. Closing the file frees its space.
func (v Version) TakeOverTemp(name string) (*os.File, error) {
	root, err := os.OpenRoot(v.Dir)
	if err != nil {
		return nil, fmt.Errorf("take over a temporary file: %w", err)
	}
	defer func() { _ = root.Close() }() // nothing was written through it
	path := filepath.Join(tempName, name)
	f, err := openInside(root, path)
	if rerr := root.Remove(path); err == nil && rerr != nil {
		err = errors.Join(rerr, f.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("take over a temporary file: %w", err)
	}
	return f, nil
}

// RemoveTemp removes an unfinished file of a daemon in the temp directory, and
// the files beside it.
func (v Version) RemoveTemp(name string) error {
	root, err := os.OpenRoot(v.Dir)
	if err != nil {
		return fmt.Errorf("remove a temporary file: %w", err)
	}
	defer func() { _ = root.Close() }() // nothing was written through it
	for _, side := range append([]string{""}, kind.SQLite().ContentFiles...) {
		if rerr := root.Remove(filepath.Join(tempName, name+side)); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("remove a temporary file: %w", rerr))
		}
	}
	return err
}

// NewFile makes the database file of an empty version.
func (v Version) NewFile() (*os.File, error) {
	root, err := os.OpenRoot(v.Dir)
	if err != nil {
		return nil, fmt.Errorf("make a database file: %w", err)
	}
	defer func() { _ = root.Close() }() // nothing was written through it
	f, err := root.OpenFile(filepath.Base(v.File), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a database file: %w", err)
	}
	return f, nil
}

// Clear removes all files of a version. It is called while no daemon has the
// version open.
func (v Version) Clear() error {
	if err := removeContents(v.Dir); err != nil {
		return fmt.Errorf("clear a version: %w", err)
	}
	return nil
}
