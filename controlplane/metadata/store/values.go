package store

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Numbers and texts of the schema. They are fixed: stores written by the
// reference implementation hold them.
const (
	methodEmail    = 0
	statusVerified = 0
)

var (
	entityTypes   = []ayb.EntityType{ayb.User, ayb.Organization}
	databaseTypes = []ayb.DatabaseType{ayb.SQLite, ayb.DuckDB}
	publicLevels  = []ayb.PublicLevel{ayb.PublicNone, ayb.PublicFork, ayb.PublicReadOnly}
	sharingLevels = []ayb.SharingLevel{ayb.ShareNone, ayb.ShareReadOnly, ayb.ShareReadWrite, ayb.ShareManager}
	queryLevels   = []ayb.QueryLevel{ayb.QueryReadOnly, ayb.QueryReadWrite}
)

// encode gives the stored number of a value.
func encode[T comparable](known []T, v T) (int, error) {
	for i, k := range known {
		if k == v {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no number for %v", v)
}

// decode is the inverse of number.
func decode[T any](known []T, n int64) (T, error) {
	if n < 0 || n >= int64(len(known)) {
		var zero T
		return zero, fmt.Errorf("no %T with number %d", zero, n)
	}
	return known[n], nil
}

// timeLayout is how times are written: UTC, always six digits, so that the
// order of the texts is the order of the times.
const timeLayout = "2006-01-02 15:04:05.000000"

func formatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// readTime reads a nullable time. The driver turns columns declared TIMESTAMP
// into times by itself, whatever text an older store holds.
func readTime(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// nullTime writes a time that may be unset.
func nullTime(t time.Time) sql.NullString {
	if t.IsZero() {
		return sql.NullString{}
	}
	return sql.NullString{String: formatTime(t), Valid: true}
}

// nullText writes a text whose being empty is its absence.
func nullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// nullSeconds writes a duration that may be unset.
func nullSeconds(d time.Duration) sql.NullInt64 {
	return sql.NullInt64{Int64: int64(d / time.Second), Valid: d != 0}
}

func optionalText(s sql.NullString) *string {
	if !s.Valid {
		return nil
	}
	return &s.String
}

// parseHash reads the hexadecimal hash of a token.
func parseHash(s string) (h [32]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("the stored hash of a token is not 32 bytes of hexadecimal")
	}
	return [32]byte(b), nil
}

// storedLink is a profile link in the schema.
type storedLink struct {
	URL      string `json:"url"`
	Verified bool   `json:"verified"`
}

// readLinks reads the JSON list of profile links.
func readLinks(s sql.NullString) ([]meta.Link, error) {
	if !s.Valid || s.String == "" {
		return nil, nil
	}
	var stored []storedLink
	if err := json.Unmarshal([]byte(s.String), &stored); err != nil {
		return nil, fmt.Errorf("the stored links of a profile: %w", err)
	}
	out := make([]meta.Link, len(stored))
	for i, l := range stored {
		out[i] = meta.Link(l)
	}
	return out, nil
}

// writeLinks is the inverse of links.
func writeLinks(list []meta.Link) (sql.NullString, error) {
	if len(list) == 0 {
		return sql.NullString{}, nil
	}
	stored := make([]storedLink, len(list))
	for i, l := range list {
		stored[i] = storedLink(l)
	}
	b, err := json.Marshal(stored)
	return sql.NullString{String: string(b), Valid: true}, err
}
