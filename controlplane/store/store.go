// Package store keeps the metadata of the control plane in a SQL database:
// entities and their addresses, API tokens, databases and where they live.
// It owns the schema, its migrations, every SQL statement on it, and the
// translation of driver errors to codes of shared/errs.
//
// It decides no permission, knows nothing of HTTP or of the bus, and never
// opens a database of a tenant. SQLite is the only dialect so far; statements
// use $1…$n in order of first use, so that they mean the same on PostgreSQL.
package store

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

// Config says where the metadata is.
type Config struct {
	// URL is sqlite://relative/path or sqlite:///absolute/path.
	URL string
}

// Store is an open metadata store. Its methods may be called concurrently;
// what one has written, the next one started afterwards sees.
type Store struct {
	writer *sql.DB // one connection: SQLite has one writer anyway
	reader *sql.DB
}

// openTimeout limits opening and migrating.
const openTimeout = time.Minute

// Open opens the metadata store, creating the file (mode 0600) and its
// directory (0700) when they are missing, and brings the schema up to date.
// Its errors are for the operator and may name the path.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	path, err := sqlitePath(cfg.URL)
	if err != nil {
		return nil, err
	}
	if !haveSQLite {
		return nil, errs.E(errs.Unsupported, "This program was built without cgo and has no SQLite; a server needs a build with cgo")
	}
	if err := createFile(path); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	s, err := openSQLite(path)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx, sqlite); err != nil {
		return nil, errors.Join(fmt.Errorf("metadata store %s: %w", path, err), s.Close())
	}
	return s, nil
}

// sqlitePath gives the file a database URL names.
func sqlitePath(raw string) (string, error) {
	switch {
	case strings.HasPrefix(raw, "postgres"):
		return "", errs.E(errs.Unsupported, "PostgreSQL as the metadata store comes with a later version; use a sqlite:// URL for now")
	case !strings.HasPrefix(raw, "sqlite"):
		return "", errs.E(errs.Unsupported, "Database type for URL is not supported (currently only SQLite and PostgreSQL)")
	}
	path, ok := strings.CutPrefix(raw, "sqlite://")
	if !ok || path == "" || strings.HasSuffix(path, "/") {
		return "", errs.E(errs.Invalid, "The database URL must look like sqlite://relative/path or sqlite:///absolute/path")
	}
	return filepath.FromSlash(path), nil
}

// createFile makes the file before SQLite does, because SQLite would give it
// the permissions of the umask.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("create the directory of the metadata store: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the metadata store: %w", err)
	}
	return f.Close()
}

// statementCache is how many prepared statements a connection keeps.
const statementCache = "64"

// openSQLite opens the pools: one connection that writes, several that read
// (P5). Readers cannot write even by mistake.
func openSQLite(path string) (*Store, error) {
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
		return nil, fmt.Errorf("open the metadata store: %w", err)
	}
	writer.SetMaxOpenConns(1)
	params.Del("_txlock")
	params.Set("_query_only", "on")
	reader, err := sql.Open("sqlite3", dsn(path, params))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the metadata store: %w", err), writer.Close())
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	return &Store{writer: writer, reader: reader}, nil
}

// dsn writes a path as the URI go-sqlite3 takes.
func dsn(path string, params url.Values) string {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return "file:" + escaped + "?" + params.Encode()
}

// Ping tells whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.reader.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return driverError(err)
	}
	return nil
}

// Close closes the store. Transactions in flight are rolled back.
func (s *Store) Close() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
}
