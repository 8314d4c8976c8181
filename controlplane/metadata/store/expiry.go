package store

import (
	"context"
	"database/sql"
	"time"
)

// Ended records are kept for some time: a used authorization code, so that a
// second use is noticed, and a token, so that its owner learns why it is refused.
const (
	keepCodes  = 24 * time.Hour
	keepTokens = 30 * 24 * time.Hour
)

// DeleteExpired deletes authorization codes a day after their end, tokens thirty
// days after their end, and spent log-in tokens at their end. It returns the
// number of deleted records. Several servers may call it at the same time.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) (int64, error) {
	old := formatTime(now.Add(-keepTokens))
	var total int64
	for _, q := range []struct {
		stmt  string
		bound string
	}{
		{`DELETE FROM spent_login_token WHERE expires_at < $1`, formatTime(now)},
		{`DELETE FROM oauth_authorization_request WHERE expires_at < $1`, formatTime(now.Add(-keepCodes))},
		{`DELETE FROM api_token WHERE revoked_at < $1 OR expires_at < $1`, old},
	} {
		var n int64
		err := s.db.Transact(ctx, func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, q.stmt, q.bound)
			if err == nil {
				n, err = res.RowsAffected()
			}
			return err
		})
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}
