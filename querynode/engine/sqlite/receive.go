//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/querynode/engine/kind"
	"github.com/ayb-go/ayb/shared/errs"
)

// headBytes is how many bytes are inspected before the rest of a file is read.
const headBytes = 512

// Receive makes the database from an uploaded database file: it writes body to
// disk, checks it, and prepares it for its first use. Afterwards it is durable.
// The database must not have a file yet; after an error it has none.
//
// Errors: Invalid with the reason when the file is not a sound database,
// TooLarge, Full, Conflict, Timeout, engine.Canceled, and body's own. remarks
// are sentences about accepted content that is unusual.
func (db *DB) Receive(job *engine.Job, body io.Reader) (bytes int64, remarks []string, err error) {
	a, err := db.startMaintenance(job)
	if err != nil {
		return 0, nil, err
	}
	defer a.finish()
	f, err := os.OpenFile(db.o.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return 0, nil, errs.E(errs.Conflict, "The database has a file already")
	}
	if err != nil {
		return 0, nil, errs.Wrap(errs.Engine, err, "The file could not be written")
	}
	defer func() {
		if err != nil {
			a.close()
			a.removeFiles()
		}
	}()
	bytes, err = a.receiveFile(f, body)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, nil, err
	}
	if remarks, err = a.receiveRemarks(); err != nil {
		return 0, nil, err
	}
	wrong, err := a.prepareFile("quick_check")
	if err != nil {
		return 0, nil, err
	}
	if lacking := missingFeature(wrong); lacking != "" {
		return 0, nil, errs.E(errs.Invalid, "The file needs a feature that this SQLite lacks (%s): remove the index, column or constraint that uses it, and import again", lacking)
	}
	if wrong != "" {
		return 0, nil, errs.E(errs.Invalid, "The file is not a sound SQLite database, or it is encrypted: %s", wrong)
	}
	return bytes, remarks, nil
}

// Check checks the database's file thoroughly, prepares it for its first use,
// makes it durable, and returns its size in bytes.
//
// Errors: Snapshot with the reason when it is damaged, NotFound when it does
// not exist, TooLarge, Full, Timeout, engine.Canceled.
func (db *DB) Check(job *engine.Job) (bytes int64, err error) {
	a, err := db.startMaintenance(job)
	if err != nil {
		return 0, err
	}
	defer a.finish()
	head, size, err := a.readHead()
	if err != nil {
		return 0, err
	}
	if _, err := inspectHead(head); err != nil {
		return 0, errs.E(errs.Snapshot, "%s", errs.Public(err).Message)
	}
	if err := a.checkSize(size); err != nil {
		return 0, err
	}
	wrong, err := a.prepareFile("integrity_check")
	if err != nil {
		return 0, err
	}
	if wrong != "" {
		return 0, errs.E(errs.Snapshot, "The database is not sound: %s", wrong)
	}
	return size, nil
}

// readHead reads the beginning of the database's file.
func (a *maintenance) readHead() (head []byte, size int64, err error) {
	f, err := os.Open(a.db.o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, errs.E(errs.NotFound, "There is no database file to be checked")
	}
	if err != nil {
		return nil, 0, errs.Wrap(errs.Engine, err, "The file could not be read")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size, err = sizeOf(a.db.o.Path); err != nil {
		return nil, 0, err
	}
	head, err = io.ReadAll(io.LimitReader(f, headBytes))
	if err != nil {
		return nil, 0, errs.Wrap(errs.Engine, err, "The file could not be read")
	}
	return head, size, nil
}

// removeFiles removes all files of the database.
func (a *maintenance) removeFiles() {
	for _, end := range append(kind.SQLite().SideFiles, "") {
		_ = os.Remove(a.db.o.Path + end) // most do not exist
	}
}

// receiveFile writes a file while it arrives.
func (a *maintenance) receiveFile(f *os.File, body io.Reader) (written int64, err error) {
	head := make([]byte, headBytes)
	n, err := io.ReadFull(body, head)
	head = head[:n]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, err
	}
	size, err := inspectHead(head)
	if err != nil {
		return 0, err
	}
	if err := a.checkSize(size); err != nil {
		return 0, err
	}
	// Uploaded bytes count as temporary as long as this process lives.
	if err := a.db.Grow(int64(len(head))); err != nil {
		return 0, err
	}
	if _, err := f.Write(head); err != nil {
		return 0, fileWriteError(err)
	}
	written, err = a.receiveRest(f, body, int64(n))
	switch {
	case err != nil:
		return 0, err
	case written < size:
		return 0, errs.E(errs.Invalid, "The file is cut off: it has %d bytes, and its header says %d", written, size)
	}
	return written, nil
}

// receiveRest writes the rest after the first bytes.
func (a *maintenance) receiveRest(f *os.File, body io.Reader, written int64) (int64, error) {
	buf := make([]byte, encode.ChunkBytes)
	for {
		n, err := body.Read(buf)
		if written += int64(n); n > 0 {
			if err := a.checkSize(written); err != nil {
				return 0, err
			}
			if err := a.db.Grow(int64(n)); err != nil {
				return 0, err
			}
			if _, err := f.Write(buf[:n]); err != nil {
				return 0, fileWriteError(err)
			}
		}
		if errors.Is(err, io.EOF) {
			return written, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// checkSize checks the size of a database against its limit.
func (a *maintenance) checkSize(bytes int64) error {
	if most := a.db.o.DatabaseBytes; most > 0 && bytes > most {
		return errs.E(errs.TooLarge, "The database is larger than %s (limits.database_bytes), which the operator of the server can raise", engine.SizeText(most))
	}
	return nil
}

// prepareFile checks the file, turns WAL on, so that its first use has nothing
// left to do, and makes everything durable. It returns what is wrong. No code
// in the file runs: the connection does not trust the schema, and a check calls
// neither triggers nor views.
func (a *maintenance) prepareFile(check string) (wrong string, err error) {
	size, err := sizeOf(a.db.o.Path)
	if err != nil {
		return "", err
	}
	a.setTimeLimit(size)
	err = a.open(a.db.o.Path, C.SQLITE_OPEN_READWRITE)
	if errs.Is(err, errs.SQL) {
		return errs.Public(err).Message, nil
	}
	if err != nil {
		return "", err
	}
	if wrong, err := a.runCheck("quick_check"); wrong != "" || err != nil {
		return wrong, err
	}
	if wrong, err := a.rebuildIndexes(); wrong != "" || err != nil {
		return wrong, err
	}
	if check != "quick_check" {
		if wrong, err := a.runCheck(check); wrong != "" || err != nil {
			return wrong, err
		}
	}
	mode, err := a.exec("PRAGMA journal_mode=WAL")
	if err != nil {
		return "", err
	}
	if mode != "wal" {
		return "", errs.E(errs.Engine, "The database could not be made ready")
	}
	if check == "quick_check" { // snapshots were copied before
		if wrong, err := a.checkCopyable(); wrong != "" || err != nil {
			return wrong, err
		}
	}
	a.close()
	return "", syncToDisk(a.db.o.Path)
}

// syncToDisk makes a file and its name survive a loss of power.
func syncToDisk(path string) error {
	for _, name := range []string{path, filepath.Dir(path)} {
		f, err := os.Open(name)
		if err != nil {
			return errs.Wrap(errs.Engine, err, "The database could not be made durable")
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return errs.Wrap(errs.Engine, err, "The database could not be made durable")
		}
	}
	return nil
}
