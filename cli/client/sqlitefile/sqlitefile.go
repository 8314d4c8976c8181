// Package sqlitefile reads an SQLite database file together with its side files.
// A write-ahead log has committed transactions that are not yet in the database
// file. A rollback journal means that the file may have part of an unfinished
// transaction. The package needs no SQLite and changes no file, so it works on
// all systems of the client.
package sqlitefile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	headerBytes  = 100
	journalMagic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
	// lockByte is the offset where SQLite locks the file. Its page has no data.
	lockByte = 1 << 30
)

// File is a database in the state after its last committed transaction. It is
// for one goroutine.
type File struct {
	main    *os.File
	path    string // as it was given
	initial fileState
	log     *log // nil without committed transactions in a log
	size    int64
	at      int64
	page    []byte // the one that is read, of a file with a log
	unread  []byte // of page, not given yet
	checked bool
}

// fileState identifies a version of a file, so that changes can be noticed.
type fileState struct {
	size    int64
	changed int64 // time, in nanoseconds
}

// Open opens the database at path, and the log beside it if there is one. Errors
// are those of the file system, or *errs.Error: Conflict for an unfinished
// transaction, Invalid for a log that belongs to another database.
func Open(path string) (*File, error) {
	main, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f := &File{main: main, path: path}
	if err := f.openLogFile(); err != nil {
		return nil, errors.Join(err, main.Close())
	}
	return f, nil
}

// openLogFile opens the side files. Their names derive from the file itself, not
// from a link to it.
func (f *File) openLogFile() error {
	real, err := filepath.EvalSymlinks(f.path)
	if err != nil {
		return err
	}
	if err := f.refuseJournal(real + "-journal"); err != nil {
		return err
	}
	if f.initial, err = f.stat(); err != nil {
		return err
	}
	f.size = f.initial.size
	if f.log, err = openLog(real + "-wal"); err != nil || f.log == nil {
		return err
	}
	head := make([]byte, headerBytes)
	if _, err := f.main.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if size := pageSize(head); size != f.log.page {
		return errs.E(errs.Invalid, "%s-wal does not belong to %s: its pages have %d bytes, those of the database %d; make a copy with: sqlite3 %[2]s \".backup copy.db\"", f.name(), f.name(), f.log.page, size)
	}
	f.size = int64(f.log.pages) * int64(f.log.page)
	f.page = make([]byte, f.log.page)
	return nil
}

// refuseJournal refuses a file with an unfinished transaction. The journal of a
// finished one has no magic number any more.
func (f *File) refuseJournal(path string) error {
	j, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }() // it was only read
	head := make([]byte, len(journalMagic))
	if _, err := io.ReadFull(j, head); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if string(head) != journalMagic {
		return nil
	}
	return errs.E(errs.Conflict, "%s-journal exists: a transaction of %s is not finished. Import again when it is finished, or make a copy with: sqlite3 %[2]s \".backup copy.db\"", f.name(), f.name())
}

func (f *File) name() string { return filepath.Base(f.path) }

func (f *File) stat() (fileState, error) {
	info, err := f.main.Stat()
	if err != nil {
		return fileState{}, err
	}
	return fileState{info.Size(), info.ModTime().UnixNano()}, nil
}

// Size returns the number of bytes that Read will return in total.
func (f *File) Size() int64 { return f.size }

// LogPages returns the number of pages that come from the log.
func (f *File) LogPages() int {
	if f.log == nil {
		return 0
	}
	return len(f.log.frames)
}

// Read implements io.Reader. The error is Conflict if another program wrote to
// the database in the meantime.
func (f *File) Read(p []byte) (int, error) {
	if f.at == f.size {
		return 0, f.checkUnchanged()
	}
	if f.log == nil {
		n, err := f.main.ReadAt(p[:min(int64(len(p)), f.size-f.at)], f.at)
		f.at += int64(n)
		if errors.Is(err, io.EOF) {
			err = nil
			if n == 0 {
				err = f.errChanged()
			}
		}
		return n, err
	}
	if len(f.unread) == 0 {
		if err := f.readPage(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.unread)
	f.unread = f.unread[n:]
	f.at += int64(n)
	return n, nil
}

// readPage reads the page at the current position.
func (f *File) readPage() error {
	f.unread = f.page
	if at, ok := f.log.frames[uint32(f.at/int64(len(f.page)))+1]; ok {
		if _, err := f.log.file.ReadAt(f.page, at); errors.Is(err, io.EOF) { // the log became shorter
			return f.errChanged()
		} else if err != nil {
			return err
		}
	} else if _, err := f.main.ReadAt(f.page, f.at); errors.Is(err, io.EOF) {
		if f.at != lockByte {
			return errs.E(errs.Invalid, "%s-wal does not belong to %s: a page of the database is in neither file", f.name(), f.name())
		}
		clear(f.page)
	} else if err != nil {
		return err
	}
	if f.at == 0 {
		f.page[18], f.page[19] = 1, 1 // the copy needs no log
	}
	return nil
}

// checkUnchanged returns io.EOF if no file has changed since Open, so that the
// bytes are one state of the database.
func (f *File) checkUnchanged() error {
	if f.checked {
		return io.EOF
	}
	now, err := f.stat()
	if err != nil {
		return err
	}
	if now != f.initial {
		return f.errChanged()
	}
	if f.log != nil {
		same, err := f.log.unchanged()
		if err != nil {
			return err
		}
		if !same {
			return f.errChanged()
		}
	}
	f.checked = true
	return io.EOF
}

func (f *File) errChanged() error {
	return errs.E(errs.Conflict, "Another program wrote to %s while it was read, so nothing was imported. Import again, or make a copy with: sqlite3 %[1]s \".backup copy.db\"", f.name())
}

// Close closes the files.
func (f *File) Close() error {
	err := f.main.Close()
	if f.log != nil {
		err = errors.Join(err, f.log.file.Close())
	}
	return err
}

func pageSize(head []byte) int {
	size := int(head[16])<<8 | int(head[17])
	if size == 1 {
		return 64 << 10
	}
	return size
}
