// Package dbfile owns the layout of a query node's data directory: where the
// files of a database are, how they come into being durably, and how they go.
// It never opens a database.
//
//	databases/ENTITY/DATABASE/UUID/DATABASE   the file; side files beside it
//	databases/ENTITY/DATABASE/UUID/~tmp/      temporary files of its daemon
//	databases/ENTITY/DATABASE/current         symbolic link to the live UUID
//	deleted/KEY/                              such a directory of a deleted database
//	outgoing/                                 files on their way to an object store
//	trash/                                    what is being removed
//	node_id                                   made once
//
// One directory per version of a database lets a restore swap the whole
// version with one rename: a version that "current" does not name is staged,
// and whatever a crash leaves of it is removed by the next Open. What is in a
// version directory was written by a daemon, which may have been hostile:
// files there are opened as regular files of that directory or not at all.
package dbfile

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/google/uuid"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/filelock"
)

const (
	current = "current"
	// tempName is no legal slug, so no database file can have it.
	tempName = "~tmp"

	dirMode = 0o700
)

// Dir is the data directory of a node. Its methods are safe for concurrent
// use.
type Dir struct {
	root          string
	dirLock       *os.File     // held as long as the process lives
	databaseCount atomic.Int64 // databases
	// locks serialises changes of one database's directories; several
	// databases share a lock.
	locks [64]sync.Mutex
	// crash, in tests, is called between the steps of a change and may stop it
	// there for good.
	crash func()
}

// crashPoint is a place where a crash must not harm.
func (d *Dir) crashPoint() {
	if d.crash != nil {
		d.crash()
	}
}

// slot is the number of a database's lock.
func (d *Dir) slot(p ayb.DatabasePath) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(p.String())) // it cannot fail
	return int(h.Sum32() % uint32(len(d.locks)))
}

// lock takes the lock for changes of a database's directories.
func (d *Dir) lock(p ayb.DatabasePath) *sync.Mutex {
	m := &d.locks[d.slot(p)]
	m.Lock()
	return m
}

// Open uses root as a data directory and creates what is missing. Only one
// process may use it: another Open of it fails until Close or the process's
// end.
func Open(root string) (*Dir, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	if err := mkdirDurable(filepath.Join(root, "databases")); err != nil {
		return nil, fmt.Errorf("data_path %s cannot be used: %w", root, err)
	}
	lock, err := filelock.Acquire(filepath.Join(root, "querynode.lock"))
	if errors.Is(err, filelock.ErrHeld) {
		return nil, fmt.Errorf("data_path %s is used by another query node; stop that one, or give this one a directory of its own", root)
	}
	if err != nil {
		return nil, fmt.Errorf("data_path %s cannot be used: %w", root, err)
	}
	d := &Dir{root: root, dirLock: lock}
	n, err := d.recover()
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.databaseCount.Store(int64(n))
	return d, nil
}

// Close gives the directory free for another process.
func (d *Dir) Close() error { return d.dirLock.Close() }

// Root is the absolute path of the data directory.
func (d *Dir) Root() string { return d.root }

// Version is a version of a database, live or staged.
type Version struct {
	Dir    string // absolute; a daemon may write here and nowhere else
	File   string // the database file in Dir; it may not exist yet
	Temp   string // existing directory in Dir for temporary files
	Staged bool   // it is not live
}

func (d *Dir) home(p ayb.DatabasePath) string {
	return filepath.Join(d.root, "databases", string(p.Entity), string(p.Database))
}

