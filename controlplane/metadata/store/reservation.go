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

// ReserveDatabase keeps the path of d for a database that is being made, until
// then: a row of the purge queue, claimed so long, so that a crash
// removes whatever there is of it. Conflict when the path is taken, NotFound
// when the owner is gone.
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

// reservationLost says that a reservation has ended.
func reservationLost() error {
	return errs.E(errs.Conflict, "Making the database took too long, and its name was given up; try again")
}

// RenewReservation keeps the path until then. Conflict when it was lost.
func (s *Store) RenewReservation(ctx context.Context, r meta.Reservation, until time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE purge_queue SET claimed_until = $1 WHERE id = $2 AND reservation = $3`,
			formatTime(until), r.ID, r.Token)
		return sqldb.RequireRow(res, err, reservationLost())
	})
}

// ReleaseReservation gives the path up: what there is of the database is now
// to be removed, until then by the caller, if the path was still theirs.
func (s *Store) ReleaseReservation(ctx context.Context, r meta.Reservation, until time.Time) (theirs bool, err error) {
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE purge_queue SET claimed_until = $1, reservation = NULL WHERE id = $2 AND reservation = $3`,
			formatTime(until), r.ID, r.Token)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		theirs = n > 0
		return err
	})
	return theirs && err == nil, err
}

// CreateReserved records a database whose path was reserved, and what it was
// copied from, unless that is zero. Conflict when the reservation was lost,
// NotFound when the owner is gone.
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
