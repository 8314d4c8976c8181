package snapshotio

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// Store keeps packed files until they are released, but not longer than the
// keep time. It is safe for concurrent use.
type Store struct {
	dir  string
	keep time.Duration

	mu     sync.Mutex
	files  map[string]*kept
	closed bool
}

// kept is a packed file.
type kept struct {
	path   string
	size   int64
	expiry *time.Timer
}

// NewStore makes a store in an existing, empty directory of its own. It removes
// a file that was not opened for keep.
func NewStore(dir string, keep time.Duration) *Store {
	return &Store{dir: dir, keep: keep, files: map[string]*kept{}}
}

// Pack compresses a complete regular file in the background, and keeps the
// result. Errors: Full, Canceled, Engine for a file that changes in the
// meantime.
func (s *Store) Pack(ctx context.Context, src *os.File) (handle string, p Packed, err error) {
	info, err := src.Stat()
	if err != nil {
		return "", p, fmt.Errorf("read a copy: %w", err)
	}
	handle = rand.Text()
	path := filepath.Join(s.dir, handle)
	dst, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", p, diskError(err)
	}
	runThrottled(func(wait func(context.Context)) { p, err = pack(ctx, dst, src, info.Size(), wait) })
	if cerr := dst.Close(); err == nil && cerr != nil {
		err = diskError(cerr)
	}
	if err == nil {
		err = s.add(handle, &kept{path: path, size: p.Size})
	}
	if err != nil {
		return "", Packed{}, errors.Join(err, os.Remove(path))
	}
	return handle, p, nil
}

func (s *Store) add(handle string, k *kept) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errs.E(errs.Unavailable, "The query node is shutting down")
	}
	k.expiry = time.AfterFunc(s.keep, func() { _ = s.Release(handle) }) // the next start of the node removes the file
	s.files[handle] = k
	return nil
}

// open opens a packed file. NotFound when it is not in the store.
func (s *Store) open(handle string) (*os.File, int64, error) {
	s.mu.Lock()
	k := s.files[handle]
	if k != nil {
		k.expiry.Reset(s.keep) // an upload may have to be repeated
	}
	s.mu.Unlock()
	if k == nil {
		return nil, 0, notFound()
	}
	f, err := os.Open(k.path)
	if errors.Is(err, fs.ErrNotExist) { // released in between
		return nil, 0, notFound()
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open a packed copy: %w", err)
	}
	return f, k.size, nil
}

func notFound() error {
	return errs.E(errs.NotFound, "The prepared snapshot does not exist any more; prepare it again")
}

// Release removes a packed file; a missing one is no error.
func (s *Store) Release(handle string) error {
	s.mu.Lock()
	k := s.files[handle]
	delete(s.files, handle)
	s.mu.Unlock()
	if k == nil {
		return nil
	}
	k.expiry.Stop()
	if err := os.Remove(k.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a packed copy: %w", err)
	}
	return nil
}

// Close removes all files and ends the store.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	var handles []string
	for h := range s.files {
		handles = append(handles, h)
	}
	s.mu.Unlock()
	var all []error
	for _, h := range handles {
		all = append(all, s.Release(h))
	}
	return errors.Join(all...)
}
