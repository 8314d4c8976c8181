package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/ayb-go/ayb/shared/errs"
)

var sqlite = dialect{suffix: ".sqlite.sql", columns: `SELECT name FROM pragma_table_info($1)`}

func openSQLite(ctx context.Context, cfg Config) (*DB, error) {
	path, err := sqlitePath(cfg.URL)
	if err != nil {
		return nil, err
	}
	if !haveSQLite {
		return nil, errs.E(errs.Unsupported, "This program was built without cgo and has no SQLite; use a build with cgo")
	}
	if cfg.MustExist {
		_, err = os.Stat(path)
	} else {
		err = createFile(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.Wrap(errs.NotFound, err, "There is no metadata store at %s", path)
	}
	if err != nil {
		return nil, err
	}
	for {
		db, err := sqlitePools(path)
		if err != nil {
			return nil, err
		}
		db.migrations = cfg.Migrations
		db, err = db.migrateOrCheck(ctx, path, cfg)
		if !errs.Is(err, errs.Unavailable) || !sleep(ctx, busyPause) {
			return db, err
		}
	}
}

// busyPause is the time between two attempts to open a new file. Of several
// connections that switch a file to WAL at once, SQLite refuses all but one as
// locked, and does not let them wait.
const busyPause = 20 * time.Millisecond

// sleep waits for d and reports whether ctx is still open.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sqlitePath returns the file that a database URL names.
func sqlitePath(raw string) (string, error) {
	path, ok := strings.CutPrefix(raw, "sqlite://")
	if !ok || path == "" || strings.HasSuffix(path, "/") {
		return "", errs.E(errs.Invalid, "The database URL must look like sqlite://relative/path or sqlite:///absolute/path")
	}
	return filepath.FromSlash(path), nil
}

// createFile creates the file with mode 0600, because SQLite would create it
// with the permissions of the umask.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("could not create the directory of the metadata store: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("could not create the metadata store: %w", err)
	}
	return f.Close()
}

// statementCache is how many prepared statements a connection keeps.
const statementCache = "64"

// sqlitePools opens one connection that writes and several that only read. In WAL
// mode readers and the writer do not wait for each other.
func sqlitePools(path string) (*DB, error) {
	params := url.Values{
		"_journal_mode":    {"WAL"},
		"_synchronous":     {"FULL"},
		"_foreign_keys":    {"on"},
		"_busy_timeout":    {"5000"},
		"_stmt_cache_size": {statementCache},
	}
	params.Set("_txlock", "immediate")
	writer, err := sql.Open("sqlite3", dsn(path, params))
	if err != nil {
		return nil, fmt.Errorf("could not open the metadata store: %w", err)
	}
	writer.SetMaxOpenConns(1)
	params.Del("_txlock")
	params.Set("_query_only", "on")
	reader, err := sql.Open("sqlite3", dsn(path, params))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("could not open the metadata store: %w", err), writer.Close())
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	return &DB{dialect: sqlite, writer: writer, reader: reader}, nil
}

// dsn returns the URI of a path for go-sqlite3.
func dsn(path string, params url.Values) string {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return "file:" + escaped + "?" + params.Encode()
}
