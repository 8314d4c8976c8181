package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// accountLimits and databaseLimits are the columns of the tables account_limit and
// database_limit. The columns have the names of the limits.
func accountLimits() []limits.Limit { return limits.All() }

func databaseLimits() []limits.Limit {
	var out []limits.Limit
	for _, l := range limits.All() {
		if !l.AccountOnly() {
			out = append(out, l)
		}
	}
	return out
}

// columns lists the columns of limits in a table, each after a comma.
func columns(table string, of []limits.Limit) string {
	var b strings.Builder
	for _, l := range of {
		b.WriteString(", " + table + "." + l.String())
	}
	return b.String()
}

// databaseWithLimits selects a database with the limits set for it and its account. Its
// two %s are the columns of the limits. scanLimited reads the row.
const databaseWithLimits = `SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at, d.pending_operation%s%s
	FROM entity e JOIN database d ON d.entity_id = e.id
	LEFT JOIN account_limit a ON a.entity_id = e.id
	LEFT JOIN database_limit l ON l.database_id = d.id
	WHERE e.slug = $1 AND d.slug = $2 AND d.deleted_at IS NULL`

// selectDatabase returns databaseWithLimits with all columns.
func selectDatabase() string {
	return fmt.Sprintf(databaseWithLimits, columns("a", accountLimits()), columns("l", databaseLimits()))
}

// limitRow receives the columns of limits.
type limitRow struct {
	of []limits.Limit
	n  []sql.NullInt64
}

func newLimitRow(of []limits.Limit) limitRow { return limitRow{of, make([]sql.NullInt64, len(of))} }

func (r limitRow) dest() []any {
	out := make([]any, len(r.n))
	for i := range r.n {
		out[i] = &r.n[i]
	}
	return out
}

func (r limitRow) values() (v limits.Values) {
	for i, n := range r.n {
		if n.Valid {
			v.Set(r.of[i], n.Int64)
		}
	}
	return v
}

// scanLimited reads a database with its limits.
func scanLimited(row scanner) (meta.Database, error) {
	account, database := newLimitRow(accountLimits()), newLimitRow(databaseLimits())
	var pending sql.NullInt64
	d, err := scanDatabase(row, slices.Concat([]any{&pending}, account.dest(), database.dest())...)
	d.Pending = pending.Valid
	if own := (limits.Overrides{Account: account.values(), Database: database.values()}); err == nil && own != (limits.Overrides{}) {
		d.Limits = &own
	}
	return d, err
}

// AccountLimits returns the limits that the operator has set for an account. They
// are empty when the account does not exist.
func (s *Store) AccountLimits(ctx context.Context, id meta.EntityID) (limits.Values, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	row := newLimitRow(accountLimits())
	err := s.db.Reader().QueryRowContext(ctx, `SELECT a.entity_id`+columns("a", row.of)+` FROM account_limit a WHERE a.entity_id = $1`, id).
		Scan(append([]any{new(int64)}, row.dest()...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return limits.Values{}, nil
	}
	return row.values(), sqldb.Error(err)
}

// ChangeAccountLimits sets limits of an account and removes those whose value is
// nil, all in one transaction. NotFound when the account does not exist.
func (s *Store) ChangeAccountLimits(ctx context.Context, id meta.EntityID, to map[limits.Limit]*int64) error {
	return s.changeLimits(ctx, "account_limit", "entity", int64(id), to)
}

// ChangeDatabaseLimits is ChangeAccountLimits for a database. Invalid for a limit
// that only accounts have.
func (s *Store) ChangeDatabaseLimits(ctx context.Context, id meta.DatabaseID, to map[limits.Limit]*int64) error {
	for l := range to {
		if l.AccountOnly() {
			return errs.E(errs.Invalid, "The limit %s can be set for accounts only", l)
		}
	}
	return s.changeLimits(ctx, "database_limit", "database", int64(id), to)
}

func (s *Store) changeLimits(ctx context.Context, table, of string, id int64, to map[limits.Limit]*int64) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		for l, value := range to {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`
				INSERT INTO %[1]s (%[2]s_id, %[3]s) VALUES ($1, $2)
				ON CONFLICT (%[2]s_id) DO UPDATE SET %[3]s = excluded.%[3]s`, table, of, l), id, value)
			if sqldb.IsReferenceError(err) {
				return errs.RecordNotFound(of, fmt.Sprint(id))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ListLimits returns the accounts, then the databases, with limits of their own,
// ordered by name.
func (s *Store) ListLimits(ctx context.Context) ([]meta.LimitsRecord, error) {
	accounts, err := s.queryLimits(ctx, accountLimits(), `SELECT e.slug, ''%s
		FROM account_limit t JOIN entity e ON e.id = t.entity_id ORDER BY e.slug`)
	if err != nil {
		return nil, err
	}
	databases, err := s.queryLimits(ctx, databaseLimits(), `SELECT e.slug, d.slug%s
		FROM database_limit t JOIN database d ON d.id = t.database_id JOIN entity e ON e.id = d.entity_id
		WHERE d.deleted_at IS NULL ORDER BY e.slug, d.slug`)
	return append(accounts, databases...), err
}

func (s *Store) queryLimits(ctx context.Context, of []limits.Limit, query string) ([]meta.LimitsRecord, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, fmt.Sprintf(query, columns("t", of)))
	if err != nil {
		return nil, sqldb.Error(err)
	}
	defer rows.Close()
	var out []meta.LimitsRecord
	for rows.Next() {
		var entity, database string
		row := newLimitRow(of)
		if err := rows.Scan(append([]any{&entity, &database}, row.dest()...)...); err != nil {
			return nil, sqldb.Error(err)
		}
		if v := row.values(); v != (limits.Values{}) {
			out = append(out, meta.LimitsRecord{Entity: ayb.EntitySlug(entity), Database: ayb.DatabaseSlug(database), Values: v})
		}
	}
	return out, sqldb.Error(rows.Err())
}
