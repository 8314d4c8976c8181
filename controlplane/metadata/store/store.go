// Package store keeps the metadata of the control plane in a SQL database:
// accounts and their addresses, API tokens and authorization codes, databases,
// their nodes and who may use them. It owns the schema and every SQL statement
// on it. Package sqldb below it opens the database and runs the transactions.
//
// The package decides no permission, knows no HTTP and no bus, and never opens a
// database of a customer. It is one package, with one file per noun, because
// its transactions cross the nouns: the deletion of an account changes ten
// tables at once.
//
// Every method may return Unavailable (the database cannot be reached, is too
// busy or did not answer in time; the next call may succeed), Canceled,
// DiskFull or Internal. Comments name only other errors. A write that returned
// Unavailable may have happened, if its commit was under way.
package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Config says where the metadata is.
type Config struct {
	// URL is sqlite://relative/path, sqlite:///absolute/path or
	// postgresql://USER:PASSWORD@HOST:PORT/NAME with the parameters of libpq.
	URL string
	// MustExist refuses a store that is missing or that another version of the
	// schema wrote. Otherwise Open creates and migrates it. Programs beside the
	// server set it.
	MustExist bool
	// TokensPerAccount limits the valid tokens of an account without a limit of
	// its own. Zero is no limit.
	TokensPerAccount int64
}

// Store is an open metadata store. Its methods may be called concurrently. A
// call that starts after another one has written sees what was written.
type Store struct {
	db *sqldb.DB
	// tokens is Config.TokensPerAccount.
	tokens int64
}

// Open opens the metadata store and migrates it to the present schema; see
// sqldb.Open for files, waiting and errors.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("could not find the migrations: %w", err)
	}
	db, err := sqldb.Open(ctx, sqldb.Config{URL: cfg.URL, Migrations: migrations, MustExist: cfg.MustExist})
	if err != nil {
		return nil, err
	}
	return &Store{db: db, tokens: cfg.TokensPerAccount}, nil
}

// Ping returns nil if the store answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close closes the store. Transactions in flight are rolled back.
func (s *Store) Close() error { return s.db.Close() }
