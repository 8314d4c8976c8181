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

// Size is the size of a database, in bytes.
type Size struct {
	Database int64 // 0 before the first write
	WAL      int64 // the log of changes that are not in the file yet
}

// Size measures the files of a database, which may be in use. The error is
// Engine when this node does not have the database.
func (d *Dir) Size(p ayb.DatabasePath) (Size, error) {
	if err := p.Check(); err != nil {
		return Size{}, err
	}
	dir, err := d.versionDir(p)
	if err != nil {
		return Size{}, missingFiles(p, err)
	}
	file := filepath.Join(dir, string(p.Database))
	var s Size
	for path, size := range map[string]*int64{file: &s.Database, file + d.Kind(p).Log: &s.WAL} {
		// Only a hostile daemon makes anything but a regular file.
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return Size{}, fmt.Errorf("measure the files of %s: %w", p, err)
		case info.Mode().IsRegular():
			*size = info.Size()
		}
	}
	return s, nil
}

// missingFiles is the error of a database whose files this node should have.
func missingFiles(p ayb.DatabasePath, err error) error {
	return errs.Wrap(errs.Engine, err, "The files of database %s are not on its query node; tell the operator", p)
}
