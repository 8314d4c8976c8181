// Package dbfile owns the layout of a query node's data directory: the places of
// the files of databases, and how they are made and removed durably. It never
// opens a database.
//
//	databases/ENTITY/DATABASE/UUID/DATABASE   the file; side files beside it
//	databases/ENTITY/DATABASE/UUID/~tmp/      temporary files of its daemon
//	databases/ENTITY/DATABASE/current         symbolic link to the live UUID
//	deleted/KEY/                              such a directory of a deleted database
//	outgoing/                                 files on their way to an object store
//	trash/                                    files that are being removed
//	node_id                                   the name of the node, written once
//
// Each version of a database has a directory of its own, so that one rename
// replaces all of its files. A version that "current" does not name is staged;
// the next Open removes its files if a crash has left them. The files in a version
// directory were written by a daemon, which may have been hostile: they are opened
// only if they are regular files of that directory.
package dbfile

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/google/uuid"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/filelock"
)

const (
	current = "current"
	// tempName is not a valid slug, so no database file can have it.
	tempName = "~tmp"

	dirMode = 0o700
)

// Dir is the data directory of a node. Its methods are safe for concurrent
// use.
type Dir struct {
	root          string
	dirLock       *os.File // held as long as the process lives
	databaseCount atomic.Int64
	// locks serialise changes to the directories of a database. Several
	// databases share a lock.
	locks [64]sync.Mutex
	// crash is set by tests. It is called between the steps of a change and may
	// stop the change there.
	crash func()
}

// crashPoint is a place at which a crash must do no harm.
func (d *Dir) crashPoint() {
	if d.crash != nil {
		d.crash()
	}
}

// slot is the index of a database's lock.
func (d *Dir) slot(p ayb.DatabasePath) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(p.String())) // it cannot fail
	return int(h.Sum32() % uint32(len(d.locks)))
}

// lock takes the lock for changes to a database's directories.
func (d *Dir) lock(p ayb.DatabasePath) *sync.Mutex {
	m := &d.locks[d.slot(p)]
	m.Lock()
	return m
}

// Open opens root as a data directory and creates missing parts. One process
// can have it open at a time.
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

// Close releases the directory for another process.
func (d *Dir) Close() error { return d.dirLock.Close() }

// Root is the absolute path of the data directory.
func (d *Dir) Root() string { return d.root }

// Version is the files of a version of a database, live or staged.
type Version struct {
	Dir    string // absolute; the only directory in which a daemon may write
	File   string // database file in Dir; it may be missing
	Temp   string // existing directory in Dir for temporary files
	Staged bool
}

func (d *Dir) home(p ayb.DatabasePath) string {
	return filepath.Join(d.root, "databases", string(p.Entity), string(p.Database))
}

// versionDir is the directory of the live version. It uses only the last
// element of the link, so that a data directory can be moved.
func (d *Dir) versionDir(p ayb.DatabasePath) (string, error) { return liveDir(d.home(p)) }

// liveDir is the version that the link in a home names. The error is
// fs.ErrNotExist when there is no link, or no such version.
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

// hasLink reports whether a home has a link to a live version, even a broken
// one.
func hasLink(home string) bool {
	_, err := os.Lstat(filepath.Join(home, current))
	return err == nil
}

// Resolve finds the live version of a database and empties its temp directory.
// It is called while no daemon has the database open. The error is Engine when
// this node does not have the database.
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

// Live is Resolve without emptying the temp directory. A daemon may have the
// database open.
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

// withEmptyTemp returns a version with an empty temp directory.
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

func (d *Dir) trash() string { return filepath.Join(d.root, "trash") }

func notEmpty(err error) bool {
	return errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST)
}

// Databases is the number of databases in the directory.
func (d *Dir) Databases() int { return int(d.databaseCount.Load()) }
