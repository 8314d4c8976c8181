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

// StagedVersion names a staged version.
type StagedVersion struct {
	Path    ayb.DatabasePath
	Version string
}

// Stage makes a new, empty version of a database and returns its name. The
// database need not exist. The next Open removes the version unless it is live.
func (d *Dir) Stage(p ayb.DatabasePath) (string, error) {
	if err := p.Check(); err != nil {
		return "", err
	}
	defer d.lock(p).Unlock()
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("name a version of %s: %w", p, err)
	}
	if err := mkdirDurable(filepath.Join(d.home(p), id.String())); err != nil {
		return "", fmt.Errorf("stage a version of %s: %w", p, err)
	}
	return id.String(), nil
}

// stagedDir is the directory of a version. live reports that the version is not
// staged but live. The error is NotFound when the version is missing.
func (d *Dir) stagedDir(p ayb.DatabasePath, version string) (dir string, live bool, err error) {
	if err := p.Check(); err != nil {
		return "", false, err
	}
	if !isVersion(version) {
		return "", false, noVersion(version)
	}
	dir = filepath.Join(d.home(p), version)
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return "", false, noVersion(version)
	}
	if err != nil {
		return "", false, fmt.Errorf("find a version of %s: %w", p, err)
	}
	now, err := d.versionDir(p)
	return dir, err == nil && now == dir, nil
}

func noVersion(version string) error {
	return errs.RecordNotFound("version", version[:min(len(version), 64)])
}

// Staged finds a staged version and empties its temp directory. It is called
// while no daemon has the version open. NotFound when it is missing, Conflict
// when it is live.
func (d *Dir) Staged(p ayb.DatabasePath, version string) (Version, error) {
	dir, live, err := d.stagedDir(p, version)
	if err != nil {
		return Version{}, err
	}
	if live {
		return Version{}, isLive(p)
	}
	v, err := withEmptyTemp(p, dir)
	v.Staged = true
	return v, err
}

// CheckStaged checks that a version is staged: NotFound when it is missing,
// Conflict when it is live.
func (d *Dir) CheckStaged(p ayb.DatabasePath, version string) error {
	_, live, err := d.stagedDir(p, version)
	if err == nil && live {
		err = isLive(p)
	}
	return err
}

func isLive(p ayb.DatabasePath) error {
	return errs.E(errs.Conflict, "This version of database %s is already live", p)
}

// Unstage removes a staged version. A missing one is no error; Conflict when it
// is live. It is called while no daemon has the version open.
func (d *Dir) Unstage(p ayb.DatabasePath, version string) error {
	if err := p.Check(); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	dir, live, err := d.stagedDir(p, version)
	if err == nil && live {
		return isLive(p)
	}
	if err == nil {
		err = d.removeDurably(dir)
	}
	if err != nil && !errs.Is(err, errs.NotFound) {
		return fmt.Errorf("unstage a version of %s: %w", p, err)
	}
	return d.removeEmptyHome(p)
}

// removeEmptyHome removes the directories of a database without versions.
func (d *Dir) removeEmptyHome(p ayb.DatabasePath) error {
	if err := os.Remove(d.home(p)); err != nil && !errors.Is(err, fs.ErrNotExist) && !notEmpty(err) {
		return fmt.Errorf("remove the directory of %s: %w", p, err)
	}
	return d.removeEmptyOwner(p)
}

// Publish makes a staged version the live one, durably, and removes the
// previous one. No error when it is already live. NotFound when the version or
// the database is missing. It is called while no daemon has either version
// open.
func (d *Dir) Publish(p ayb.DatabasePath, version string) error {
	if err := p.Check(); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	dir, live, err := d.stagedDir(p, version)
	if err != nil || live {
		return err
	}
	if !hasLink(d.home(p)) {
		return errs.RecordNotFound("database", p.String())
	}
	before, err := d.versionDir(p)
	if err != nil { // the previous version is damaged; the new one is complete
		before = ""
	}
	if err := syncVersion(p, dir); err != nil {
		return err
	}
	d.crashPoint()
	if err := d.setCurrent(d.home(p), dir); err != nil {
		return fmt.Errorf("publish a version of %s: %w", p, err)
	}
	d.crashPoint()
	if before == "" {
		return nil
	}
	if err := d.removeDurably(before); err != nil {
		return fmt.Errorf("remove the previous version of %s: %w", p, err)
	}
	return nil
}

// CreateFrom makes a staged version the first live version of a database.
// NotFound when the version is missing, Conflict when another one is live. No
// error when it is already live. It is called while no daemon has the version
// open.
func (d *Dir) CreateFrom(p ayb.DatabasePath, version string) error {
	if err := p.Check(); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	dir, live, err := d.stagedDir(p, version)
	if err != nil || live {
		return err
	}
	if hasLink(d.home(p)) {
		return errs.E(errs.Conflict, "Database %s already has files", p)
	}
	if err := syncVersion(p, dir); err != nil {
		return err
	}
	d.crashPoint()
	if err := d.setCurrent(d.home(p), dir); err != nil {
		return fmt.Errorf("create %s: %w", p, err)
	}
	d.databaseCount.Add(1)
	return nil
}
