package sqldb

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ayb-go/ayb/shared/errs"
)

// postgres lifts the time limits for a migration, and for the wait for the
// migration of another server. The number of the advisory lock is "ayb" in
// ASCII.
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

// Bounds on the connections of a server process. Six processes fit into the 100
// connections that PostgreSQL allows by default.
const (
	postgresConnections = 16
	postgresIdle        = 8
	postgresIdleTime    = 5 * time.Minute
	postgresLifetime    = time.Hour
	connectTimeout      = 5 * time.Second
)

// startTimeout is how long Open waits for a PostgreSQL server that is still
// starting. Both servers are often started at the same time.
const (
	startTimeout = 15 * time.Second
	startPause   = 200 * time.Millisecond
)

func openPostgres(ctx context.Context, where Config) (*DB, error) {
	cfg, err := pgx.ParseConfig(where.URL)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The database URL must look like postgresql://USER:PASSWORD@HOST:5432/NAME")
	}
	params := map[string]string{
		"application_name":                    "ayb",
		"statement_timeout":                   fmt.Sprint(operationTimeout.Milliseconds()),
		"lock_timeout":                        fmt.Sprint(operationTimeout.Milliseconds() / 2),
		"idle_in_transaction_session_timeout": fmt.Sprint(3 * operationTimeout.Milliseconds()),
	}
	maps.Copy(params, cfg.RuntimeParams) // those of the URL win
	cfg.RuntimeParams = params
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(postgresConnections)
	pool.SetMaxIdleConns(postgresIdle)
	pool.SetConnMaxIdleTime(postgresIdleTime)
	pool.SetConnMaxLifetime(postgresLifetime)
	db := &DB{dialect: postgres, migrations: where.Migrations, writer: pool, reader: pool}
	db.awaitStart(ctx)
	return db.migrateOrCheck(ctx, fmt.Sprintf("%s:%d/%s", cfg.Host, cfg.Port, cfg.Database), where)
}

// awaitStart waits until the server has started, or startTimeout has passed. It
// returns no error: the next statement fails with it.
func (db *DB) awaitStart(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for isStarting(db.Ping(ctx)) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(startPause):
		}
	}
}
