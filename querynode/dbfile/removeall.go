package dbfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"
)

// batch is the number of directory entries that are read at a time.
const batch = 256

// removeAll removes a path with everything below it; a missing path is no
// error. A hostile daemon may have made directories without permissions, as
// many and as deeply nested as its disk holds. So entries of a nested directory
// are moved up to the top. Then at most two files are open at a time, paths
// stay short, and memory use does not depend on the contents.
//
// No other process may change the contents. Links are not followed.
func removeAll(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		if err := removeContents(path); err != nil {
			return err
		}
	}
	return ignoreNotExist(os.Remove(path))
}

// removeContents removes the contents of a directory.
func removeContents(top string) error {
	return each(top, func(e fs.DirEntry) error {
		dir := filepath.Join(top, e.Name())
		if !e.IsDir() {
			return ignoreNotExist(os.Remove(dir))
		}
		if os.Remove(dir) == nil { // most directories are empty
			return nil
		}
		err := each(dir, func(e fs.DirEntry) error { return moveUp(filepath.Join(dir, e.Name()), e, top) })
		return errors.Join(err, ignoreNotExist(os.Remove(dir)))
	})
}

// moveUp removes an entry of a directory, or moves it to the top if it is a
// directory with contents.
func moveUp(path string, e fs.DirEntry, top string) error {
	err := ignoreNotExist(os.Remove(path))
	if err == nil || !e.IsDir() {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	if err := os.Chmod(path, dirMode); err != nil { // a rename changes the directory itself
		return err
	}
	return os.Rename(path, filepath.Join(top, id.String()))
}

// each calls do for the entries of a directory until it is empty. It fails with
// the first error of a pass that removes nothing.
func each(dir string, do func(fs.DirEntry) error) error {
	for {
		entries, err := readSome(dir)
		if err != nil || len(entries) == 0 {
			return err
		}
		var failed error
		done := 0
		for _, e := range entries {
			if err := do(e); err == nil {
				done++
			} else if failed == nil {
				failed = err
			}
		}
		if done == 0 {
			return failed
		}
	}
}

// readSome returns the first entries of a directory, and gives the directory
// the permissions that it needs for that.
func readSome(dir string) ([]fs.DirEntry, error) {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		if err = os.Chmod(dir, dirMode); err == nil {
			f, err = os.Open(dir)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&dirMode != dirMode {
		if err := f.Chmod(dirMode); err != nil {
			return nil, err
		}
	}
	entries, err := f.ReadDir(batch)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return entries, nil
}

// ignoreNotExist treats a missing file as removed.
func ignoreNotExist(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
