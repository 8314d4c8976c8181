package importer

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/sqlsplit"
)

// importScript runs a script of SQL, in one transaction whatever it says itself.
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

// statementReader returns the statements of the script.
func (im *importRun) statementReader() (*sqlsplit.Reader, error) {
	src, err := im.data.text(im.encoding, false)
	if err != nil {
		return nil, err
	}
	return sqlsplit.NewStatements(src, im.data.limits.Statement), nil
}

// noForeignKeys reports whether the script asks at its front to leave foreign
// keys alone, as dumps do: within a transaction it would be too late.
func (im *importRun) noForeignKeys() (bool, error) {
	r, err := im.statementReader()
	if err != nil {
		return false, err
	}
	for {
		u, err := r.Next()
		if err != nil || u.Words[0] != "PRAGMA" {
			return false, nil // what is wrong is found again
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

// eachStatement returns the statements to do one after another, but for those that
// begin and end transactions, which only have to go together.
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
			return errs.E(errs.Invalid, "The script begins a transaction and does not end it, so it is not complete")
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, sqlsplit.ErrTooLong):
			return errs.E(errs.TooLarge, "Line %d: the statement has more than %d bytes (limits.request_bytes)", r.Line(), im.data.limits.Statement)
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
			continue // within a transaction it does nothing
		}
		if len(u.Words) > 1 && u.Words[0] == "PRAGMA" && u.Words[1] == "WRITABLE_SCHEMA" {
			continue // what it is for is done without it
		}
		if name := ofConnection(u.Words); name != "" {
			im.remarkOnce("PRAGMA " + strings.ToLower(name) + " is left out: it is for the program that reads the script, and changes no data")
			continue
		}
		if err := do(u); err != nil {
			return err
		}
	}
}

// ofConnection returns the name of a PRAGMA that says how a program works on the
// file, as many put at the front of their dumps; empty for any other statement.
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

// boundary reports whether a statement begins or ends a transaction with success.
func boundary(words []string) (bounds, begins bool) {
	switch words[0] {
	case "BEGIN":
		return true, true
	case "COMMIT", "END":
		return true, false
	}
	return false, false
}