// Create makes the directories of a database; on return they are durable.
// One that has them already is left as it is.
func (d *Dir) Create(p ayb.DatabasePath) error {
	if err := p.Check(); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	home := d.home(p)
	// A version that is there and cannot be looked at must not be replaced.
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

// finishCreate ends a Create that found a link: of another Create that was faster,
// whose version may have been written by now, or one that leads nowhere.
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

// versionDir follows the link by its last element only, so that a data
// directory may be moved.
func (d *Dir) versionDir(p ayb.DatabasePath) (string, error) { return liveDir(d.home(p)) }

// liveDir is the version that the link in a home names. The error is
// fs.ErrNotExist when there is none.
func liveDir(home string) (string, error) {
	target, err := os.Readlink(filepath.Join(home, current))
	if err != nil {
		return "", fmt.Errorf("find the live version: %w", err)
	}
	name := filepath.Base(target)
	if _, err := uuid.Parse(name); err != nil {
		return "", fmt.Errorf("the live version %q is not a version: %w", name, err)
	}
	dir := filepath.Join(home, name)
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("find the live version: %w", err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("the live version %s is not a directory", name)
	}
	return dir, nil
}

// hasLink tells whether a home has a link to a live version, be it broken.
func hasLink(home string) bool {
	_, err := os.Lstat(filepath.Join(home, current))
	return err == nil
}

// Resolve finds the live version of a database and gives it an empty temp
// directory. No daemon of the database may be running. The error is Engine
// when this node does not have the database.
func (d *Dir) Resolve(p ayb.DatabasePath) (Version, error) {
	if err := p.Check(); err != nil {
		return Version{}, err
	}
	dir, err := d.versionDir(p)
	if err != nil {
		return Version{}, missingFiles(p, err)
	}
	return withEmptyTemp(p, dir)
}

// Live is Resolve for somebody who is no daemon: nothing is cleared, and a
// daemon may be running.
func (d *Dir) Live(p ayb.DatabasePath) (Version, error) {
	if err := p.Check(); err != nil {
		return Version{}, err
	}
	dir, err := d.versionDir(p)
	if err != nil {
		return Version{}, missingFiles(p, err)
	}
	return version(p, dir), nil
}

func version(p ayb.DatabasePath, dir string) Version {
	return Version{Dir: dir, File: filepath.Join(dir, string(p.Database)), Temp: filepath.Join(dir, tempName)}
}

// withEmptyTemp gives a version an empty temp directory.
func withEmptyTemp(p ayb.DatabasePath, dir string) (Version, error) {
	v := version(p, dir)
	if err := removeAll(v.Temp); err != nil {
		return Version{}, fmt.Errorf("clear temporary files of %s: %w", p, err)
	}
	if err := os.Mkdir(v.Temp, dirMode); err != nil {
		return Version{}, fmt.Errorf("make room for temporary files of %s: %w", p, err)
	}
	return v, nil
}

// Discard removes a database that was never written. One that was gives
// Conflict and stays; one that is not here is no error. No daemon of it may be
// running.
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
		return errs.E(errs.Conflict, "Database %s has been written and stays", p)
	}
	return d.remove(p)
}

// Remove removes a database with everything in it, durably. No daemon of it
// may be running. One that is not here is no error.
func (d *Dir) Remove(p ayb.DatabasePath) error {
	if err := p.Check(); err != nil {
		return err
	}
	defer d.lock(p).Unlock()
	return d.remove(p)
}

// remove takes a database away with everything staged for it.
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

// removeDurably removes a directory durably; one that is not there is no error. It
// is first renamed to a name that nothing else can have: a crash in the middle
// leaves nothing that looks like a database, and Open clears it.
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

// removeEmptyOwner removes the directory of an owner who has nothing here any more.
func (d *Dir) removeEmptyOwner(p ayb.DatabasePath) error {
	if err := os.Remove(filepath.Dir(d.home(p))); err != nil && !errors.Is(err, fs.ErrNotExist) && !notEmpty(err) {
		return fmt.Errorf("remove the directory of %s: %w", p.Entity, err)
	}
	return nil
}

func (d *Dir) trash() string { return filepath.Join(d.root, "trash") }

func notEmpty(err error) bool {
	return errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST)
}

// Databases tells how many databases the directory holds.
func (d *Dir) Databases() int { return int(d.databaseCount.Load()) }
