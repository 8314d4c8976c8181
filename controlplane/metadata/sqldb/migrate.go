package sqldb

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// dialect holds what differs between SQLite and PostgreSQL.
type dialect struct {
	// suffix is the end of the names of the migration files.
	suffix string
	// columns is a query for the columns of the table $1. It has no rows for a
	// missing table.
	columns string
	// exclusive are statements at the start of the transaction of a migration.
	// They stop other servers from migrating until it ends. SQLite needs none:
	// each of its write transactions begins with BEGIN IMMEDIATE.
	exclusive []string
	// rowLocks says that transactions write at the same time, so that a row that
	// was read has to be locked against changes.
	rowLocks bool
}

type migration struct {
	version int
	name    string
	text    string
}

// listMigrations returns the migrations of the dialect in order.
func (db *DB) listMigrations() ([]migration, error) {
	suffix := db.dialect.suffix
	paths, err := fs.Glob(db.migrations, "*"+suffix)
	if err != nil {
		return nil, fmt.Errorf("could not list the migrations: %w", err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("there is no migration *%s", suffix)
	}
	var all []migration
	for _, p := range paths {
		name := strings.TrimSuffix(p, suffix)
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", p, err)
		}
		text, err := fs.ReadFile(db.migrations, p)
		if err != nil {
			return nil, fmt.Errorf("could not read migration %s: %w", p, err)
		}
		all = append(all, migration{version, name, string(text)})
	}
	slices.SortFunc(all, func(a, b migration) int { return a.version - b.version })
	return all, nil
}

// migrate applies the migrations that are not recorded yet. Each one is applied
// and recorded in a transaction of its own. There is no way back to an older
// schema. Many servers may start at once.
func (db *DB) migrate(ctx context.Context) error {
	all, err := db.listMigrations()
	if err != nil {
		return err
	}
	err = db.migrateExclusive(ctx, func(tx *sql.Tx) error {
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
		if err := db.migrateExclusive(ctx, func(tx *sql.Tx) error { return db.dialect.apply(ctx, tx, m) }); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return db.refuseNewer(ctx, all[len(all)-1].version)
}

// migrateExclusive runs f in a transaction during which no other server
// migrates. Only ctx limits its time, because a big table takes long.
func (db *DB) migrateExclusive(ctx context.Context, f func(tx *sql.Tx) error) error {
	return db.transactOnce(ctx, func(tx *sql.Tx) error {
		for _, stmt := range db.dialect.exclusive {
			if _, err := tx.ExecContext(ctx, stmt); err != nil {
				return err
			}
		}
		return f(tx)
	})
}

// requireCurrent returns Unsupported unless the schema is the one that this
// version writes.
func (db *DB) requireCurrent(ctx context.Context) error {
	all, err := db.listMigrations()
	if err != nil {
		return err
	}
	known := all[len(all)-1].version
	err = db.refuseNewer(ctx, known)
	if errs.Is(err, errs.Internal) {
		return errs.Wrap(errs.Unsupported, err, "The metadata store has no schema of ayb; start the server first, which makes one")
	}
	if err != nil {
		return err
	}
	var latest int
	if err := db.writer.QueryRowContext(ctx, `SELECT max(version) FROM ayb_migration`).Scan(&latest); err != nil {
		return Error(err)
	}
	if latest < known {
		return errs.E(errs.Unsupported, "The metadata store was written by an older version (schema %d, this version writes %d); start the server of this version first", latest, known)
	}
	return nil
}

// refuseNewer returns Unsupported if a newer version has migrated the schema.
// An older server must not write to it.
func (db *DB) refuseNewer(ctx context.Context, known int) error {
	var latest int
	err := db.writer.QueryRowContext(ctx, `SELECT max(version) FROM ayb_migration`).Scan(&latest)
	if err != nil {
		return Error(err)
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
		m.version, m.name, time.Now().UTC().Format("2006-01-02 15:04:05.000000"))
	return err
}

// addColumn is the start of a line of a migration that adds a column if the
// table lacks it. SQLite has no SQL for that.
const addColumn = "-- add-column: "

// splitStatements splits a migration after each line that ends with a semicolon
// and drops comments. An add-column line is a statement by itself.
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

// addColumn carries out an add-column line; spec is "table column type…".
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
