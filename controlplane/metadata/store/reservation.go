package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/errs"
)

// ReserveDatabase reserves the path of d, up to the time until, for a database that
// is being created. The reservation is a claimed row of the purge queue: after a
// crash its claim ends, and the files are removed. Conflict when the path is taken,
// NotFound when the owner does not exist.
func (s *Store) ReserveDatabase(ctx context.Context, d meta.Database, now, until time.Time) (meta.Reservation, error) {
	kind, err := encode(databaseTypes, d.Type)
	if err != nil {
		return meta.Reservation{}, sqldb.Error(err)
	}
	r := meta.Reservation{Token: rand.Text()}
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := s.lockEntity(ctx, tx, d.Owner, d.Path.Entity); err != nil {
			return err
		}
		var n int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM database WHERE entity_id = $1 AND slug = $2 AND deleted_at IS NULL`,
			d.Owner, d.Path.Database).Scan(&n)
		if err == nil && n > 0 {
			err = errs.E(errs.Conflict, "Database already exists")
		}
		if err == nil {
			err = requireFreePath(ctx, tx, d.Path)
		}
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `
			INSERT INTO purge_queue (entity_slug, database_slug, db_type, node_id, queued_at, claimed_until, reservation)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			d.Path.Entity, d.Path.Database, kind, d.Node, formatTime(now), formatTime(until), r.Token).Scan(&r.ID)
	})
	return r, err
}

// reservationLost is the error of a reservation that has ended.
func reservationLost() error {
	return errs.E(errs.Conflict, "Creating the database took too long, and its name was released; try again")
}

// RenewReservation moves the end of a reservation. Conflict when it was lost.
func (s *Store) RenewReservation(ctx context.Context, r meta.Reservation, until time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE purge_queue SET claimed_until = $1 WHERE id = $2 AND reservation = $3`,
			formatTime(until), r.ID, r.Token)
		return sqldb.RequireRow(res, err, reservationLost())
	})
}

// ReleaseReservation ends a reservation; the files at the path are now to be
// removed. It reports whether the reservation was still held. If so, the removal is
// claimed for the caller up to the time until.
func (s *Store) ReleaseReservation(ctx context.Context, r meta.Reservation, until time.Time) (held bool, err error) {
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE purge_queue SET claimed_until = $1, reservation = NULL WHERE id = $2 AND reservation = $3`,
			formatTime(until), r.ID, r.Token)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		held = n > 0
		return err
	})
	return held && err == nil, err
}

// CreateReserved records a database whose path was reserved, and its origin if
// from is not zero. Conflict when the reservation was lost, NotFound when the owner
// does not exist.
func (s *Store) CreateReserved(ctx context.Context, r meta.Reservation, d meta.Database, from meta.Origin) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := s.lockEntity(ctx, tx, d.Owner, d.Path.Entity); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM purge_queue WHERE id = $1 AND reservation = $2`, r.ID, r.Token)
		if err := sqldb.RequireRow(res, err, reservationLost()); err != nil {
			return err
		}
		return insertDatabase(ctx, tx, d, from)
	})
}
