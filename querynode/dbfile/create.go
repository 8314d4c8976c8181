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

// Create makes the directories of a database durably. Existing directories stay
// as they are.
func (d *Dir) Create(p ayb.DatabasePath) error {
	if err := p.Check(); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	home := d.home(p)
	// A version that cannot be read must not be replaced.
	if _, err := d.versionDir(p); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("name a version of %s: %w", p, err)
	}
	version := filepath.Join(home, id.String())
	if err := mkdirDurable(version); err != nil {
		return fmt.Errorf("create %s: %w", p, err)
	}
	err = os.Symlink(version, filepath.Join(home, current))
	if errors.Is(err, fs.ErrExist) {
		return d.finishCreate(p, version)
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", p, err)
	}
	d.databaseCount.Add(1)
	return syncDir(home)
}

// finishCreate ends a Create that found a link. Either another Create was
// faster, and its version may hold data; or the link leads nowhere and is
// replaced.
func (d *Dir) finishCreate(p ayb.DatabasePath, version string) error {
	_, err := d.versionDir(p)
	if errors.Is(err, fs.ErrNotExist) {
		return d.setCurrent(d.home(p), version)
	}
	if err != nil {
		return err
	}
	if err := os.Remove(version); err != nil {
		return fmt.Errorf("create %s: %w", p, err)
	}
	return nil
}

// setCurrent makes version the live one, durably.
func (d *Dir) setCurrent(home, version string) error {
	next := filepath.Join(home, current+".tmp")
	// A crash between the two steps below leaves the link behind.
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clear %s: %w", next, err)
	}
	if err := os.Symlink(version, next); err != nil {
		return fmt.Errorf("link a version: %w", err)
	}
	if err := os.Rename(next, filepath.Join(home, current)); err != nil {
		return fmt.Errorf("switch versions: %w", err)
	}
	return syncDir(home)
}
