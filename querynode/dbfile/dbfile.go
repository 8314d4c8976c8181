// Package dbfile owns the layout of a query node's data directory: where the
// files of a database are, how they come into being durably, and how they go.
// It never opens a database.
//
//	databases/ENTITY/DATABASE/UUID/DATABASE   the file; side files beside it
//	databases/ENTITY/DATABASE/UUID/~tmp/      temporary files of its daemon
//	databases/ENTITY/DATABASE/current         symbolic link to the live UUID
//	trash/                                    what is being removed
//	node_id                                   made once
//
// One directory per version of a database lets a restore swap the whole
// version with one rename.
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
	root string
	lock *os.File     // held as long as the process lives
	held atomic.Int64 // databases
	// changing serialises Create, Discard and Remove of one database; several
	// databases share a lock.
	changing [64]sync.Mutex
}

// changes takes the lock for changes of a database's directories.
func (d *Dir) changes(p ayb.DatabasePath) *sync.Mutex {
	h := fnv.New32a()
	_, _ = h.Write([]byte(p.String())) // it cannot fail
	m := &d.changing[h.Sum32()%uint32(len(d.changing))]
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
	d := &Dir{root: root, lock: lock}
	// What a crash left there. A hostile daemon may have made what cannot be
	// removed; that must not keep the other databases from being served.
	_ = os.RemoveAll(d.trash())
	n, err := d.count()
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.held.Store(int64(n))
	return d, nil
}

// Close gives the directory free for another process.
func (d *Dir) Close() error { return d.lock.Close() }

// Root is the absolute path of the data directory.
func (d *Dir) Root() string { return d.root }

// Version is the live version of a database.
type Version struct {
	Dir  string // absolute; a daemon may write here and nowhere else
	File string // the database file in Dir; it may not exist yet
	Temp string // existing directory in Dir for temporary files
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
	defer d.changes(p).Unlock()
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
		return d.second(p, version)
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", p, err)
	}
	d.held.Add(1)
	return syncDir(home)
}

// second ends a Create that found a link: of another Create that was faster,
// whose version may have been written by now, or one that leads nowhere.
func (d *Dir) second(p ayb.DatabasePath, version string) error {
	_, err := d.versionDir(p)
	if errors.Is(err, fs.ErrNotExist) {
		return d.swap(d.home(p), version)
	}
	if err != nil {
		return err
	}
	if err := os.Remove(version); err != nil {
		return fmt.Errorf("create %s: %w", p, err)
	}
	return nil
}

// swap makes version the live one, durably.
func (d *Dir) swap(home, version string) error {
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
func (d *Dir) versionDir(p ayb.DatabasePath) (string, error) {
	target, err := os.Readlink(filepath.Join(d.home(p), current))
	if err != nil {
		return "", fmt.Errorf("find the live version: %w", err)
	}
	name := filepath.Base(target)
	if _, err := uuid.Parse(name); err != nil {
		return "", fmt.Errorf("the live version %q is not a version: %w", name, err)
	}
	dir := filepath.Join(d.home(p), name)
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("find the live version: %w", err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("the live version %s is not a directory", name)
	}
	return dir, nil
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
		return Version{}, missing(p, err)
	}
	v := Version{Dir: dir, File: filepath.Join(dir, string(p.Database)), Temp: filepath.Join(dir, tempName)}
	if err := os.RemoveAll(v.Temp); err != nil {
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
	defer d.changes(p).Unlock()
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
	defer d.changes(p).Unlock()
	return d.remove(p)
}

// remove first renames the directory to a name that no database can have: a
// crash in the middle leaves nothing that looks like a database, and Open
// clears it.
func (d *Dir) remove(p ayb.DatabasePath) error {
	home := d.home(p)
	if err := mkdirDurable(d.trash()); err != nil {
		return fmt.Errorf("remove %s: %w", p, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("remove %s: %w", p, err)
	}
	gone := filepath.Join(d.trash(), id.String())
	err = os.Rename(home, gone)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", p, err)
	}
	d.held.Add(-1)
	if err := syncDir(filepath.Dir(home)); err != nil {
		return err
	}
	// The last one of an owner takes the owner's directory along.
	if err := os.Remove(filepath.Dir(home)); err != nil && !errors.Is(err, fs.ErrNotExist) && !notEmpty(err) {
		return fmt.Errorf("remove the directory of %s: %w", p.Entity, err)
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("remove %s: %w", p, err)
	}
	return nil
}

func (d *Dir) trash() string { return filepath.Join(d.root, "trash") }

func notEmpty(err error) bool {
	return errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST)
}

// Held tells how many databases the directory holds.
func (d *Dir) Held() int { return int(d.held.Load()) }

// count counts them. Files that do not belong there are passed over.
func (d *Dir) count() (int, error) {
	owners, err := os.ReadDir(filepath.Join(d.root, "databases"))
	if err != nil {
		return 0, fmt.Errorf("list databases: %w", err)
	}
	n := 0
	for _, o := range owners {
		if !o.IsDir() {
			continue
		}
		dbs, err := os.ReadDir(filepath.Join(d.root, "databases", o.Name()))
		if err != nil {
			return 0, fmt.Errorf("list databases: %w", err)
		}
		for _, db := range dbs {
			if db.IsDir() {
				n++
			}
		}
	}
	return n, nil
}
