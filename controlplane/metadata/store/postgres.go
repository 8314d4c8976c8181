package store

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ayb-go/ayb/shared/errs"
)

// The advisory lock's number is "ayb" and has no other meaning. Our own limits
// of time do not hold for a migration or for the wait for another one.
var postgres = dialect{
	suffix: ".postgres.sql",
	columns: `SELECT column_name::TEXT FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1`,
	rowLocks: true,
	exclusive: []string{
		`SET LOCAL statement_timeout = 0`,
		`SET LOCAL lock_timeout = 0`,
		`SET LOCAL idle_in_transaction_session_timeout = 0`,
		`SELECT pg_advisory_xact_lock(6388066)`,
	},
}

// What a server process takes of PostgreSQL: six of them fit into the hundred
// connections a server allows by default.
const (
	postgresConnections = 16
	postgresIdle        = 8
	postgresIdleTime    = 5 * time.Minute
	postgresLifetime    = time.Hour
	connectTimeout      = 5 * time.Second
)

// startTimeout is how long Open waits for a server that is not there yet:
// the two are often started together.
const (
	startTimeout = 15 * time.Second
	startPause   = 200 * time.Millisecond
)

func openPostgres(ctx context.Context, where Config) (*Store, error) {
	cfg, err := pgx.ParseConfig(where.URL)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The database URL must look like postgresql://USER:PASSWORD@HOST:5432/NAME")
	}
	limits := map[string]string{
		"application_name":                    "ayb",
		"statement_timeout":                   fmt.Sprint(operationTimeout.Milliseconds()),
		"lock_timeout":                        fmt.Sprint(operationTimeout.Milliseconds() / 2),
		"idle_in_transaction_session_timeout": fmt.Sprint(3 * operationTimeout.Milliseconds()),
	}
	maps.Copy(limits, cfg.RuntimeParams) // the URL may say otherwise
	cfg.RuntimeParams = limits
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresIdle)
	db.SetConnMaxIdleTime(postgresIdleTime)
	db.SetConnMaxLifetime(postgresLifetime)
	s := &Store{dialect: postgres, writer: db, reader: db}
	s.awaitStart(ctx)
	return s.migrateOrCheck(ctx, fmt.Sprintf("%s:%d/%s", cfg.Host, cfg.Port, cfg.Database), where)
}

// awaitStart waits until the server answers in any way but "not now". Whether
// it answers well is for the next statement to see.
func (s *Store) awaitStart(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for isStarting(s.Ping(ctx)) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(startPause):
		}
	}
}
