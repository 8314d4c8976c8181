// Package store keeps the metadata of the control plane in a SQL database:
// entities and their addresses, API tokens and authorization codes, databases,
// where they live and who may use them. It owns the schema, its migrations,
// every SQL statement on it, and the translation of driver errors to codes of
// shared/errs.
//
// It decides no permission, knows nothing of HTTP or of the bus, and never
// opens a database of a tenant. The statements are the same on SQLite and on
// PostgreSQL: they use $1…$n in order of first use, which both understand
// alike, and transactions are written so that READ COMMITTED is enough.
//
// Every method may fail with Unavailable (the database cannot be reached, is
// too busy or did not answer in time; the next call may succeed), Canceled, or
// Internal; the comments name only the other errors. A write that failed with
// Unavailable while it was committed may have happened.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// Config says where the metadata is.
type Config struct {
	// URL is sqlite://relative/path, sqlite:///absolute/path or
	// postgresql://USER:PASSWORD@HOST:PORT/NAME with the parameters of libpq.
	URL string
	// MustExist refuses a store that is not there or has another schema than
	// this version's, rather than make or change it: for programs beside the
	// server.
	MustExist bool
	// TokensPerAccount is how many tokens that hold an account may have for
	// which the operator has set no other number; 0 is no limit.
	TokensPerAccount int64
}

// Store is an open metadata store. Its methods may be called concurrently;
// what one has written, the next one started afterwards sees.
type Store struct {
	dialect dialect
	writer  *sql.DB
	reader  *sql.DB // the same as writer on PostgreSQL
	// tokens is Config.TokensPerAccount.
	tokens int64
}

// openTimeout limits opening and migrating.
const openTimeout = time.Minute

// operationTimeout limits every call, so that a database that has become
// silent is an error and not a request that hangs.
const operationTimeout = 10 * time.Second

// Open opens the metadata store and brings the schema up to date. Of a SQLite
// store it creates the file (mode 0600) and its directory (0700) when they are
// missing; for a PostgreSQL server that is starting it waits some seconds.
// Many processes may open one store at once. Its errors are for the operator:
// they may name the path or the host, never a password.
func Open(ctx context.Context, cfg Config) (*Store, error) {
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

// Ping tells whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var one int
	if err := s.reader.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return driverError(err)
	}
	return nil
}

// Close closes the store. Transactions in flight are rolled back.
func (s *Store) Close() error {
	if s.reader == s.writer {
		return s.writer.Close()
	}
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// migrateOrCheck brings the schema of a store just opened up to date, or only looks
// at it, or closes it.
func (s *Store) migrateOrCheck(ctx context.Context, name string, cfg Config) (*Store, error) {
	migrate := s.migrate
	if cfg.MustExist {
		migrate = s.requireCurrent
	}
	s.tokens = cfg.TokensPerAccount
	if err := migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("metadata store %s: %w", name, err), s.Close())
	}
	return s, nil
}

func withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, operationTimeout)
}
