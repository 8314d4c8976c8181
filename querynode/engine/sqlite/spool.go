package sqlite

import (
	"io"
	"os"
	"sync/atomic"

	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/errs"
)

// spoolMemory is how much of a waiting result is kept in memory, allSpools how
// much of all of them: slow clients must not add up.
const (
	spoolMemory = 1 << 20
	allSpools   = 16 << 20
)

// spaceCounter counts the bytes of temporary files.
type spaceCounter interface {
	Grow(bytes int64) error
	Shrink(bytes int64)
}

// spool keeps a result until its transaction is committed: a little in memory,
// the rest in a file without a name.
type spool struct {
	dir   string
	used  *atomic.Int64 // bytes in memory of all spools of the database
	space spaceCounter
	mem   []byte
	file  *os.File
	size  int64 // of file
}

func (s *spool) write(p []byte) error {
	if s.file == nil && len(s.mem)+len(p) <= spoolMemory {
		if s.used.Add(int64(len(p))) <= allSpools {
			s.mem = append(s.mem, p...)
			return nil
		}
		s.used.Add(-int64(len(p)))
	}
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "result-")
		if err != nil {
			return fileWriteError(err)
		}
		s.file = f
		if err := os.Remove(f.Name()); err != nil {
			return errs.Wrap(errs.Engine, err, "The result could not be kept until its commit.")
		}
	}
	if err := s.space.Grow(int64(len(p))); err != nil {
		return err
	}
	s.size += int64(len(p))
	if _, err := s.file.Write(p); err != nil {
		return fileWriteError(err)
	}
	return nil
}

// empty reports whether the spool is empty.
func (s *spool) empty() bool { return len(s.mem) == 0 && s.file == nil }

// replay passes on the bytes in order, through buf.
func (s *spool) replay(buf []byte, to func(p []byte) error) error {
	for rest := s.mem; len(rest) > 0; {
		n := min(len(rest), encode.ChunkBytes)
		if err := to(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	if s.file == nil {
		return nil
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return errs.Wrap(errs.Engine, err, "The result could not be read back; the changes were made.")
	}
	for {
		n, err := s.file.Read(buf)
		if n > 0 {
			if err := to(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errs.Wrap(errs.Engine, err, "The result could not be read back; the changes were made.")
		}
	}
}

// reset drops all bytes and releases the file's space.
func (s *spool) reset() {
	if s.mem != nil {
		s.used.Add(-int64(len(s.mem)))
		s.mem = nil
	}
	if s.file != nil {
		_ = s.file.Close() // it has no name: closing frees it
		s.file = nil
		s.space.Shrink(s.size)
		s.size = 0
	}
}
