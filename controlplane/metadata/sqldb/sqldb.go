// Package sqldb opens the SQL database in which the metadata store lives,
// SQLite or PostgreSQL, and runs transactions in it. It owns what differs
// between the two: connection pools, time limits, migrations, row locks, and
// the codes of shared/errs for the errors of the drivers. It knows no table
// but ayb_migration.
//
// Statements are the same for both databases: they use $1…$n in order of first
// use, which both understand alike. Transactions have to be correct with the
// isolation READ COMMITTED.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// Config says which database to open.
type Config struct {
	// URL is sqlite://relative/path, sqlite:///absolute/path or
	// postgresql://USER:PASSWORD@HOST:PORT/NAME with the parameters of libpq.
	URL string
	// Migrations holds the files NUMBER_NAME.sqlite.sql and
	// NUMBER_NAME.postgres.sql.
	Migrations fs.FS
	// MustExist refuses a database that is missing or whose schema is not the
	// one of Migrations. Otherwise Open creates and migrates it.
	MustExist bool
}

// DB is an open database. Its methods may be called concurrently. A read that
// starts after a transaction was committed sees the transaction.
type DB struct {
	dialect    dialect
	migrations fs.FS
	writer     *sql.DB
	reader     *sql.DB // the same as writer on PostgreSQL
}

// openTimeout limits opening and migrating.
const openTimeout = time.Minute

// operationTimeout limits every call, so that a database that stops answering
// leads to an error instead of a request without end.
const operationTimeout = 10 * time.Second

// Open opens a database and applies the migrations that it lacks. It creates
// the file of a SQLite database (mode 0600) and its directory (0700) if they
// are missing. It waits up to 15 s for a PostgreSQL server that is starting.
// Many processes may open one database at once. The errors are meant for the
// operator: they may name the path or the host, never a password.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	scheme, _, _ := strings.Cut(cfg.URL, ":")
	switch scheme {
	case "postgres", "postgresql":
		return openPostgres(ctx, cfg)
	case "sqlite":
		return openSQLite(ctx, cfg)
	default:
		return nil, errs.E(errs.Unsupported, "Database type for URL is not supported (currently only SQLite and PostgreSQL)")
	}
}

// Reader returns the pool for statements that only read. Callers limit their
// time with WithTimeout and pass errors through Error.
func (db *DB) Reader() *sql.DB { return db.reader }

// Ping returns nil if the database answers.
func (db *DB) Ping(ctx context.Context) error {
	ctx, cancel := WithTimeout(ctx)
	defer cancel()
	var one int
	if err := db.reader.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return Error(err)
	}
	return nil
}

// Close closes the database. Transactions in flight are rolled back.
func (db *DB) Close() error {
	if db.reader == db.writer {
		return db.writer.Close()
	}
	return errors.Join(db.reader.Close(), db.writer.Close())
}

// migrateOrCheck migrates a database that was just opened, or with MustExist
// only checks its schema. After an error the database is closed.
func (db *DB) migrateOrCheck(ctx context.Context, name string, cfg Config) (*DB, error) {
	migrate := db.migrate
	if cfg.MustExist {
		migrate = db.requireCurrent
	}
	if err := migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("metadata store %s: %w", name, err), db.Close())
	}
	return db, nil
}

// WithTimeout limits the time of one call to the database.
func WithTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, operationTimeout)
}
