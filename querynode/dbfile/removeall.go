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

// batch is how many entries of a directory are looked at together.
const batch = 256

// removeAll removes a path with everything below it; what is not there is no
// error. A hostile daemon may have made directories within directories, as many
// and as deep as its disk holds, and without permissions: two files are open at
// a time, paths stay short, and the memory does not depend on what is there,
// for a directory that has others in it gives them to the one at the top.
//
// Nobody else may be changing what is below the path. Links are not followed.
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

// removeContents removes what is in a directory.
func removeContents(top string) error {
	return each(top, func(e fs.DirEntry) error {
		dir := filepath.Join(top, e.Name())
		if !e.IsDir() {
			return ignoreNotExist(os.Remove(dir))
		}
		if os.Remove(dir) == nil { // most are empty
			return nil
		}
		err := each(dir, func(e fs.DirEntry) error { return moveUp(filepath.Join(dir, e.Name()), e, top) })
		return errors.Join(err, ignoreNotExist(os.Remove(dir)))
	})
}

// moveUp removes an entry of a directory, or moves it to the top when there is
// something in it.
func moveUp(path string, e fs.DirEntry, top string) error {
	err := ignoreNotExist(os.Remove(path))
	if err == nil || !e.IsDir() {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	if err := os.Chmod(path, dirMode); err != nil { // it has to be changed to move
		return err
	}
	return os.Rename(path, filepath.Join(top, id.String()))
}

// each calls do for what is in a directory until nothing is left. The error is
// the first one of a time when nothing could be removed.
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

// readSome gives the first entries of a directory, which gets the permissions that
// this needs.
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

// ignoreNotExist takes what is not there for removed.
func ignoreNotExist(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
