package importer

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/sqlsplit"
)

// importScript executes an SQL script in one transaction, even if the script
// has its own.
func (im *importRun) importScript() error {
	if err := im.data.requireUTF8(im.encoding); err != nil {
		return err
	}
	off, err := im.noForeignKeys()
	if err != nil {
		return err
	}
	return im.load(Transaction{Bytes: im.data.bytes, NoForeignKeys: off, Commit: !im.options.DryRun}, func(l Loader) error {
		l = infinityLoader{l}
		virtual := virtualTables{}
		return im.eachStatement(func(u sqlsplit.Unit) error {
			written, bad, err := virtual.exec(l, u)
			if err != nil {
				return withLine(int64(u.First), err)
			}
			im.result.Rows += written
			if bad != nil {
				return im.reportBad(row{line: int64(u.First)}, bad)
			}
			return nil
		})
	})
}

// statementReader opens the statements of the script.
func (im *importRun) statementReader() (*sqlsplit.Reader, error) {
	src, err := im.data.text(im.encoding, false)
	if err != nil {
		return nil, err
	}
	return sqlsplit.NewStatements(src, im.data.limits.Statement), nil
}

// noForeignKeys reports whether the script begins by disabling foreign keys, as
// dumps do. Within a transaction that PRAGMA has no effect.
func (im *importRun) noForeignKeys() (bool, error) {
	r, err := im.statementReader()
	if err != nil {
		return false, err
	}
	for {
		u, err := r.Next()
		if err != nil || u.Words[0] != "PRAGMA" {
			return false, nil // the error is found again later
		}
		if foreignKeys(u.Words) {
			return slices.ContainsFunc(u.Words[2:], func(w string) bool {
				return w == "OFF" || w == "0" || w == "NO" || w == "FALSE"
			}), nil
		}
	}
}

func foreignKeys(words []string) bool {
	return len(words) > 2 && words[0] == "PRAGMA" && words[1] == "FOREIGN_KEYS"
}

// eachStatement calls do for every statement, except those that begin and end
// transactions, which only have to match.
func (im *importRun) eachStatement(do func(sqlsplit.Unit) error) error {
	r, err := im.statementReader()
	if err != nil {
		return err
	}
	begun := false
	for {
		u, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && begun:
			return errs.E(errs.Invalid, "The script is incomplete: it begins a transaction and does not end it")
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, sqlsplit.ErrTooLong):
			return errs.E(errs.TooLarge, "Line %d: the statement has more than %d bytes, the limit for a statement (limits.request_bytes)", r.Line(), im.data.limits.Statement)
		case err != nil:
			return errReadBack(err)
		}
		if err := im.target.Stopped(); err != nil {
			return err
		}
		if bounds, begins := boundary(u.Words); bounds {
			if begins == begun {
				return errs.E(errs.Invalid, "Line %d: %s has no place here: an import is one transaction", u.First, u.Words[0])
			}
			begun = begins
			continue
		}
		if slices.Contains([]string{"ROLLBACK", "SAVEPOINT", "RELEASE"}, u.Words[0]) {
			return errs.E(errs.Invalid, "Line %d: %s has no place here: an import is one transaction", u.First, u.Words[0])
		}
		if foreignKeys(u.Words) {
			continue // it has no effect within a transaction
		}
		if len(u.Words) > 1 && u.Words[0] == "PRAGMA" && u.Words[1] == "WRITABLE_SCHEMA" {
			continue // it is not needed here
		}
		if name := ofConnection(u.Words); name != "" {
			im.remarkOnce("PRAGMA " + strings.ToLower(name) + " is left out: it configures a connection and changes no data")
			continue
		}
		if err := do(u); err != nil {
			return err
		}
	}
}

// ofConnection returns the name of a PRAGMA that configures a connection, as
// many dumps have at the front; empty for other statements.
func ofConnection(words []string) string {
	if len(words) < 3 || words[0] != "PRAGMA" {
		return ""
	}
	switch words[1] {
	case "JOURNAL_MODE", "SYNCHRONOUS", "CACHE_SIZE", "TEMP_STORE", "LOCKING_MODE", "BUSY_TIMEOUT", "MMAP_SIZE", "PAGE_SIZE", "AUTO_VACUUM", "WAL_AUTOCHECKPOINT":
		return words[1]
	}
	return ""
}

// boundary reports whether a statement begins a transaction or commits it.
func boundary(words []string) (bounds, begins bool) {
	switch words[0] {
	case "BEGIN":
		return true, true
	case "COMMIT", "END":
		return true, false
	}
	return false, false
}
