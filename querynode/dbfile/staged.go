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

// StagedVersion names a version that is not live.
type StagedVersion struct {
	Path    ayb.DatabasePath
	Version string
}

// Stage makes a new, empty version of a database, which need not exist, and
// gives its name. It is not live, and is removed by the next Open.
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

// stagedDir is the directory of a version. The error is NotFound when it is
// not there; live tells that it is not staged any more.
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

// Staged finds a staged version and gives it an empty temp directory. No
// daemon of it may be running. The error is NotFound when it is not there, and
// Conflict when it is live.
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

// CheckStaged tells whether there is a staged version: NotFound when not, and
// Conflict when it is live.
func (d *Dir) CheckStaged(p ayb.DatabasePath, version string) error {
	_, live, err := d.stagedDir(p, version)
	if err == nil && live {
		err = isLive(p)
	}
	return err
}

func isLive(p ayb.DatabasePath) error {
	return errs.E(errs.Conflict, "This version of database %s is live already", p)
}

// Unstage removes a staged version. One that is not there is no error; one
// that is live gives Conflict and stays. No daemon of it may be running.
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

// removeEmptyHome removes the directories of a database when nothing is in them
// (N11).
func (d *Dir) removeEmptyHome(p ayb.DatabasePath) error {
	if err := os.Remove(d.home(p)); err != nil && !errors.Is(err, fs.ErrNotExist) && !notEmpty(err) {
		return fmt.Errorf("remove the directory of %s: %w", p, err)
	}
	return d.removeEmptyOwner(p)
}

// Publish makes a staged version the live one, durably, and removes the one
// before. One that is live already is no error. NotFound when there is no such
// version, or no such database. No daemon of either may be running.
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
	if err != nil { // whatever is wrong with it, the new one is whole
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
		return fmt.Errorf("remove the version of %s before: %w", p, err)
	}
	return nil
}

// CreateFrom makes a staged version the first live one of a database. NotFound
// when there is no such version; Conflict when another one is live. One that
// is live already is no error. No daemon of it may be running.
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
		return errs.E(errs.Conflict, "Database %s has files already", p)
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
