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

// Size is the room that a database takes, in bytes.
type Size struct {
	Database int64 // 0 before it has been written
	WAL      int64 // the log of what is not in the file yet
}

// Size looks at the files of a database, which may be in use. The error is
// Engine when this node does not have it.
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
		// What is no file was put there by a hostile daemon.
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return Size{}, fmt.Errorf("look at the files of %s: %w", p, err)
		case info.Mode().IsRegular():
			*size = info.Size()
		}
	}
	return s, nil
}

// missingFiles says that the node does not have a database it should have.
func missingFiles(p ayb.DatabasePath, err error) error {
	return errs.Wrap(errs.Engine, err, "The files of database %s are not on its query node; tell the operator", p)
}
