package store

import (
	"bufio"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// dialect is what differs between the databases a store can live in.
type dialect struct {
	// suffix picks the migration files.
	suffix string
	// columns lists the columns of the table given as $1, none if there is no
	// such table.
	columns string
	// exclusive are statements that begin the transaction of a migration and keep
	// other servers from migrating until it ends. On SQLite BEGIN IMMEDIATE,
	// with which every write begins, does that.
	exclusive []string
	// rowLocks: rows that are read can be taken, and have to be, because a
	// transaction does not keep all others from writing.
	rowLocks bool
}

// rowLock is what a SELECT ends with that takes its rows of a table.
func (d dialect) rowLock(table string) string {
	if !d.rowLocks {
		return ""
	}
	return " FOR UPDATE OF " + table
}

type migration struct {
	version int
	name    string
	text    string
}

// migrations lists the migrations of a dialect in order.
func (d dialect) migrations() ([]migration, error) {
	paths, err := fs.Glob(migrationFiles, "migrations/*"+d.suffix)
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var all []migration
	for _, p := range paths {
		name := strings.TrimSuffix(strings.TrimPrefix(p, "migrations/"), d.suffix)
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", p, err)
		}
		text, err := migrationFiles.ReadFile(p)
		if err != nil {
			return nil, fmt.Errorf("read migration %s: %w", p, err)
		}
		all = append(all, migration{version, name, string(text)})
	}
	slices.SortFunc(all, func(a, b migration) int { return a.version - b.version })
	return all, nil
}

// migrate brings the schema up to date: forward only, each migration in a
// transaction of its own and recorded in it. Many servers may start at once.
func (s *Store) migrate(ctx context.Context) error {
	all, err := s.dialect.migrations()
	if err != nil {
		return err
	}
	err = s.migrateExclusive(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			CREATE TABLE IF NOT EXISTS ayb_migration (
				version    INTEGER PRIMARY KEY NOT NULL,
				name       VARCHAR NOT NULL,
				applied_at TIMESTAMP NOT NULL
			)`)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := s.migrateExclusive(ctx, func(tx *sql.Tx) error { return s.dialect.apply(ctx, tx, m) }); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return s.refuseNewer(ctx, all[len(all)-1].version)
}

// migrateExclusive runs f in a transaction during which no other server migrates.
// Only ctx limits its time: a big table takes as long as it takes.
func (s *Store) migrateExclusive(ctx context.Context, f func(tx *sql.Tx) error) error {
	return s.runOnce(ctx, func(tx *sql.Tx) error {
		for _, stmt := range s.dialect.exclusive {
			if _, err := tx.ExecContext(ctx, stmt); err != nil {
				return err
			}
		}
		return f(tx)
	})
}

// requireCurrent refuses a schema that is not the one this version writes.
func (s *Store) requireCurrent(ctx context.Context) error {
	all, err := s.dialect.migrations()
	if err != nil {
		return err
	}
	known := all[len(all)-1].version
	err = s.refuseNewer(ctx, known)
	if errs.Is(err, errs.Internal) {
		return errs.Wrap(errs.Unsupported, err, "The metadata store was not made by this server; start it first")
	}
	if err != nil {
		return err
	}
	var latest int
	if err := s.writer.QueryRowContext(ctx, `SELECT max(version) FROM ayb_migration`).Scan(&latest); err != nil {
		return driverError(err)
	}
	if latest < known {
		return errs.E(errs.Unsupported, "The metadata store was written by an older version (schema %d, this version writes %d); start the server of this version first", latest, known)
	}
	return nil
}

// refuseNewer stops an old server from writing to a store that a newer one
// has changed.
func (s *Store) refuseNewer(ctx context.Context, known int) error {
	var latest int
	err := s.writer.QueryRowContext(ctx, `SELECT max(version) FROM ayb_migration`).Scan(&latest)
	if err != nil {
		return driverError(err)
	}
	if latest > known {
		return errs.E(errs.Unsupported, "The metadata store was written by a newer version (schema %d, this version knows %d); use that version", latest, known)
	}
	return nil
}

func (d dialect) apply(ctx context.Context, tx *sql.Tx, m migration) error {
	var done int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM ayb_migration WHERE version = $1`, m.version).Scan(&done)
	if err != nil || done > 0 {
		return err
	}
	for _, stmt := range splitStatements(m.text) {
		if column, ok := strings.CutPrefix(stmt, addColumn); ok {
			err = d.addColumn(ctx, tx, column)
		} else {
			_, err = tx.ExecContext(ctx, stmt)
		}
		if err != nil {
			return fmt.Errorf("%.60q: %w", stmt, err)
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO ayb_migration (version, name, applied_at) VALUES ($1, $2, $3)`,
		m.version, m.name, formatTime(time.Now()))
	return err
}

// addColumn begins a line of a migration that adds a column unless the table
// has it; neither dialect's SQL can say that for every table we take over.
const addColumn = "-- add-column: "

// splitStatements splits a migration at semicolons that end a line, dropping
// comments. Add-column lines are statements of their own.
func splitStatements(text string) []string {
	var out []string
	var current strings.Builder
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, addColumn):
			out = append(out, line)
			continue
		case strings.HasPrefix(line, "--"), strings.TrimSpace(line) == "":
			continue
		}
		current.WriteString(line + "\n")
		if strings.HasSuffix(line, ";") {
			out = append(out, current.String())
			current.Reset()
		}
	}
	return out
}

// addColumn takes "table column type…".
func (d dialect) addColumn(ctx context.Context, tx *sql.Tx, spec string) error {
	table, rest, _ := strings.Cut(spec, " ")
	column, _, _ := strings.Cut(rest, " ")
	rows, err := tx.QueryContext(ctx, d.columns, table)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		if name == column {
			return rows.Err()
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "ALTER TABLE "+table+" ADD COLUMN "+rest)
	return err
}
